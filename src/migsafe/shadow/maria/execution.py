"""Runs a script on MySQL as its tool would: in the same transactions, statement by statement.

DDL commits whatever is open (MySQL 8.4 manual, 15.3.3 "Statements That Cause an Implicit Commit"), so that a failed
script leaves what came before its last DDL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from migsafe.model.operation import Delete, Insert, Query, Update
from migsafe.model.script import TransactionRule
from migsafe.mysql.connection import StatementRefusedError
from migsafe.shadow.migration import Failure

if TYPE_CHECKING:
    from migsafe.model.statement import ReadScript, Statement
    from migsafe.mysql.connection import Session

#: Error numbers that speak of values (MySQL 8.4 error reference): NULL where none may be, duplicates, foreign keys,
#: values that do not fit or are none of the type, CHECKs of MySQL and MariaDB.
_ABOUT_VALUES = frozenset({1048, 1062, 1216, 1217, 1264, 1265, 1292, 1364, 1366, 1406, 1451, 1452, 3819, 4025})

_NO_DEFAULT = 1364
_SAVEPOINT = "migsafe_insert"

_WRAPPED = frozenset({TransactionRule.TOOL, TransactionRule.UNLESS_FORBIDDEN})


class Watch(Protocol):
    """Looks on before each statement of a script."""

    def __call__(self, session: Session, statement: Statement) -> None:
        """Called before the statement runs; leaves the session as it found it."""


def run_script(session: Session, read: ReadScript, *, watch: Watch | None = None) -> Failure | None:
    """Run a script.

    Args:
        session: one that is new, as a tool's is; close it afterwards, with what the script leaves in it.
        watch: is called before each statement.

    Returns:
        How it failed, or None. What was committed before the failure stays, every DDL among it.
    """
    wrapped = read.script.transaction in _WRAPPED
    try:
        if wrapped:
            session.execute("start transaction")
        for statement in read.statements:
            failure = _run(session, read, statement, watch)
            if failure is not None:
                return failure
        if wrapped:
            session.execute("commit")
    except StatementRefusedError as error:
        return _failure(read, None, error)
    return None


def _run(session: Session, read: ReadScript, statement: Statement, watch: Watch | None) -> Failure | None:
    try:
        if watch is not None:
            watch(session, statement)
        session.execute(statement.text)
    except StatementRefusedError as error:
        # Rows that a program was shown were made up, and so are the values that it writes: they may not fit.
        made_up = read.script.rendered and _only_rows(statement) and error.code in _ABOUT_VALUES
        if not made_up and not _inserts_nothing(session, statement, error):
            return _failure(read, statement, error)
    return None


def _inserts_nothing(session: Session, statement: Statement, error: StatementRefusedError) -> bool:
    """Whether MariaDB refuses an INSERT … SELECT for a column without a default although there is no row to insert.

    It says so before it looks for rows. Histories that run on MySQL every day rely on its taking the statement then.
    """
    copies = all(isinstance(operation, Insert) and operation.source == "query" for operation in statement.operations)
    if error.code != _NO_DEFAULT or session.version.product != "MariaDB" or not copies:
        return False
    ((mode, in_transaction),) = session.query("select @@sql_mode, @@in_transaction")
    session.execute(f"savepoint {_SAVEPOINT}" if in_transaction else "start transaction")
    try:
        session.execute("set session sql_mode = ''")
        rows = session.execute(statement.text)
    except StatementRefusedError:
        rows = 1
    finally:
        session.query("set session sql_mode = %s", (mode,))
    if rows:
        session.execute(f"rollback to savepoint {_SAVEPOINT}" if in_transaction else "rollback")
    elif not in_transaction:
        session.execute("commit")
    return not rows


def _failure(read: ReadScript, statement: Statement | None, error: StatementRefusedError) -> Failure:
    return Failure(read.script, statement, None if error.code is None else str(error.code), error.message)


def _only_rows(statement: Statement) -> bool:
    return all(isinstance(operation, Insert | Update | Delete | Query) for operation in statement.operations)
