"""Whole migrations under the lock trace."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from lint_walks import script
from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.script import TransactionRule
from migsafe.parse import read_script
from migsafe.postgres.connection import connect
from migsafe.shadow.execution import run_script
from migsafe.shadow.migration import Failure, ShadowMigration
from migsafe.shadow.trace import LockTrace
from migsafe.shadow.verify import VerifyOptions, verify
from migsafe.sources import SourceOptions, read_paths

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.model.evidence import ObservedMigration
    from migsafe.model.finding import Finding

pytestmark = [pytest.mark.server, pytest.mark.long]

SCENE = """
CREATE TABLE t (id int PRIMARY KEY, a text, born timestamp);
CREATE TABLE u (id int, t_id int);
CREATE INDEX t_a ON t (a);
"""
T, U = QualifiedName("t", "public"), QualifiedName("u", "public")


class Run:
    """A scene, and one migration under the trace."""

    def __init__(
        self, dsn: str, sql: str, *, transaction: TransactionRule = TransactionRule.TOOL, scene: str = SCENE
    ) -> None:
        self.trace = LockTrace()
        self.findings: list[Finding] = []
        with connect(dsn, autocommit=True) as session:
            self._run(session, ShadowMigration("1", "1.sql", read_script(script(scene))))
            migration = ShadowMigration("2", "2.sql", read_script(script(sql, transaction=transaction)))
            self.failure = self._run(session, migration)
            self.left_open = session.in_transaction

    def _run(self, session, migration: ShadowMigration) -> Failure | None:  # type: ignore[no-untyped-def]  # a Session
        watch = self.trace.before(migration, session)
        failure = run_script(session, migration.up, watch=watch)  # type: ignore[arg-type]  # these have a way up
        if failure is None:
            self.findings += self.trace.after(migration, session)
        return failure

    @property
    def seen(self) -> ObservedMigration:
        """The second migration."""
        return self.trace.migrations[1]

    @property
    def locks(self) -> list[list[str]]:
        """Strong locks that each statement took."""
        return [
            [f"{claim.table.name}: {claim.mode}" for claim in statement.observation.locks if claim.mode.value > 3]
            for statement in self.seen.statements
        ]

    @property
    def held(self) -> list[tuple[str, str, int, int]]:
        """Strong locks, from which statement to which."""
        return [
            (lock.table.name, str(lock.mode), lock.first, lock.last) for lock in self.seen.held if lock.mode.value > 3
        ]


def test_in_one_transaction_locks_are_held_to_its_end(database: str) -> None:
    run = Run(database, "ALTER TABLE t ADD COLUMN b int; CREATE INDEX ON u (id); UPDATE t SET b = 1;")
    assert run.findings == []
    assert run.locks == [["t: ACCESS EXCLUSIVE"], ["u: SHARE"], []]
    assert run.held == [("t", "ACCESS EXCLUSIVE", 0, 2), ("u", "SHARE", 1, 2)]
    (lock,) = (lock for lock in run.seen.held if lock.mode is LockMode.ACCESS_EXCLUSIVE)
    assert lock.milliseconds == pytest.approx(sum(one.milliseconds for one in run.seen.statements))
    assert not run.left_open


def test_each_statement_by_itself_lets_go(database: str) -> None:
    run = Run(
        database, "ALTER TABLE t ADD COLUMN b int; ALTER TABLE t ADD COLUMN c int;", transaction=TransactionRule.NONE
    )
    assert run.held == [("t", "ACCESS EXCLUSIVE", 0, 0), ("t", "ACCESS EXCLUSIVE", 1, 1)]


def test_the_scripts_own_transactions_are_followed(database: str) -> None:
    sql = "BEGIN; LOCK TABLE t IN SHARE MODE; COMMIT; BEGIN; LOCK TABLE u IN SHARE MODE; ROLLBACK; SELECT 1;"
    run = Run(database, sql, transaction=TransactionRule.NONE)
    assert run.held == [("t", "SHARE", 1, 2), ("u", "SHARE", 4, 5)]
    assert [one.index for one in run.seen.statements] == list(range(7))


def test_rolling_back_to_a_savepoint_lets_go(database: str) -> None:
    sql = "SAVEPOINT s; LOCK TABLE t IN SHARE MODE; ROLLBACK TO s; LOCK TABLE u IN SHARE MODE; SELECT 1;"
    assert [lock[0] for lock in Run(database, sql).held] == ["t", "u"]
    assert Run(database, "SELECT 1;", scene="SELECT 1;").held == []


def test_tables_that_the_migration_made_do_not_count(database: str) -> None:
    run = Run(database, "CREATE TABLE n (id int REFERENCES t (id)); CREATE INDEX ON n (id); DROP TABLE n;")
    assert run.findings == []
    assert run.locks == [["t: SHARE ROW EXCLUSIVE"], [], ["t: ACCESS EXCLUSIVE"]]
    assert all(not one.observation.built for one in run.seen.statements)


def test_an_index_is_built_once_though_it_stays_new(database: str) -> None:
    run = Run(database, "CREATE INDEX n ON u (id); SELECT 1; ALTER TABLE t ALTER a SET NOT NULL; TRUNCATE t;")
    built = [[work.index.name for work in one.observation.built] for one in run.seen.statements]
    assert (built, run.findings) == ([["n"], [], [], []], [])


def test_a_renamed_table_is_known_under_each_name(database: str) -> None:
    run = Run(database, "ALTER TABLE t RENAME TO x; ALTER TABLE x ADD COLUMN b int DEFAULT random();")
    assert run.findings == []
    assert run.held == [("t", "ACCESS EXCLUSIVE", 0, 1), ("x", "SHARE", 1, 1)]
    assert run.seen.statements[1].observation.rewritten == (QualifiedName("x", "public"),)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE INDEX CONCURRENTLY ON t (id)", ["t: SHARE UPDATE EXCLUSIVE"]),
        ("DROP INDEX CONCURRENTLY t_a", ["t: SHARE UPDATE EXCLUSIVE"]),
        ("REINDEX TABLE CONCURRENTLY t", ["t: SHARE UPDATE EXCLUSIVE"]),
        ("VACUUM t", ["t: SHARE UPDATE EXCLUSIVE"]),
        ("VACUUM FULL t", ["t: ACCESS EXCLUSIVE"]),
    ],
)
def test_what_only_runs_outside_of_a_transaction_is_traced_too(sql: str, expected: list[str], database: str) -> None:
    run = Run(database, f"{sql};", transaction=TransactionRule.NONE)
    assert (run.failure, run.findings) == (None, [])
    assert run.locks == [expected]


def test_an_index_that_could_not_be_built_is_left_behind(database: str) -> None:
    sql = "CREATE UNIQUE INDEX CONCURRENTLY twice ON u (id);"
    run = Run(
        database, sql, transaction=TransactionRule.NONE, scene="CREATE TABLE u (id int); INSERT INTO u VALUES (1), (1);"
    )
    assert run.failure is not None
    assert run.failure.sqlstate == "23505"
    (left,) = run.trace.unfinished.statements  # type: ignore[union-attr]  # it has failed
    assert left.invalid == (QualifiedName("twice", "public"),)
    assert left.observation.error is not None


def test_temporary_tables_stand_in_nobodys_way(database: str) -> None:
    sql = "CREATE TEMP TABLE s (id int); CREATE INDEX CONCURRENTLY ON t (id);"
    run = Run(database, sql, transaction=TransactionRule.NONE)
    assert (run.failure, run.locks) == (None, [[], ["t: SHARE UPDATE EXCLUSIVE"]])


def test_a_procedure_that_commits_runs_as_it_would(database: str) -> None:
    scene = SCENE + "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO u VALUES (1); COMMIT; END $$;"
    run = Run(database, "CALL p();", transaction=TransactionRule.NONE, scene=scene)
    assert run.failure is None
    with connect(database, autocommit=True) as session:
        assert session.query("select count(*) from u") == [(1,)]


def test_what_fails_fails_as_without_a_trace(database: str) -> None:
    run = Run(database, "ALTER TABLE t ADD COLUMN b int; SELECT nothing; SELECT 1;")
    assert run.failure is not None
    assert (run.failure.sqlstate, run.left_open) == ("42703", False)
    assert len(run.trace.migrations) == 1


def test_a_transaction_may_still_be_set_up_first(database: str) -> None:
    sql = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SET LOCAL lock_timeout = '1s'; ALTER TABLE t ADD COLUMN b int;"
    run = Run(database, sql)
    assert (run.failure, run.locks) == (None, [[], [], ["t: ACCESS EXCLUSIVE"]])


@pytest.mark.parametrize("transaction", [TransactionRule.TOOL, TransactionRule.NONE])
def test_what_depends_on_the_time_zone_is_tried_in_two(transaction: TransactionRule, database: str) -> None:
    run = Run(database, "ALTER TABLE t ALTER born TYPE timestamptz;", transaction=transaction)
    assert run.findings == []
    assert [(trial.time_zone, trial.rewritten) for trial in run.seen.statements[0].zones] == [
        ("UTC", ()),
        ("America/New_York", (T,)),
    ]


def test_in_utc_the_prediction_is_held_against_utc(database: str) -> None:
    run = Run(database, "SET LOCAL TimeZone = 'UTC'; ALTER TABLE t ALTER born TYPE timestamptz;")
    assert run.findings == []
    assert [len(one.zones) for one in run.seen.statements] == [0, 2]
    assert run.seen.statements[1].observation.rewritten == ()


def test_wrong_knowledge_is_told(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migsafe.shadow.prediction.locks", lambda operation, catalogue: ())
    run = Run(database, "CREATE INDEX ON t (id);")
    assert [finding.message for finding in run.findings] == [
        "on public.t migsafe predicts no lock that keeps others waiting, and SHARE was seen"
    ]
    assert run.findings[0].rule == "lock-not-as-predicted"


def test_observations_and_evidence_are_given_out(database: str) -> None:
    run = Run(database, "SELECT 1;\nALTER TABLE t ADD COLUMN b int;")
    places = {name: [(index, line) for index, line, _ in seen] for name, seen in run.trace.observations.items()}
    assert places == {"1": [(0, 2), (1, 3), (2, 4)], "2": [(0, 1), (1, 2)]}
    evidence = run.trace.evidence(date(2026, 11, 23))
    with connect(database, autocommit=True) as session:
        assert session.query("show server_version") == [(evidence.server_version,)]
    assert [migration.id for migration in evidence.migrations] == ["1", "2"]


def test_as_a_companion_of_verify(tmp_path: Path) -> None:
    for name, sql in {"1_a": "CREATE TABLE t (id int);", "2_b": "ALTER TABLE t ADD COLUMN b int;"}.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "up.sql").write_text(sql)
        (folder / "down.sql").write_text("SELECT 1;")
    (layout,) = read_paths([tmp_path / "2_b"], SourceOptions())
    trace = LockTrace([layout])
    report = verify([layout], options=VerifyOptions(companions=(trace,)))
    assert "lock-not-as-predicted" not in {finding.rule for finding in report.findings}
    (migration,) = trace.migrations
    assert (migration.id, migration.statements[0].observation.mode(T)) == ("2_b", LockMode.ACCESS_EXCLUSIVE)
