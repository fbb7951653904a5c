"""Constraints of any kind: dropped, validated too early, and what a new one keeps out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeGuard

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.names import quote_identifier
from migsafe.model.operation import (
    AddConstraint,
    BaseConstraint,
    CheckConstraint,
    Constraint,
    CreateIndex,
    DropColumn,
    DropConstraint,
    DropTable,
    ForeignKey,
    NotNullConstraint,
    Operation,
    PrimaryKey,
    ReferentialAction,
    SetNotNull,
    UniqueConstraint,
    ValidateConstraint,
)
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.constraints import added, kind_by_name, known_constraint
from migsafe.rules.knowledge.upserts import broken_upsert
from migsafe.rules.knowledge.work import proved_not_null
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import LATER_MIGRATION, column_list, made_up_name, recipe, shown

_KINDS: dict[type[BaseConstraint], str] = {
    CheckConstraint: "check",
    ForeignKey: "foreign key",
    NotNullConstraint: "check",
    PrimaryKey: "primary key",
    UniqueConstraint: "unique",
}
_INERT = frozenset({ReferentialAction.NO_ACTION, ReferentialAction.RESTRICT})


@rule(Category.COMPAT, DropConstraint, severity=Severity.WARNING, dialects=EVERY_DIALECT)
def drop_constraint(op: DropConstraint, ctx: Context) -> Iterator[Hazard]:
    """A constraint is dropped that the running release may rely on.

    Why it hurts: without a key, duplicates get in and INSERT … ON CONFLICT fails; without a foreign key, orphans stay
    behind where rows went by ON DELETE CASCADE. Dropping a foreign key locks both of its tables against all reads and
    writes.

    Do instead: release code that does not rely on it; then drop it, with a short lock_timeout.

    Fine when: the same transaction replaces it, the migration itself makes the table, its columns or its table go too,
    or it is a CHECK: nothing that was written before is refused without it.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html (DROP CONSTRAINT)
    """
    known = known_constraint(op.table, op.name, ctx)
    if ctx.is_new(op.table) or (known is None and _is_absent(op, ctx)):
        return
    definition = known.definition if known is not None else None
    kind = _kind(op, definition)
    quiet = kind == "check" or _is_replaced(op, definition, ctx) or _is_said_elsewhere(op, definition, ctx)
    name = op.name or (known.name if known is not None else "the primary key")
    yield Hazard(
        message=f"dropping {name} of {op.table} {_effect(kind, definition, ctx)}",
        instead=_recipe(op, kind, ctx),
        severity=Severity.INFO if quiet else Severity.WARNING,
        objects=(str(op.table), *((op.name,) if op.name else ())),
    )


@rule(Category.TXN, ValidateConstraint)
def not_valid_validated_same_transaction(op: ValidateConstraint, ctx: Context) -> Iterator[Hazard]:
    """A constraint is added NOT VALID and validated in the same transaction.

    Why it hurts: the lock that ADD CONSTRAINT took (ACCESS EXCLUSIVE for a CHECK, SHARE ROW EXCLUSIVE on both tables
    for a foreign key) is held through the whole scan of VALIDATE: it is as if NOT VALID had not been said.

    Do instead: VALIDATE CONSTRAINT in a later migration, and so in another transaction.

    Fine when: each statement commits by itself, or the migration itself makes the table.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-NOTES
    """
    if ctx.is_new(op.table):
        return
    adding = next((each for each in _before_in_transaction(op, ctx) if _adds(each, op, ctx)), None)
    if adding is None:
        return
    blocked = f"all use of {op.table}"
    if isinstance(adding.constraint, ForeignKey):
        blocked = f"writes to {op.table} and {adding.constraint.referenced_table}"
    yield Hazard(
        message=f"{op.name} is validated in the transaction that adds it, which blocks {blocked} during the scan",
        instead=recipe(LATER_MIGRATION, f"ALTER TABLE {op.table} VALIDATE CONSTRAINT {quote_identifier(op.name)};"),
        objects=(str(op.table), op.name),
    )


@rule(Category.COMPAT, AddConstraint, CreateIndex, SetNotNull, severity=Severity.INFO, dialects=EVERY_DIALECT)
def new_write_restriction(op: AddConstraint | CreateIndex | SetNotNull, ctx: Context) -> Iterator[Hazard]:
    """A new rule can refuse what the running release writes.

    Why it hurts: from this moment on an INSERT that breaks the rule fails; also under NOT VALID, where even an UPDATE
    of another column fails in a row that breaks it.

    Do instead: release code that obeys the rule, and backfill, before the rule comes.

    Fine when: the running release obeys it already; or the migration itself makes the table.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-constraints.html
    """
    restriction = _restriction(op, ctx)
    if restriction is not None:
        yield Hazard(message=f"from now on {op.table} refuses rows that break {restriction}", objects=(str(op.table),))


def _kind(op: DropConstraint, definition: Constraint | None) -> str | None:
    """The kind of the constraint that goes; by the convention of its name where migsafe has not seen its making."""
    if definition is not None:
        return _KINDS.get(type(definition))
    return "primary key" if op.name is None else kind_by_name(op.name)


def _effect(kind: str | None, definition: Constraint | None, ctx: Context) -> str:
    match kind:
        case "check":
            return "lets in rows that it refused"
        case "foreign key":
            if not isinstance(definition, ForeignKey):
                return "locks it and the other table against all reads and writes, and lets in orphans"
            other = shown(ctx.catalogue.resolve(definition.referenced_table), ctx.catalogue)
            action = definition.on_delete
            then = "lets in orphans" if action in _INERT else f"ends its ON DELETE {action.value.upper()}"
            return f"locks it and {other} against all reads and writes, and {then}"
        case "unique" | "primary key":
            columns = column_list(definition.columns) if isinstance(definition, UniqueConstraint | PrimaryKey) else "…"
            return f"lets in duplicates, and INSERT … ON CONFLICT ({columns or '…'}) fails"
        case _:
            return "lets in rows that it refused, and may break code that relies on it"


def _recipe(op: DropConstraint, kind: str | None, ctx: Context) -> str:
    timeout = "SET LOCAL lock_timeout = '500ms';" if ctx.dialect is Dialect.POSTGRES else ""
    cascade = " CASCADE" if op.cascade else ""
    what = f"CONSTRAINT {quote_identifier(op.name)}" if op.name else "PRIMARY KEY"
    if ctx.dialect is Dialect.MYSQL and kind == "foreign key":
        what = f"FOREIGN KEY {op.name}"
    return recipe(
        "-- first release code that does not rely on it",
        LATER_MIGRATION,
        timeout,
        f"ALTER TABLE {op.table} DROP {what}{cascade};",
    )


def _is_replaced(op: DropConstraint, definition: Constraint | None, ctx: Context) -> bool:
    """Whether the same transaction adds a constraint of that name, or one that says the same of the same columns."""
    together = ctx.later(op) if ctx.transaction is not None else ctx.rest_of_statement(op)
    full = ctx.catalogue.resolve(op.table)
    return any(
        isinstance(later, AddConstraint)
        and ctx.catalogue.resolve(later.table) == full
        and (
            (op.name is not None and _name_of(later) == op.name)
            or (definition is not None and _subject(later.constraint, ctx) == _subject(definition, ctx))
        )
        for later in together
    )


def _is_absent(op: DropConstraint, ctx: Context) -> bool:
    """Whether IF EXISTS finds nothing to drop, as far as all of the table is known."""
    found = ctx.table(op.table)
    return op.if_constraint_exists and found is not None and found.complete


def _is_said_elsewhere(op: DropConstraint, definition: Constraint | None, ctx: Context) -> bool:
    """Whether another rule speaks of the cause: the table or the columns go too, or an upsert is known to fail."""
    broken = broken_upsert(op, ctx)
    if broken is not None and broken.by != "nobody seen":
        return True
    tables = {ctx.catalogue.resolve(op.table)}
    columns = frozenset(getattr(definition, "columns", ()))
    if isinstance(definition, ForeignKey):
        tables.add(ctx.catalogue.resolve(definition.referenced_table))
    for later in ctx.later(op):
        if isinstance(later, DropTable) and ctx.catalogue.resolve(later.table) in tables:
            return True
        if isinstance(later, DropColumn) and later.column in columns and later.table == op.table:
            return True
    return False


def _name_of(adding: AddConstraint) -> str | None:
    """A constraint's name; a foreign key's is made up where the SQL gives none."""
    constraint = adding.constraint
    if constraint.name is None and isinstance(constraint, ForeignKey):
        return made_up_name(adding.table.name, constraint.columns, "fkey")
    return constraint.name


def _subject(constraint: Constraint, ctx: Context) -> tuple[object, ...]:
    """What a constraint is about, whatever its name and its way of coming."""
    match constraint:
        case ForeignKey():
            return "foreign key", constraint.columns, ctx.catalogue.resolve(constraint.referenced_table)
        case UniqueConstraint(using_index=None) | PrimaryKey(using_index=None):
            return type(constraint), frozenset(constraint.columns)
        case _:
            return (replace(constraint, not_valid=False),)


def _before_in_transaction(op: ValidateConstraint, ctx: Context) -> Iterator[Operation]:
    """The operations of the transaction before this one; a statement is a transaction at least."""
    if ctx.transaction is not None:
        yield from ctx.transaction.operations
    for sibling in ctx.statement.operations if ctx.statement is not None else ():
        if sibling is op:
            return
        yield sibling


def _adds(earlier: Operation, op: ValidateConstraint, ctx: Context) -> TypeGuard[AddConstraint]:
    if not isinstance(earlier, AddConstraint) or not earlier.constraint.not_valid:
        return False
    if ctx.catalogue.resolve(earlier.table) != ctx.catalogue.resolve(op.table):
        return False
    known = known_constraint(op.table, op.name, ctx)
    return earlier.constraint.name == op.name or (known is not None and known.definition == earlier.constraint)


def _restriction(op: AddConstraint | CreateIndex | SetNotNull, ctx: Context) -> str | None:
    """What writers must obey from now on, in a few words; None when nothing is new."""
    if ctx.is_new(op.table):
        return None
    match op:
        case CreateIndex(unique=True):
            return f"the unique index {op.name or ''}".rstrip()
        case SetNotNull() if not op.implied and not proved_not_null(op.table, op.column, ctx.catalogue):
            return f"NOT NULL of {op.column}"
        case AddConstraint(constraint=UniqueConstraint(using_index=str()) | PrimaryKey(using_index=str())):
            return None
        case AddConstraint() if added(op, BaseConstraint, ctx) is not None and op.constraint.enforced:
            return f"the constraint {op.constraint.name}" if op.constraint.name else "a new constraint"
        case _:
            return None
