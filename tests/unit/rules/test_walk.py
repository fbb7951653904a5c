from __future__ import annotations

import pytest

from lint_walks import walk
from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import apply
from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.operation import CreateTable
from migsafe.model.script import Span, TransactionRule
from migsafe.rules.events import EndOfScript

USERS = QualifiedName("users", "public")


def _with_users() -> Catalogue:
    catalogue = Catalogue()
    apply(catalogue, CreateTable(span=Span(0, 0), table=USERS))
    return catalogue


def _opened_by(sql: str, transaction: TransactionRule) -> list[str | None]:
    """Who had opened the transaction around each operation, and at the end."""
    steps = walk(sql, transaction=transaction)
    return [steps.context.transaction.opened_by if steps.context.transaction else None for _ in steps]


@pytest.mark.parametrize(
    ("sql", "rule", "expected"),
    [
        ("SELECT 1; SELECT 2", TransactionRule.TOOL, ["tool", "tool", "tool"]),
        ("SELECT 1; SELECT 2", TransactionRule.NONE, [None, None, None]),
        ("SELECT 1; SELECT 2", TransactionRule.IMPLICIT, ["server", "server", "server"]),
        ("SELECT 1", TransactionRule.IMPLICIT, [None, None]),
        ("SELECT 1", TransactionRule.UNLESS_FORBIDDEN, ["tool", "tool"]),
        ("VACUUM users", TransactionRule.UNLESS_FORBIDDEN, [None, None]),
        ("BEGIN; SELECT 1; COMMIT; SELECT 2", TransactionRule.NONE, [None, "script", "script", None, None]),
        ("SELECT 1; COMMIT; SELECT 2", TransactionRule.TOOL, ["tool", "tool", None, None]),
        ("BEGIN; COMMIT AND CHAIN; SELECT 1", TransactionRule.NONE, [None, "script", "script", "script"]),
        ("SELECT 1; COMMIT; SELECT 2", TransactionRule.IMPLICIT, ["server", "server", "server", "server"]),
    ],
)
def test_transactions_open_and_close(sql: str, rule: TransactionRule, expected: list[str | None]) -> None:
    assert _opened_by(sql, rule) == expected


def test_the_end_comes_last() -> None:
    assert [type(step).__name__ for step in walk("SELECT 1;")] == ["Query", EndOfScript.__name__]


def test_locks_are_held_from_the_next_statement_on() -> None:
    steps = walk("ALTER TABLE users ADD COLUMN a int, ADD COLUMN b int; SELECT 1", catalogue=_with_users())
    held = [len(steps.context.transaction.held) if steps.context.transaction else -1 for _ in steps]
    assert held == [0, 0, 2, 2]
    assert steps.context.transaction is not None
    assert steps.context.transaction.held[0].claim.mode is LockMode.ACCESS_EXCLUSIVE


def test_a_lock_on_a_new_table_is_nobody_s_business() -> None:
    steps = walk("CREATE TABLE users (id int); ALTER TABLE users ADD COLUMN a int; SELECT 1")
    for _ in steps:
        pass
    assert steps.context.transaction is not None
    assert steps.context.transaction.held == []


def test_a_table_is_new_from_its_making_on_and_under_its_new_name() -> None:
    steps = walk("SELECT 1; CREATE TABLE a (id int); SELECT 1; ALTER TABLE a RENAME TO b; SELECT 1; DROP TABLE b")
    new = [sorted(name.name for name in steps.context.created) for _ in steps]
    assert new == [[], [], ["a"], ["a"], ["b"], ["b"], []]


def test_a_known_table_is_not_new_for_if_not_exists() -> None:
    steps = walk("CREATE TABLE IF NOT EXISTS users (id int); SELECT 1", catalogue=_with_users())
    assert [sorted(steps.context.created) for _ in steps][-1] == []


def test_a_local_parameter_ends_with_its_transaction() -> None:
    sql = "SET lock_timeout = '5s'; BEGIN; SET LOCAL lock_timeout = '1s'; SELECT 1; COMMIT; SELECT 2"
    steps = walk(sql, transaction=TransactionRule.NONE)
    assert [steps.context.parameters.get("lock_timeout") for _ in steps] == [None, "5s", "5s", "1s", "1s", "5s", "5s"]


def test_a_rollback_takes_everything_back() -> None:
    steps = walk("BEGIN; CREATE TABLE a (id int); ROLLBACK; SELECT 1", transaction=TransactionRule.NONE)
    for _ in steps:
        pass
    assert steps.context.catalogue.table(QualifiedName("a")) is None


def test_a_savepoint_is_gone_back_to() -> None:
    steps = walk("CREATE TABLE a (id int); SAVEPOINT s; CREATE TABLE b (id int); ROLLBACK TO s; SELECT 1")
    for _ in steps:
        pass
    assert steps.context.catalogue.table(QualifiedName("a")) is not None
    assert steps.context.catalogue.table(QualifiedName("b")) is None


def test_a_temporary_table_does_not_outlive_its_script() -> None:
    steps = walk("CREATE TEMPORARY TABLE a (id int);")
    for _ in steps:
        pass
    assert steps.context.catalogue.table(QualifiedName("a")) is None


def test_a_do_block_is_walked_operation_by_operation() -> None:
    steps = walk("DO $$ BEGIN ALTER TABLE users ADD COLUMN a int; END $$; SELECT 1", catalogue=_with_users())
    seen = [(type(step).__name__, steps.context.code is not None) for step in steps]
    assert seen == [("RunCode", False), ("AddColumn", True), ("Query", False), ("EndOfScript", False)]
