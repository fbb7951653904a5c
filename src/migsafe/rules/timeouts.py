"""Timeouts that keep a waiting lock from becoming an outage."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.names import QualifiedName
from migsafe.model.operation import BaseOperation, CreateTable, SetParameter
from migsafe.rules.context import Context
from migsafe.rules.events import EndOfScript
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.durations import milliseconds
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.registry import rule
from migsafe.rules.wording import shown


@rule(Category.TXN, BaseOperation, severity=Severity.WARNING, once_per_project=True)
def missing_lock_timeout(op: BaseOperation, ctx: Context) -> Iterator[Hazard]:
    """Strong locks are taken without a lock_timeout.

    Why it hurts: a statement that waits for its lock makes everybody else wait behind it: one long-running query, and
        the whole table stands still until it ends.
    Do instead: let the tool's connection set lock_timeout, and try again when it strikes; or set it in each migration.
    Fine when: runner_sets = ["lock_timeout"] says that the tool's connection sets it. Said once per project.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/runtime-config-client.html#GUC-LOCK-TIMEOUT
    """
    if ctx.runner_sets("lock_timeout") or "lock_timeout" in ctx.parameters:
        return
    blocked = _blocked_by(op, ctx)
    if not blocked or any(isinstance(other, SetParameter) and _is_lock_timeout(other) for other in ctx.later(op)):
        return
    local = "LOCAL " if ctx.transaction is not None else ""
    yield Hazard(
        message=f"{shown(blocked[0], ctx.catalogue)} is locked without a lock_timeout, "
        "here and perhaps in other migrations",
        instead=f"SET {local}lock_timeout = '2s';  -- before it; or, when the tool's connection sets it:\n"
        '[tool.migsafe]\nrunner_sets = ["lock_timeout"]',
    )


@rule(Category.TXN, EndOfScript, default=False, severity=Severity.WARNING, once_per_project=True)
def missing_statement_timeout(op: EndOfScript, ctx: Context) -> Iterator[Hazard]:
    """Strong locks are taken without a statement_timeout.

    Why it hurts: a statement that takes longer than anybody expected holds its lock until somebody notices.
    Do instead: SET LOCAL statement_timeout, longer than the statement should take.
    Fine when: the script holds only statements that should run as long as they need, such as CREATE INDEX CONCURRENTLY.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/runtime-config-client.html#GUC-STATEMENT-TIMEOUT
    """
    yield from _missing("statement_timeout", ctx)


@rule(Category.TXN, EndOfScript, default=False, severity=Severity.WARNING, once_per_project=True)
def missing_idle_timeout(op: EndOfScript, ctx: Context) -> Iterator[Hazard]:
    """Strong locks are taken without an idle_in_transaction_session_timeout.

    Why it hurts: when the client hangs between two statements, its locks stay.
    Do instead: SET idle_in_transaction_session_timeout before the transaction.
    Fine when: the server or the role sets it for every session.
    Source: PostgreSQL 15 to 18,
        https://www.postgresql.org/docs/18/runtime-config-client.html#GUC-IDLE-IN-TRANSACTION-SESSION-TIMEOUT
    """
    if ctx.transaction is not None:
        yield from _missing("idle_in_transaction_session_timeout", ctx)


@rule(Category.TXN, SetParameter, severity=Severity.WARNING)
def lock_timeout_disabled(op: SetParameter, ctx: Context) -> Iterator[Hazard]:
    """lock_timeout is switched off before a strong lock.

    Why it hurts: the statement waits for its lock as long as it takes, and everybody else waits behind it.
    Do instead: a small positive value, and another try when it strikes.
    Fine when: what follows is CREATE INDEX CONCURRENTLY and its like: a timeout would only leave an invalid index.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/runtime-config-client.html#GUC-LOCK-TIMEOUT
    """
    if not _is_lock_timeout(op) or op.name == "*" or (op.values and milliseconds(op.values[0]) != 0):
        return
    if not op.values and ctx.runner_sets("lock_timeout"):
        return
    table = _locked_later(op, ctx)
    if table is not None:
        yield Hazard(
            message=f"from here on nothing limits the wait for the lock on {shown(table, ctx.catalogue)}",
            instead="SET lock_timeout = '2s';",
        )


@rule(Category.TXN, SetParameter, severity=Severity.WARNING)
def timeout_too_long(op: SetParameter, ctx: Context) -> Iterator[Hazard]:
    """lock_timeout is so long that it is an outage itself.

    Why it hurts: for as long as the statement waits for its lock, every query on the table waits behind it.
    Do instead: a value that users would not notice, and another try when it strikes.
    Fine when: it is at most max_lock_timeout (5 s unless configured).
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/runtime-config-client.html#GUC-LOCK-TIMEOUT
    """
    limit = ctx.surroundings.max_lock_timeout_ms
    value = milliseconds(op.values[0]) if op.values and op.name == "lock_timeout" else None
    if value is None or value <= limit:
        return
    table = _locked_later(op, ctx)
    if table is not None:
        yield Hazard(
            message=f"everybody who uses {shown(table, ctx.catalogue)} may wait {op.values[0]} "
            "for a lock that is not even granted",
            instead=f"SET {'LOCAL ' if op.local else ''}lock_timeout = '2s';  -- and try again when it strikes",
        )


@rule(Category.TXN, SetParameter, severity=Severity.WARNING)
def lock_timeout_after_lock(op: SetParameter, ctx: Context) -> Iterator[Hazard]:
    """lock_timeout is set only after a strong lock was taken.

    Why it hurts: the statement before it waits without a limit.
    Do instead: set it at the top of the script.
    Fine when: it was set before as well.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/runtime-config-client.html#GUC-LOCK-TIMEOUT
    """
    if (
        op.name != "lock_timeout"
        or not op.values
        or "lock_timeout" in ctx.parameters
        or ctx.runner_sets("lock_timeout")
    ):
        return
    taken = next((done for done in ctx.earlier if _blocked_by(done, ctx)), None)
    if taken is not None:
        table = shown(_blocked_by(taken, ctx)[0], ctx.catalogue)
        line = ctx.position(taken).line
        yield Hazard(
            message=f"this comes too late for {table}, which is locked in line {line}",
            instead=f"SET lock_timeout = '{op.values[0]}';  -- before line {line}",
        )


def _is_lock_timeout(op: SetParameter) -> bool:
    return op.name in {"lock_timeout", "*"}


def _blocked_by(op: BaseOperation, ctx: Context) -> list[QualifiedName]:
    """Tables in use whose readers or writers the operation keeps waiting."""
    return [
        claim.table for claim in locks(op, ctx.catalogue) if claim.mode.blocks_writes and not ctx.is_new(claim.table)
    ]


def _locked_later(op: SetParameter, ctx: Context) -> QualifiedName | None:
    """The first table in use that a later statement of the script locks, until the parameter is set again."""
    made = set()
    for later in ctx.later(op):
        if isinstance(later, SetParameter) and later.name == op.name:
            return None
        if isinstance(later, CreateTable):
            made.add(ctx.catalogue.creation_name(later.table))
        blocked = [table for table in _blocked_by(later, ctx) if table not in made]
        if blocked:
            return blocked[0]
    return None


def _missing(parameter: str, ctx: Context) -> Iterator[Hazard]:
    if ctx.runner_sets(parameter) or parameter in ctx.parameters:
        return
    for done in ctx.earlier:
        blocked = _blocked_by(done, ctx)
        if blocked and not any(isinstance(op, SetParameter) and op.name == parameter for op in ctx.earlier):
            yield Hazard(
                message=f"{shown(blocked[0], ctx.catalogue)} is locked without {parameter}, "
                "here and perhaps in other migrations",
                instead=f"SET {parameter} = '30s';",
                at=done.span,
            )
            return
