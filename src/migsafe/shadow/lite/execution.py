"""Runs a script on SQLite as its tool would: in the same transactions, statement by statement.

SQLite takes no simple query of several statements (`sqlite3_exec` runs them one by one, each in autocommit), so that
an implicit transaction is none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.operation import VacuumTable
from migsafe.model.script import TransactionRule
from migsafe.shadow.migration import Failure
from migsafe.sqlite.connection import StatementRefusedError

if TYPE_CHECKING:
    from migsafe.model.script import Script
    from migsafe.model.statement import ReadScript
    from migsafe.sqlite.connection import Database


def run_script(database: Database, read: ReadScript) -> Failure | None:
    """Run a script.

    Args:
        database: in no transaction; it is in none afterwards either.

    Returns:
        How it failed, or None. A failed transaction is rolled back; what was committed before it stays.
    """
    wrapped = is_wrapped(read)
    if wrapped:
        database.execute("begin")
    for statement in read.statements:
        try:
            database.execute(statement.text)
        except StatementRefusedError as error:
            roll_back(database)
            return Failure(read.script, statement, error.code, error.message)
    return _finish(database, read.script, wrapped)


def is_wrapped(read: ReadScript) -> bool:
    """Whether the tool makes one transaction of the script."""
    match read.script.transaction:
        case TransactionRule.TOOL:
            return True
        case TransactionRule.UNLESS_FORBIDDEN:
            return not any(isinstance(operation, VacuumTable) for s in read.statements for operation in s.operations)
        case _:
            return False


def rest_of(read: ReadScript, failure: Failure) -> ReadScript:
    """What of a script is left to run after a failure: all of it where a transaction has taken it back."""
    if is_wrapped(read) or failure.statement is None:
        return read
    return replace(read, statements=read.statements[read.statements.index(failure.statement) :])


def roll_back(database: Database) -> None:
    """Leave a transaction, if there is one: SQLite has left it by itself after some errors."""
    if database.in_transaction:
        database.execute("rollback")


def _finish(database: Database, script: Script, wrapped: bool) -> Failure | None:
    if not wrapped:
        # A transaction that a script leaves open by itself ends with its connection.
        roll_back(database)
        return None
    try:
        # It fails where rows wait for their parents, and where the script has ended the tool's transaction.
        database.execute("commit")
    except StatementRefusedError as error:
        roll_back(database)
        return Failure(script, None, error.code, error.message)
    return None
