"""What was seen on a server wins over what is predicted."""

from __future__ import annotations

from datetime import date

import pytest

from lint_walks import migration, run
from migsafe.lint.engine import ReadMigration, Settings
from migsafe.model.evidence import (
    HeldLock,
    LockEvidence,
    ObservedMigration,
    ObservedStatement,
    statement_fingerprint,
)
from migsafe.model.locks import LockClaim, LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.observation import Observation, StatementError

T, U = QualifiedName("t", "public"), QualifiedName("u", "public")
INDEX = "CREATE INDEX t_a ON t (a)"


def seen(
    sql: str,
    *locks: tuple[QualifiedName, LockMode],
    held: tuple[HeldLock, ...] = (),
    error: StatementError | None = None,
) -> LockEvidence:
    """Evidence of migration "2", whose statement 0 is this one."""
    claims = tuple(LockClaim(table, mode, "observed") for table, mode in locks)
    statement = ObservedStatement(
        index=0, line=1, fingerprint=statement_fingerprint(sql), observation=Observation(locks=claims, error=error)
    )
    return LockEvidence("18.6", date(2026, 11, 23), (ObservedMigration("2", "2.sql", (statement,), held),))


def shown(evidence: LockEvidence | None, sql: str = INDEX, *, rule: str = "create-index-blocking") -> list[str]:
    scene = migration("CREATE TABLE t (a int); CREATE TABLE u (a int PRIMARY KEY);", id="1")
    found = run(scene, _named(sql), names=(rule,), settings=Settings(observed=evidence)).findings
    return [f"{lock.table} {lock.mode} {lock.source}" for finding in found for lock in finding.locks]


def _named(sql: str) -> ReadMigration:
    return migration(f"{sql};", id="2")


def test_without_evidence_locks_are_predicted() -> None:
    assert shown(None) == ["t SHARE predicted"]


def test_a_lock_that_was_seen_is_observed() -> None:
    assert shown(seen(INDEX, (T, LockMode.SHARE))) == ["t SHARE observed"]


def test_the_mode_that_was_seen_wins() -> None:
    assert shown(seen(INDEX, (T, LockMode.ACCESS_EXCLUSIVE))) == ["t ACCESS EXCLUSIVE observed"]


def test_a_lock_that_the_transaction_had_was_seen_too() -> None:
    held = (HeldLock(T, LockMode.SHARE, 0, 0, 1.0),)
    assert shown(seen(INDEX, held=held)) == ["t SHARE observed"]
    assert shown(seen(INDEX, (T, LockMode.ROW_EXCLUSIVE), held=held)) == ["t SHARE observed"]


@pytest.mark.parametrize(
    "evidence",
    [
        seen("CREATE INDEX t_a ON t (b)", (T, LockMode.SHARE)),
        seen(INDEX, (U, LockMode.SHARE)),
        seen(INDEX, error=StatementError("42P01", "no t")),
        LockEvidence("18.6", date(2026, 11, 23), ()),
    ],
)
def test_what_was_not_seen_stays_a_prediction(evidence: LockEvidence) -> None:
    assert shown(evidence) == ["t SHARE predicted"]


def test_lines_may_move_and_letters_change() -> None:
    evidence = seen(INDEX, (T, LockMode.SHARE))
    assert shown(evidence, "SELECT 1;\n\n  create index t_a\n ON t (a)") == ["t SHARE observed"]


def test_each_table_by_itself() -> None:
    sql = "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (a)"
    evidence = seen(sql, (T, LockMode.SHARE_ROW_EXCLUSIVE))
    assert shown(evidence, sql, rule="add-foreign-key-validating") == [
        "t SHARE ROW EXCLUSIVE observed",
        "u SHARE ROW EXCLUSIVE predicted",
    ]
