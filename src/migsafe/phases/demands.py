"""Columns that must have a value from some operation on, and what gives them one where an INSERT does not; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    BaseOperation,
    CheckConstraint,
    DropDefault,
    NotNullConstraint,
    SetNotNull,
)
from migsafe.model.usage import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.catalogue import Catalogue, Trigger
    from migsafe.phases.act import Act, Chapter
    from migsafe.rules.context import Context


def demanded_by(op: BaseOperation, ctx: Context) -> tuple[Subject, ...]:
    """The columns that an operation which constrains demands a value for; none where it asks for something else."""
    match op:
        case AddColumn():
            columns: tuple[str, ...] = (op.definition.name,)
        case SetNotNull() | DropDefault():
            columns = (op.column,)
        case AddConstraint(constraint=NotNullConstraint(column=column)):
            columns = (column,)
        case AddConstraint(constraint=CheckConstraint(expression=expression, enforced=True)):
            columns = tuple(sorted(expression.proves_not_null))
        case _:
            return ()
    table = ctx.catalogue.resolve(op.table)
    return tuple(Subject(table, column) for column in columns)


@dataclass(frozen=True, slots=True)
class Filler:
    """What gives a column a value where an INSERT does not.

    Attributes:
        text: what it does, without a full stop.
        sure: it certainly does.
        whatever: also where the INSERT says NULL.
    """

    text: str
    sure: bool
    whatever: bool = False


def filler_of(chapter: Chapter, act: Act, subject: Subject) -> Filler | None:
    """What fills a column that an act demands, as the migrations have made it; None where nothing is known to."""
    found = list(_fillers(chapter, act, subject))
    return max(found, key=lambda filler: (filler.sure, filler.whatever), default=None)


def _fillers(chapter: Chapter, act: Act, subject: Subject) -> Iterator[Filler]:
    column = subject.column or ""
    if act.before is not None:
        known = act.before.column(subject.table, column)
        if known is not None and act.operation != "drop-default":
            default = known.default is not None and not known.default.null
            if default or known.identity is not None or known.generated is not None:
                yield Filler(f"{column} has a default", sure=True)
        yield from _triggers(act.before, subject)
    for later in chapter.acts:
        if later.statement < act.statement or later is act:
            continue
        if later.operation == "set-default" and subject in later.subjects:
            yield Filler(f"{column} gets a default in the same migration", sure=True)
        if later.operation == "create-trigger" and subject.whole in later.subjects:
            yield Filler("a trigger that the same migration makes may fill it", sure=False)


def _triggers(catalogue: Catalogue, subject: Subject) -> Iterator[Filler]:
    """BEFORE triggers for each row; those of SQLite cannot change the row (manual, "CREATE TRIGGER")."""
    table = catalogue.table(subject.table)
    if table is None or catalogue.dialect is Dialect.SQLITE:
        return
    for trigger in table.triggers.values():
        if trigger.timing == "before" and "insert" in trigger.events and trigger.row_level and trigger.enabled:
            yield from _trigger(catalogue, trigger, subject.column or "")


def _trigger(catalogue: Catalogue, trigger: Trigger, column: str) -> Iterator[Filler]:
    bodies = catalogue.functions.get(catalogue.resolve_function(trigger.function)) if trigger.function else None
    if bodies is None:
        yield Filler(f"the trigger {trigger.name} may fill {column}", sure=False)
    elif any(column in body.fills for body in bodies):
        yield Filler(f"the trigger {trigger.name} fills {column}", sure=True, whatever=True)
    elif any(column in body.references for body in bodies):
        yield Filler(f"the trigger {trigger.name} may fill {column}", sure=False)
