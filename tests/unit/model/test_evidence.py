from __future__ import annotations

from datetime import date

import pytest

from migsafe.model.evidence import (
    HeldLock,
    LockEvidence,
    ObservedMigration,
    ObservedStatement,
    statement_fingerprint,
)
from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.observation import Observation

USERS = QualifiedName("users", "public")


def statement(index: int, sql: str) -> ObservedStatement:
    return ObservedStatement(
        index=index, line=index + 1, fingerprint=statement_fingerprint(sql), observation=Observation()
    )


def evidence(*statements: ObservedStatement) -> LockEvidence:
    return LockEvidence("18.6", date(2026, 11, 23), (ObservedMigration("1", "1.sql", statements),))


@pytest.mark.parametrize("other", ["drop  table\n\tT", " DROP TABLE t "])
def test_space_and_case_make_no_other_statement(other: str) -> None:
    assert statement_fingerprint("DROP TABLE t") == statement_fingerprint(other)


def test_constants_count_unless_a_program_makes_them() -> None:
    one, other = "INSERT INTO t VALUES ('a', 1.5)", "INSERT INTO t VALUES ('b''c', 2)"
    assert statement_fingerprint(one) != statement_fingerprint(other)
    assert statement_fingerprint(one, rendered=True) == statement_fingerprint(other, rendered=True)


def test_a_statement_is_found_by_its_text_wherever_it_stands_now() -> None:
    seen = statement(3, "DROP TABLE t")
    found = evidence(seen).find("1", statement_fingerprint("DROP TABLE t"), 0)
    assert found is not None
    assert found[1] is seen


def test_another_migration_or_another_text_is_not_known() -> None:
    known = evidence(statement(0, "DROP TABLE t"))
    assert known.find("2", statement_fingerprint("DROP TABLE t"), 0) is None
    assert known.find("1", statement_fingerprint("DROP TABLE u"), 0) is None


def test_equal_statements_are_told_apart_by_their_place() -> None:
    first, second = statement(0, "SELECT 1"), statement(2, "SELECT 1")
    known = evidence(first, statement(1, "SELECT 2"), second)
    wanted = statement_fingerprint("SELECT 1")
    assert [found and found[1] for found in (known.find("1", wanted, index) for index in range(3))] == [
        first, None, second,
    ]  # fmt: skip


def test_a_lock_is_held_from_its_first_statement_to_its_last() -> None:
    lock = HeldLock(USERS, LockMode.SHARE, 1, 2, 0.5)
    migration = ObservedMigration("1", "1.sql", (), (lock,))
    assert [list(migration.held_during(index)) for index in range(4)] == [[], [lock], [lock], []]
