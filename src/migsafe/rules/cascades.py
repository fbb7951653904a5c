"""DROP … CASCADE: what goes along without being named."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    BaseOperation,
    DropColumn,
    DropConstraint,
    DropFunction,
    DropIndex,
    DropObject,
    DropSequence,
    DropTable,
    DropType,
    DropView,
    ObjectKind,
)
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.dependents import Dependent, of_column, of_key, of_table, of_type
from migsafe.rules.neighbours import is_made_here
from migsafe.rules.registry import rule
from migsafe.rules.wording import name_list, recipe, shown

_Drop = (
    DropTable | DropView | DropColumn | DropConstraint | DropType | DropFunction | DropSequence | DropIndex | DropObject
)
#: Kinds of which nobody's data or queries hang; what falls with them is theirs alone.
_HARMLESS_KINDS = frozenset({ObjectKind.TRIGGER, ObjectKind.POLICY, ObjectKind.RULE, ObjectKind.PUBLICATION})


@rule(Category.COMPAT, BaseOperation)
def drop_cascade(op: BaseOperation, ctx: Context) -> Iterator[Hazard]:
    """DROP … CASCADE drops whatever depends on the object, without naming it.

    Why it hurts: views, foreign keys, columns of a dropped type and generated columns go along, on a production
        database perhaps more of them than anywhere else, and nobody reviewed their names.
    Do instead: drop each dependent object by name, and the object without CASCADE, which fails if one was forgotten.
    Fine when: the migration itself makes the object. (DROP SCHEMA and DROP EXTENSION have rules of their own.)
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-depend.html
    """
    if not isinstance(op, _Drop) or not op.cascade or _is_made_here(op, ctx) or _is_harmless(op):
        return
    dependents, known = _dependents(op, ctx)
    name = _name(op)
    if dependents:
        message = f"{name_list(dependent.label for dependent in dependents)} {_goes(dependents)} along with {name}"
    else:
        message = f"everything that depends on {name} goes along, unnamed"
    yield Hazard(
        message=message,
        severity=None if dependents else Severity.INFO if known or _may_be_missing(op) else Severity.WARNING,
        instead=recipe(
            *(f"-- drop the {dependent.label} by name" for dependent in dependents),
            "-- then the statement without CASCADE: it fails if something still depends on the object",
        ),
        objects=(name, *(dependent.label for dependent in dependents)),
    )


def _dependents(op: _Drop, ctx: Context) -> tuple[list[Dependent], bool]:
    """What goes along, and whether migsafe has seen the object, so that nothing found means nothing."""
    catalogue = ctx.catalogue
    match op:
        case DropTable() | DropConstraint() | DropColumn():
            table = ctx.table(op.table)
            known = table is not None and table.complete
            if isinstance(op, DropColumn):
                return list(of_column(catalogue, op.table, op.column)), known
            if isinstance(op, DropConstraint):
                return list(of_key(catalogue, op.table, op.name)), known
            return list(of_table(catalogue, op.table)), known
        case DropView():
            return list(of_table(catalogue, op.view)), catalogue.view(op.view) is not None
        case DropType():
            full = catalogue.resolve(op.type)
            return list(of_type(catalogue, op.type)), full in catalogue.enums or full in catalogue.domains
        case DropFunction():
            return list(_triggers_of(op.name, ctx)), False
        case _:
            return [], False


def _triggers_of(function: QualifiedName, ctx: Context) -> Iterator[Dependent]:
    full = ctx.catalogue.resolve_function(function)
    for table in ctx.catalogue.tables.values():
        for trigger in table.triggers.values():
            if trigger.function is not None and ctx.catalogue.resolve_function(trigger.function) == full:
                yield Dependent(f"trigger {quote_identifier(trigger.name)} of {shown(table.name, ctx.catalogue)}")


def _is_made_here(op: _Drop, ctx: Context) -> bool:
    match op:
        case DropTable() | DropColumn() | DropConstraint():
            return ctx.is_new(op.table)
        case DropView(view=name) | DropType(type=name) | DropFunction(name=name) | DropSequence(sequence=name):
            return is_made_here(ctx, name)
        case _:
            return False


def _is_harmless(op: _Drop) -> bool:
    return isinstance(op, DropObject) and op.kind in _HARMLESS_KINDS


def _may_be_missing(op: _Drop) -> bool:
    """Whether the statement only makes sure that an object of which nothing is known is gone."""
    return bool(getattr(op, "if_exists", False))


def _name(op: _Drop) -> str:
    match op:
        case DropColumn():
            return f"{op.table}.{quote_identifier(op.column)}"
        case DropConstraint():
            return f"{quote_identifier(op.name or 'the primary key')} of {op.table}"
        case DropTable(table=name) | DropView(view=name) | DropType(type=name) | DropFunction(name=name):
            return str(name)
        case DropSequence(sequence=name) | DropIndex(index=name):
            return str(name)
        case DropObject():
            return op.name


def _goes(dependents: list[Dependent]) -> str:
    return "goes" if len(dependents) == 1 else "go"
