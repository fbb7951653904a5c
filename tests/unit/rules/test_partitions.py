"""Partitions: what is not known of them, and what cannot be proved."""

from __future__ import annotations

import pytest

from migsafe.model.finding import Severity
from rule_answers import answers

EVENTS = "CREATE TABLE events (id bigint, day date NOT NULL) PARTITION BY RANGE (day);"
ATTACH = "ALTER TABLE events ATTACH PARTITION events_a FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"


def test_nothing_is_proved_of_a_table_that_migsafe_has_not_seen() -> None:
    assert answers("attach-partition-scan", ATTACH)
    assert answers("attach-partition-builds-index", ATTACH, before=[f"{EVENTS} CREATE INDEX i ON events (id);"]) == []


def test_a_hash_partition_is_always_scanned() -> None:
    before = (
        "CREATE TABLE h (id int NOT NULL) PARTITION BY HASH (id); CREATE TABLE h0 (id int NOT NULL, CHECK (id > 0));"
    )
    sql = "ALTER TABLE h ATTACH PARTITION h0 FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
    assert answers("attach-partition-scan", sql, before=[before])


def test_a_default_partition_that_is_attached_is_scanned() -> None:
    before = f"{EVENTS} CREATE TABLE rest (id bigint, day date NOT NULL);"
    (finding,) = answers("attach-partition-scan", "ALTER TABLE events ATTACH PARTITION rest DEFAULT;", before=[before])
    assert finding.objects == ("events", "rest")


def test_a_check_on_another_column_proves_nothing() -> None:
    bound = "CHECK (other >= '2025-01-01' AND other < '2026-01-01')"
    child = f"CREATE TABLE events_a (id bigint, day date NOT NULL, other date NOT NULL, {bound});"
    assert answers("attach-partition-scan", ATTACH, before=[EVENTS, child])


@pytest.mark.parametrize(
    ("own", "served"),
    [
        ("CREATE INDEX a ON events_a (id);", True),
        ("CREATE INDEX a ON events_a (id DESC);", False),
        ("CREATE UNIQUE INDEX a ON events_a (id);", False),
        ("CREATE INDEX a ON events_a USING hash (id);", False),
        ("CREATE INDEX a ON events_a (id) WHERE id > 5;", False),
        ("CREATE INDEX a ON events_a (id, day);", False),
    ],
)
def test_only_the_same_index_serves(own: str, served: bool) -> None:
    before = f"{EVENTS} CREATE INDEX i ON events (id); CREATE TABLE events_a (id bigint, day date NOT NULL);"
    assert bool(answers("attach-partition-builds-index", ATTACH, before=[before, own])) is not served


def test_an_index_does_not_serve_a_primary_key() -> None:
    before = """
        CREATE TABLE events (id bigint, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
        CREATE TABLE events_a (id bigint NOT NULL, day date NOT NULL);
        CREATE UNIQUE INDEX a ON events_a (id, day);
    """
    assert answers("attach-partition-builds-index", ATTACH, before=[before])


def test_an_unknown_parent_may_have_a_default_partition() -> None:
    sql = "CREATE TABLE events_a PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"
    (finding,) = answers("create-partition-with-default", sql)
    assert finding.severity is Severity.WARNING


def test_detaching_concurrently_fails_beside_a_default_partition() -> None:
    before = f"{EVENTS} CREATE TABLE rest PARTITION OF events DEFAULT; CREATE TABLE events_a PARTITION OF events " + (
        "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"
    )
    sql = "ALTER TABLE events DETACH PARTITION events_a CONCURRENTLY;"
    (finding,) = answers("detach-partition-blocking", sql, before=[before], transaction=False)
    assert finding.severity is Severity.ERROR
    assert "rest" in finding.message


def test_before_14_nothing_can_be_detached_concurrently() -> None:
    sql = "ALTER TABLE events DETACH PARTITION events_a;"
    assert "CONCURRENTLY" not in answers("detach-partition-blocking", sql, server=13)[0].instead
    assert "CONCURRENTLY" in answers("detach-partition-blocking", sql, server=14)[0].instead


@pytest.mark.parametrize(
    "then",
    [
        "CREATE EXTENSION pg_partman;",
        "DO $$ BEGIN EXECUTE format('CREATE TABLE %I PARTITION OF events DEFAULT', 'x'); END $$;",
        "DROP TABLE events;",
    ],
)
def test_something_else_may_make_the_partitions(then: str) -> None:
    assert len(answers("future-partition-missing", EVENTS)) == 1
    assert answers("future-partition-missing", f"{EVENTS} {then}") == []
