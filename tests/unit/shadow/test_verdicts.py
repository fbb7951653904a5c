from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Finding, Severity
from migsafe.model.script import Direction, Position, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.rules.proofs import CHECKS
from migsafe.shadow.irreversible import Marker
from migsafe.shadow.migration import Failure, ShadowMigration
from migsafe.shadow.round_trip import Attempt, RoundTrip
from migsafe.shadow.seeding import Seeding
from migsafe.shadow.snapshot import Difference, ObjectKey
from migsafe.shadow.verdicts import unproved, verdict

LOST_INDEX = Difference("removed", ObjectKey("index", "public.i"), before={"table": "public.t", "definition": "x"})
LOST_COLUMN = Difference("removed", ObjectKey("column", "public.t", "c"), before={"type": "text"})
FINE = Attempt(complete=True)


def script(text: str, direction: Direction) -> Script:
    name = f"{direction}.sql"
    return Script(direction, text, SourceText(name, text), TransactionRule.TOOL, Dialect.POSTGRES)


def migration(up: str = "DROP INDEX i;", down: str | None = "SELECT 1;") -> ShadowMigration:
    return ShadowMigration(
        "m1",
        "m1",
        read_script(script(up, Direction.UP)),
        None if down is None else read_script(script(down, Direction.DOWN)),
    )


def failure(of: ShadowMigration, direction: Direction, sqlstate: str = "42704") -> Failure:
    read = of.up if direction is Direction.UP else of.down
    assert read is not None
    return Failure(read.script, read.statements[-1], sqlstate, "it says no")


def judged(
    of: ShadowMigration,
    clean: Attempt,
    filled: Attempt | None = None,
    marker: Marker | None = None,
    *,
    keeps_ways_back: bool = True,
) -> list[Finding]:
    trip = RoundTrip(clean, filled or clean, Seeding())
    return list(verdict(of, trip, marker, keeps_ways_back=keeps_ways_back))


def short(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.rule, str(finding.severity), finding.message) for finding in findings]


def test_an_exact_way_back_says_nothing() -> None:
    assert judged(migration(), FINE) == []


def test_a_loss_stands_on_the_statement_that_is_nearest_to_it() -> None:
    of = migration(down="SELECT 1;\nDROP TABLE other;\nALTER TABLE t ADD COLUMN a int;")
    (finding,) = judged(of, Attempt(complete=True, lost=(LOST_INDEX,)))
    assert finding.message == "the way back of m1 does not bring back the index i on t"
    assert (finding.path, finding.start, finding.direction) == ("down.sql", Position(3, 1), Direction.DOWN)
    assert (finding.operation, finding.objects) == ("lost-index", ("i",))


def test_what_the_next_way_up_does_not_repair_is_said() -> None:
    repaired = judged(migration(), Attempt(complete=True, lost=(LOST_INDEX,)))
    for_good = judged(migration(), Attempt(complete=True, lost=(LOST_INDEX,), lost_for_good=(LOST_INDEX,)))
    assert "again does not bring it back" not in repaired[0].why
    assert "again does not bring it back" in for_good[0].why


@pytest.mark.parametrize(("down", "how"), [(None, "no way back"), ("-- nothing\n", "an empty way back")])
def test_no_way_back(down: str | None, how: str) -> None:
    of = migration(down=down)
    attempt = Attempt(complete=True, lost=(LOST_INDEX, LOST_COLUMN))
    assert short(judged(of, attempt)) == [("no-way-back", "warning", f"m1 has {how}, and changes t.c and i")]
    assert judged(of, attempt, keeps_ways_back=False) == []
    assert judged(of, FINE) == [], "a migration of rows alone needs none"


@pytest.mark.parametrize(
    "attempt",
    [
        Attempt(complete=True, lost=(LOST_INDEX,)),
        Attempt(down=failure(migration(), Direction.DOWN)),
        Attempt(complete=True, second_up=failure(migration(), Direction.UP)),
    ],
)
def test_the_marker_silences_the_way_back_and_needs_a_reason(attempt: Attempt) -> None:
    assert judged(migration(), attempt, marker=Marker("on purpose")) == []
    (finding,) = judged(migration(), attempt, marker=Marker(None))
    assert 'no reason="…"' in finding.instead


def test_the_marker_does_not_silence_a_failing_way_up() -> None:
    attempt = Attempt(up=failure(migration(), Direction.UP))
    (finding,) = judged(migration(), attempt, marker=Marker("on purpose"))
    assert (finding.rule, finding.severity) == ("migration-fails", Severity.ERROR)


@pytest.mark.parametrize(
    ("up", "sqlstate", "severity"),
    [
        ("ALTER TABLE t ADD COLUMN a int NOT NULL", "23502", "warning"),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", "23502", "info"),
        ("ALTER TABLE t ALTER COLUMN a TYPE varchar(3)", "22001", "warning"),
        ("ALTER TABLE t ADD UNIQUE (a)", "23505", "info"),
        ("ALTER TABLE t ALTER COLUMN a TYPE int USING a::int", "22P02", "info"),
    ],
)
def test_a_failure_on_generated_rows_says_so_and_weighs_less(up: str, sqlstate: str, severity: str) -> None:
    of = migration(up=up)
    found = judged(of, FINE, Attempt(up=failure(of, Direction.UP, sqlstate)))
    assert short(found) == [("migration-fails", severity, f"m1 fails on tables with rows: it says no ({sqlstate})")]


def test_a_failure_without_rows_is_not_also_one_with_rows() -> None:
    of = migration()
    attempt = Attempt(down=failure(of, Direction.DOWN))
    assert short(judged(of, attempt, attempt)) == [
        ("way-back-fails", "error", "the way back of m1 fails: it says no (42704)")
    ]


def test_fingerprints_tell_losses_apart_and_stay_when_lines_move() -> None:
    attempt = Attempt(complete=True, lost=(LOST_INDEX, LOST_COLUMN))
    first = [finding.fingerprint for finding in judged(migration(), attempt)]
    moved = [finding.fingerprint for finding in judged(migration(down="\n\nSELECT  1;"), attempt)]
    assert first == moved
    assert len(set(first)) == 2


def test_what_is_not_proved_is_a_warning() -> None:
    finding = unproved(migration(), "the shadow lacks it")
    assert short([finding]) == [("unproved", "warning", "m1 is not proved: the shadow lacks it")]


def test_every_check_is_described() -> None:
    for name, check in CHECKS.items():
        assert check.name == name
        assert all((check.summary, check.why, check.instead, check.fine, check.source))
        assert check.url.endswith(f"/{name}.md")
