"""What `observe` sees, against tables of statements that people can read and check with the manual."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lock_cases import LockCase, describe, read_lock_cases
from migsafe.errors import EnvironmentFailedError
from migsafe.model.locks import LockMode, Work
from migsafe.model.names import QualifiedName
from migsafe.postgres.connection import StatementFailedError
from migsafe.shadow.locks import observe

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.model.observation import Observation

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "fixtures" / "locks"
SETUP = (FIXTURES / "setup.sql").read_text(encoding="utf-8")
TRUTH = ROOT.parent / "shared" / "reference" / "pg18-lock-truth.json"

T = QualifiedName("t", "public")


@pytest.mark.parametrize("case", read_lock_cases(FIXTURES / "in_transaction.sql"), ids=str)
def test_in_transaction(case: LockCase, make_database: Callable[[str], str]) -> None:
    assert describe(observe(make_database(SETUP), case.setup, case.statement)) == case.expected


@pytest.mark.parametrize("case", read_lock_cases(FIXTURES / "outside_transaction.sql"), ids=str)
def test_outside_transaction(case: LockCase, make_database: Callable[[str], str]) -> None:
    observation = observe(make_database(SETUP), case.setup, case.statement, in_transaction=False)
    assert describe(observation) == case.expected


@pytest.mark.parametrize(("zone", "work"), [("UTC", Work.NONE), ("Europe/Paris", Work.REWRITE)])
def test_timestamp_to_timestamptz_depends_on_the_zone(
    zone: str, work: Work, make_database: Callable[[str], str]
) -> None:
    observation = observe(make_database(SETUP), "", "ALTER TABLE t ALTER ts TYPE timestamptz", time_zone=zone)
    assert observation.work(T) is work


@pytest.mark.parametrize(
    ("statement", "work"),
    [
        ("ALTER TABLE t ADD COLUMN x int", Work.NONE),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", Work.SCAN),
        ("ALTER TABLE t ALTER COLUMN ck SET NOT NULL", Work.NONE),
        ("CREATE INDEX ON t (b)", Work.INDEX_BUILD),
        ("REINDEX TABLE t", Work.INDEX_BUILD),
        ("ALTER TABLE t ALTER COLUMN a TYPE bigint", Work.REWRITE),
        ("TRUNCATE t", Work.NONE),
    ],
)
def test_work_is_the_heaviest_kind(statement: str, work: Work, make_database: Callable[[str], str]) -> None:
    assert observe(make_database(SETUP), "", statement).work(T) is work


def test_claims_are_observed_and_carry_schema_and_mode(database: str) -> None:
    setup = 'CREATE SCHEMA "Odd name"; CREATE TABLE "Odd name"."T" (id int); CREATE INDEX ix ON "Odd name"."T" (id)'
    observation = observe(database, setup, 'DROP INDEX "Odd name".ix')
    (claim,) = observation.locks
    assert (claim.table, claim.mode, claim.source) == (
        QualifiedName("T", "Odd name"),
        LockMode.ACCESS_EXCLUSIVE,
        "observed",
    )
    assert [index.table.name for index in observation.index_locks] == ["ix"]
    assert observation.mode(QualifiedName("other", "public")) is None


def test_views_and_foreign_tables_are_seen(database: str) -> None:
    setup = """
        CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE f (a int) SERVER files OPTIONS (filename '/dev/null');
        CREATE VIEW v AS SELECT a FROM f
    """
    observation = observe(database, setup, "ALTER FOREIGN TABLE f ADD COLUMN b int; DROP VIEW v")
    assert {claim.table.name: claim.mode for claim in observation.locks} == {
        "f": LockMode.ACCESS_EXCLUSIVE,
        "v": LockMode.ACCESS_EXCLUSIVE,
    }


def test_in_a_transaction_the_statement_is_taken_back(database: str) -> None:
    observe(database, "CREATE TABLE a (id int)", "DROP TABLE a")
    assert observe(database, "", "SELECT * FROM a").error is None


@pytest.mark.parametrize("statement", ["DROP TABLE a", "DROP INDEX CONCURRENTLY a_ix"])
def test_outside_a_transaction_the_statement_stays_done(statement: str, database: str) -> None:
    setup = "CREATE TABLE a (id int); CREATE INDEX a_ix ON a (id)"
    assert observe(database, setup, statement, in_transaction=False).error is None
    assert observe(database, "", "DROP INDEX a_ix").error is not None


def test_a_refused_statement_is_a_value(database: str) -> None:
    error = observe(database, "", "ALTER TABLE missing ADD COLUMN a int").error
    assert error is not None
    assert (error.sqlstate, error.message) == ("42P01", 'relation "missing" does not exist')


def test_a_refused_setup_is_an_error(database: str) -> None:
    with pytest.raises(StatementFailedError) as caught:
        observe(database, "CREATE TABLE", "SELECT 1")
    assert caught.value.sqlstate == "42601"


def test_an_unknown_database_is_an_error(database: str) -> None:
    with pytest.raises(EnvironmentFailedError):
        observe(database.replace("dbname=test_", "dbname=missing_"), "", "SELECT 1")


def test_many_tables_stand_in_the_way_together(database: str) -> None:
    """Gates are taken on every table, and only the statement's own is seen."""
    setup = "; ".join(f"CREATE TABLE x{number} (id int)" for number in range(60))
    observation = observe(database, setup, "CREATE INDEX CONCURRENTLY ON x30 (id)", in_transaction=False)
    assert [(claim.table.name, claim.mode) for claim in observation.locks] == [("x30", LockMode.SHARE_UPDATE_EXCLUSIVE)]


