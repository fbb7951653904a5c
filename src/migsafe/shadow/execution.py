"""Runs a script as its tool would: in the same transactions, in the same order.

All statements go to the server at once where that is the same thing, and one by one where somebody watches, where the
script handles transactions by itself, or to find out which of them failed.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from migsafe.model.operation import CopyRows, Delete, Insert, Merge, PsqlCommand, Query, TransactionControl, Update
from migsafe.model.script import TransactionRule
from migsafe.postgres.connection import StatementFailedError
from migsafe.rules.knowledge.transaction_block import refused_in_transaction
from migsafe.shadow.migration import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from migsafe.model.script import Script
    from migsafe.model.statement import ReadScript, Statement
    from migsafe.postgres.connection import Session

_SAVEPOINT = "migsafe_script"
_ROWS_POINT = "migsafe_rows"

#: Classes of SQLSTATE that speak of values: data exceptions, and constraints (manual of PostgreSQL 18, appendix A).
_ABOUT_VALUES = frozenset({"22", "23"})

_CHECK_NOW = "set constraints all immediate"
_DEFERRED = (
    "select distinct n.nspname::text, k.conname::text from pg_catalog.pg_constraint k "
    "join pg_catalog.pg_namespace n on n.oid = k.connamespace where k.condeferred"
)
_FROM_STDIN = re.compile(r"\bFROM\s+STDIN\b", re.IGNORECASE)
_ROWS = re.compile(r"[ \t;]*\r?\n(?P<rows>.*?)^\\\.[ \t]*\r?$", re.DOTALL | re.MULTILINE)

#: Words that may end a transaction; where one stands, only reading the script tells.
_TRANSACTION_WORDS = re.compile(r"\b(?:begin|start|commit|end|rollback|abort|prepare)\b|\\", re.IGNORECASE)

#: What a tool's own transaction makes of these inside of the caller's: nothing.
_SKIPPED_INSIDE = frozenset({"begin", "commit", "set transaction"})
_FORBIDDEN_INSIDE = frozenset({"rollback", "prepare", "commit prepared", "rollback prepared"})


class Watch(Protocol):
    """Stands around each statement of a script.

    It calls `run` once and lets its error through; what it does before and after is its own business. `run` may be
    called in another thread, while this one waits. It must leave the session in the same transaction.
    """

    def __call__(self, statement: Statement, run: Callable[[], None], *, in_transaction: bool) -> None:
        """See a statement run."""


def run_script(session: Session, read: ReadScript, *, watch: Watch | None = None) -> Failure | None:
    """Run a script as its tool would.

    Args:
        session: in autocommit, and in no transaction; it is in none afterwards either.
        watch: is called around each statement, which then go to the server one by one.

    Returns:
        How it failed, or None. A failed transaction is rolled back; what was committed before it stays.
    """
    if watch is None and _goes_at_once(read) and _run_in_transaction(session, _joined(read.statements)):
        return None
    return _run_one_by_one(session, read, watch)


def run_unread(session: Session, script: Script) -> bool:
    """Run a script in one piece and without reading it, as a tool does.

    Args:
        session: in autocommit, and in no transaction.

    Returns:
        False where it could not be run so, or failed; then nothing of it was done, and `run_script` says why.
    """
    if script.transaction is TransactionRule.TOOL and not _TRANSACTION_WORDS.search(script.text):
        return _run_in_transaction(session, script.text)
    return False


def apply_inside(session: Session, read: ReadScript, *, watch: Watch | None = None, last: str = "") -> Failure | None:
    """Run a script's statements inside of the caller's open transaction, whatever its tool would do.

    Its own BEGIN and COMMIT are passed over. Constraints that wait for the end of a transaction are checked at the end
    of the script, as its own COMMIT would.

    Args:
        last: SQL that returns no rows, and is run behind the script when it has not failed.

    Returns:
        How it failed; then the caller's transaction can only be rolled back, at least to its last savepoint. None else.
    """
    statements = [statement for statement in read.statements if not _is_skipped_inside(statement)]
    if watch is None and not _needs_a_client(read):
        try:
            answers = session.query_all(
                f"savepoint {_SAVEPOINT};\n{_joined(statements)}\n;{_CHECK_NOW}; {_DEFERRED}; {last}"
            )
        except StatementFailedError:
            session.execute(f"rollback to savepoint {_SAVEPOINT}")
        else:
            _wait_again(session, answers[-1])
            return None
    failure = _each(session, read.script, statements, watch) or _settle(session, read.script)
    if failure is None and last:
        session.execute(last)
    return failure


def can_run_inside(read: ReadScript) -> bool:
    """Whether a script's statements could run inside of somebody's transaction; the server may still refuse one."""
    return not any(
        refused_in_transaction(operation) is not None
        or (isinstance(operation, TransactionControl) and operation.action in _FORBIDDEN_INSIDE)
        for statement in read.statements
        for operation in statement.operations
    )


def left_out(read: ReadScript) -> tuple[Statement, ...]:
    """Statements that no server understands, and that are not run: commands of psql."""
    return tuple(statement for statement in read.statements if _is_psql(statement))


def check_deferred(session: Session) -> StatementFailedError | None:
    """Check what waits for the end of the transaction, and let all that comes after wait as it would.

    Returns:
        What the server said against it; then the transaction has failed. None else.
    """
    try:
        (deferred,) = session.query_all(f"{_CHECK_NOW}; {_DEFERRED}")
    except StatementFailedError as error:
        return error
    _wait_again(session, deferred)
    return None


def is_wrapped(read: ReadScript) -> bool:
    """Whether the tool, or the server, makes one transaction of the script."""
    match read.script.transaction:
        case TransactionRule.TOOL:
            return True
        case TransactionRule.NONE:
            return False
        case TransactionRule.IMPLICIT:
            return len(read.statements) > 1
        case TransactionRule.UNLESS_FORBIDDEN:
            return all(refused_in_transaction(o) is None for s in read.statements for o in s.operations)


def _goes_at_once(read: ReadScript) -> bool:
    """Whether a failure of the whole leaves nothing behind, so that its statements can be run again one by one."""
    return is_wrapped(read) and not _handles_transactions(read) and not _needs_a_client(read)


def _run_in_transaction(session: Session, sql: str) -> bool:
    try:
        # What stands on its own line cannot vanish in a comment at the end of the script.
        session.execute(f"begin;\n{sql}\n;commit")
    except StatementFailedError:
        session.execute("rollback")
        return False
    return True


def _run_one_by_one(session: Session, read: ReadScript, watch: Watch | None) -> Failure | None:
    wrapped = is_wrapped(read)
    # After a COMMIT of the script's own, the rest of a simple query is another implicit transaction (manual of
    # PostgreSQL 18, 54.2.2.1); a tool that wraps scripts does so once.
    begin_again = wrapped and read.script.transaction is TransactionRule.IMPLICIT
    if wrapped and not begin_again:
        session.execute("begin")
    for statement in read.statements:
        if begin_again and not session.in_transaction:
            session.execute("begin")
        failure = _each(session, read.script, [statement], watch)
        if failure is not None:
            session.execute("rollback")
            return failure
    return _finish(session, read.script, wrapped)


def _finish(session: Session, script: Script, wrapped: bool) -> Failure | None:
    if not session.in_transaction:
        return None
    try:
        # A transaction that a script leaves open by itself ends with its connection.
        session.execute("commit" if wrapped else "rollback")
    except StatementFailedError as error:
        session.execute("rollback")
        return Failure(script, None, error.sqlstate, error.message)
    return None


def _each(session: Session, script: Script, statements: Iterable[Statement], watch: Watch | None) -> Failure | None:
    for statement in statements:
        try:
            _send_watched(session, script, statement, watch)
        except StatementFailedError as error:
            return Failure(script, statement, error.sqlstate, error.message)
    return None


def _send_watched(session: Session, script: Script, statement: Statement, watch: Watch | None) -> None:
    if watch is None:
        _send(session, script, statement)
    else:
        watch(statement, lambda: _send(session, script, statement), in_transaction=session.in_transaction)


def _send(session: Session, script: Script, statement: Statement) -> None:
    if _is_psql(statement):
        return
    # The rows stand behind the statement, up to a line `\\.`; a tool that is no psql sends none.
    rows = _ROWS.match(script.text, statement.span.end) if _copies_rows(statement) else None
    if script.rendered and _only_rows(statement):
        _send_made_up(session, statement.text)
    elif rows is None:
        session.execute(statement.text)
    else:
        session.copy_in(statement.text, rows["rows"])


def _send_made_up(session: Session, sql: str) -> None:
    """Rows that a program was shown were made up, and so are the values that it writes: they may not fit."""
    if not session.in_transaction:
        with suppress(StatementFailedError):
            session.execute(sql)
        return
    session.execute(f"savepoint {_ROWS_POINT}")
    try:
        session.execute(sql)
    except StatementFailedError as error:
        session.execute(f"rollback to savepoint {_ROWS_POINT}")
        if (error.sqlstate or "")[:2] not in _ABOUT_VALUES:
            raise
    session.execute(f"release savepoint {_ROWS_POINT}")


def _wait_again(session: Session, constraints: Iterable[tuple[str, str]]) -> None:
    """Let constraints that wait at first do so again, after all were checked at once."""
    names = dict(enumerate(constraints))
    if names:
        listed = ", ".join(f"{{constraint_{place}}}" for place in names)
        places = {f"constraint_{place}": name for place, name in names.items()}
        session.execute_with_names(f"set constraints {listed} deferred", **places)


def _settle(session: Session, script: Script) -> Failure | None:
    error = check_deferred(session)
    return None if error is None else Failure(script, None, error.sqlstate, error.message)


def _joined(statements: Sequence[Statement]) -> str:
    # On a line of its own, the separator cannot vanish in a comment at a statement's end.
    return "\n;\n".join(statement.text for statement in statements)


def _handles_transactions(read: ReadScript) -> bool:
    return any(isinstance(o, TransactionControl) for s in read.statements for o in s.operations)


def _needs_a_client(read: ReadScript) -> bool:
    return any(_is_psql(statement) or _copies_rows(statement) for statement in read.statements)


def _is_psql(statement: Statement) -> bool:
    return any(isinstance(operation, PsqlCommand) for operation in statement.operations)


def _only_rows(statement: Statement) -> bool:
    """Whether a statement reads and writes rows, and nothing else."""
    return all(isinstance(operation, Insert | Update | Delete | Merge | Query) for operation in statement.operations)


def _copies_rows(statement: Statement) -> bool:
    copies = any(isinstance(operation, CopyRows) for operation in statement.operations)
    return copies and _FROM_STDIN.search(statement.text) is not None


def _is_skipped_inside(statement: Statement) -> bool:
    return any(isinstance(o, TransactionControl) and o.action in _SKIPPED_INSIDE for o in statement.operations)
