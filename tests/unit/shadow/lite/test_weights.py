from __future__ import annotations

import pytest

from lite_scripts import migration
from migsafe.model.finding import Severity
from migsafe.shadow.lite.round_trip import LiteProver
from migsafe.shadow.lite.weights import weighed
from migsafe.shadow.verdicts import verdict

BEFORE = "create table t (id integer primary key, a text, b text not null default 'x')"
COPY = "CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT);"


def severities(up: str) -> list[Severity]:
    of = migration(up, "SELECT 1;")
    with LiteProver(setup=BEFORE) as prover:
        trip = prover.prove(of).trip
    return [one.severity for one in weighed(verdict(of, trip), trip) if one.rule == "migration-fails"]


@pytest.mark.parametrize(
    ("up", "severity"),
    [
        ("ALTER TABLE t ADD COLUMN c TEXT NOT NULL;", Severity.WARNING),
        ("ALTER TABLE t ADD COLUMN c TEXT DEFAULT CURRENT_TIMESTAMP;", Severity.WARNING),
        (f"{COPY} INSERT INTO n (id, b) SELECT id, b FROM t;", Severity.WARNING),
        (f"{COPY} INSERT INTO n (id, a) SELECT id, a FROM t;", Severity.INFO),
        (f"{COPY} INSERT INTO n SELECT * FROM t;", Severity.INFO),
        ("CREATE UNIQUE INDEX i ON t (id / 100);", Severity.INFO),
        ("DROP TABLE u;", Severity.ERROR),
    ],
)
def test_what_any_row_does_weighs_more_than_what_depends_on_its_values(up: str, severity: Severity) -> None:
    assert severities(up) == [severity]


@pytest.mark.parametrize(
    "up", ["ALTER TABLE t ADD COLUMN c TEXT NOT NULL DEFAULT '';", "ALTER TABLE t ADD COLUMN c TEXT;"]
)
def test_what_rows_do_not_hinder(up: str) -> None:
    assert severities(up) == []