class TestReferenceTable:
    """The measured table of 98 statements.

    Its names were looked up after the statement: it lacks what was dropped and has what was made. It counts a renamed
    index as a new one.
    """

    @pytest.mark.corpus
    def test_every_statement_agrees(self, make_database: Callable[[str], str]) -> None:
        if not TRUTH.is_file():
            pytest.skip(f"{TRUTH.name} is not there")
        dsn = make_database(SETUP)
        cases: list[dict[str, Any]] = json.loads(TRUTH.read_text(encoding="utf-8"))
        differences = [
            (case["sql"], fact, seen, known)
            for case in cases
            for fact, seen, known in _differences(case, observe(dsn, "", case["sql"]))
        ]
        assert differences == []
        assert len(cases) > 90


GONE = {
    "DROP TABLE child": {"child"},
    "DROP TABLE t CASCADE": {"t", "mv", "vw"},
    "DROP VIEW vw": {"vw"},
}
MADE = {"nt", "nt_a_idx", "nt_unq_idx", "pt9"}
RENAMED = {"tt": "t", "t_aa": "t_a"}
TAKEN_OVER = "USING INDEX"


def _differences(case: dict[str, Any], seen: Observation) -> list[tuple[str, object, object]]:
    if "note" in case or "error" in case:
        return [] if seen.error is not None else [("error", None, case)]
    if seen.error is not None:
        return [("error", seen.error, None)]
    renames = "RENAME TO" in case["sql"]
    facts = [
        (
            "locks",
            _modes(seen),
            {RENAMED.get(name, name): mode for name, mode in case["locks"].items() if name not in MADE},
        ),
        (
            "rewritten",
            {name.name for name in seen.rewritten} | {done.index.name for done in seen.rebuilt},
            set(case["rewritten"]),
        ),
        ("scanned", {name.name for name in seen.scanned}, set() if renames else set(case["scanned"]) - MADE),
        (
            "built",
            {done.index.name for done in seen.built},
            set() if renames or TAKEN_OVER in case["sql"] else set(case["new_indexes"]) - MADE,
        ),
    ]
    gone = GONE.get(case["sql"], set())
    facts[0] = ("locks", {name: mode for name, mode in _modes(seen).items() if name not in gone}, facts[0][2])
    return [fact for fact in facts if fact[1] != fact[2]]


def _modes(seen: Observation) -> dict[str, str]:
    return {
        claim.table.name: claim.mode.name.title().replace("_", "") + "Lock"
        for claim in seen.locks
        if claim.mode is not LockMode.ACCESS_SHARE
    }
