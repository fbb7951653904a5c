"""Functions, procedures and triggers."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.names import quote_identifier
from migsafe.model.operation import (
    CreateFunction,
    CreateTrigger,
    DropFunction,
    DropTable,
    DropTrigger,
    RenameObject,
    ToggleTrigger,
)
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.neighbours import in_one_statement, is_made_here, is_same
from migsafe.rules.registry import rule
from migsafe.rules.wording import LATER_MIGRATION, name_list, recipe


@rule(Category.COMPAT, DropFunction, severity=Severity.WARNING)
def drop_function(op: DropFunction, ctx: Context) -> Iterator[Hazard]:
    """A function or procedure is dropped.

    Why it hurts: calls by the running release, by other functions and by triggers fail; Postgres does not track calls
        from function bodies, so that it does not refuse.
    Do instead: release code that does not call it, and drop it a release later; a new signature stands beside the old
        one until then.
    Fine when: the migration makes it again with the same arguments, or made it itself; or it drops the trigger first
        that the function was for.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-dropfunction.html
    """
    gone = [
        other
        for other in in_one_statement(op, ctx)
        if not (is_made_here(ctx, other.name, CreateFunction) or _is_made_again(other, ctx))
    ]
    if not gone:
        return
    names = [str(other.name) for other in gone]
    yield Hazard(
        message=f"calls of {name_list(names)} fail from now on",
        severity=Severity.INFO if all(_was_for_trigger(other, ctx) for other in gone) else None,
        instead=recipe(
            f"-- first release code that no longer calls {name_list(names)}",
            LATER_MIGRATION,
            f"DROP {op.kind.upper()} {', '.join(_signature(other) for other in gone)};",
        ),
        objects=tuple(names),
    )


@rule(Category.LOCK, CreateTrigger, severity=Severity.INFO)
def create_trigger(op: CreateTrigger, ctx: Context) -> Iterator[Hazard]:
    """A trigger is made on a table that is in use.

    Why it hurts: SHARE ROW EXCLUSIVE for a moment, which waits for every open write and keeps all later writes waiting
        behind it; from then on each write does the trigger's work as well.
    Do instead: set a short lock_timeout, and try again when it strikes.
    Fine when: the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/explicit-locking.html; observed on 18.6
    """
    if ctx.is_new(op.table) or ctx.catalogue.view(op.table) is not None:
        return
    yield Hazard(
        message=f"writes to {op.table} wait while the trigger {quote_identifier(op.name)} is made",
        objects=(str(op.table), op.name),
    )


@rule(Category.LOCK, DropTrigger, severity=Severity.INFO)
def drop_trigger(op: DropTrigger, ctx: Context) -> Iterator[Hazard]:
    """A trigger is dropped.

    Why it hurts: ACCESS EXCLUSIVE on the table for a moment, and what the trigger kept up to date (a second column, an
        audit trail) is not kept up any more.
    Do instead: set a short lock_timeout; make sure that no running code needs what the trigger does.
    Fine when: the migration makes the trigger again, or makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-droptrigger.html; observed on 18.6
    """
    again = any(
        isinstance(later, CreateTrigger) and later.name == op.name and is_same(ctx, later.table, op.table)
        for later in ctx.later(op)
    )
    if again or ctx.is_new(op.table) or ctx.catalogue.view(op.table) is not None:
        return
    yield Hazard(
        message=f"{op.table} is locked for a moment, and {quote_identifier(op.name)} no longer runs for its rows",
        objects=(str(op.table), op.name),
    )


@rule(Category.LOCK, ToggleTrigger, severity=Severity.WARNING)
def toggle_trigger(op: ToggleTrigger, ctx: Context) -> Iterator[Hazard]:
    """A trigger is disabled or enabled.

    Why it hurts: SHARE ROW EXCLUSIVE keeps all writes waiting until the transaction ends. While a trigger is off, what
        it keeps up is wrong, and nothing repairs it later; DISABLE TRIGGER ALL switches off foreign keys too, and rows
        that break them stay.
    Do instead: SET LOCAL session_replication_role = replica in a session of its own, or a trigger function that looks
        at a setting.
    Fine when: the migration itself makes the table. Enabling alone is only worth knowing.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html; observed on 18.6
    """
    if ctx.is_new(op.table):
        return
    trigger = op.trigger if op.trigger in {"all", "user"} else quote_identifier(op.trigger)
    if op.enable:
        yield Hazard(
            message=f"writes to {op.table} wait until the transaction ends",
            severity=Severity.INFO,
            objects=(str(op.table), op.trigger),
        )
        return
    without = "its triggers and foreign keys" if op.trigger == "all" else f"the trigger {trigger}"
    yield Hazard(
        message=f"{op.table} is written without {without}"
        + (" until it is enabled again" if not _is_enabled_again(op, ctx) else ", and writes wait meanwhile"),
        instead=recipe(
            "-- only for this session, and until the transaction ends; foreign keys are not checked meanwhile either:",
            "SET LOCAL session_replication_role = replica;",
        ),
        objects=(str(op.table), op.trigger),
    )


def _is_made_again(op: DropFunction, ctx: Context) -> bool:
    """Whether a function with the same name and arguments comes back; DROP without arguments means the only one."""
    for later in ctx.later(op):
        if isinstance(later, CreateFunction) and is_same(ctx, later.name, op.name):
            known = ctx.catalogue.functions.get(ctx.catalogue.resolve_function(op.name)) or ()
            before = {op.arguments} if op.arguments is not None else {function.arguments for function in known}
            if not before or later.arguments in before:
                return True
        if isinstance(later, RenameObject) and later.new_name == op.name.name:
            return True
    return False


def _was_for_trigger(op: DropFunction, ctx: Context) -> bool:
    """Whether this is the function of a trigger, or table, that the migration has dropped: it takes no arguments."""
    dropped = any(isinstance(earlier, DropTrigger | DropTable) for earlier in ctx.earlier)
    return dropped and not op.arguments


def _is_enabled_again(op: ToggleTrigger, ctx: Context) -> bool:
    return any(
        isinstance(later, ToggleTrigger)
        and later.enable
        and later.trigger in {op.trigger, "all"}
        and is_same(ctx, later.table, op.table)
        for later in ctx.later(op)
    )


def _signature(op: DropFunction) -> str:
    return str(op.name) if op.arguments is None else f"{op.name}({', '.join(op.arguments)})"
