"""Foreign keys: the columns that they are made of."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.catalogue import Table
from migsafe.model.finding import Category, Severity
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import AddColumn, AddConstraint, CreateTable, DataType, ForeignKey, PrimaryKey
from migsafe.rules.context import Context
from migsafe.rules.events import EndOfScript
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.key_types import Mismatch, mismatch
from migsafe.rules.registry import rule
from migsafe.rules.wording import OUTSIDE_TRANSACTION, column_list, recipe, shown


@rule(Category.DATA, AddConstraint, AddColumn, CreateTable, severity=Severity.WARNING)
def fk_type_mismatch(op: AddConstraint | AddColumn | CreateTable, ctx: Context) -> Iterator[Hazard]:
    """A foreign key's column has another type than the key that it references.

    Why it hurts: a narrower integer runs out before the key does, and then every insert fails; a type that cannot be
    compared with the key's makes the statement itself fail (42804).

    Do instead: give the column the type of the key.

    Fine when: the column is the wider one.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-constraints.html#DDL-CONSTRAINTS-FK
    """
    for key in _keys_of(op):
        for column, target, found in _mismatches(op, key, ctx):
            if found.kind == "narrower":
                message = f"{op.table}.{column} is {found.column}, and cannot hold every {target}, which is {found.key}"
            else:
                message = f"{op.table}.{column} is {found.column}, and cannot reference {target}, which is {found.key}"
            yield Hazard(
                message=message,
                instead=recipe("-- the type of the key:", f"{quote_identifier(column)} {found.key}"),
                severity=Severity.WARNING if found.kind == "narrower" else Severity.ERROR,
                objects=(f"{op.table}.{column}", target),
            )


@rule(Category.PERF, EndOfScript)
def fk_missing_index(op: EndOfScript, ctx: Context) -> Iterator[Hazard]:
    """A foreign key's columns have no index of their own.

    Why it hurts: every DELETE of a referenced row, and every UPDATE of its key, scans the whole referencing table.

    Do instead: CREATE INDEX CONCURRENTLY on the referencing columns.

    Fine when: referenced rows are never deleted, and their keys never change.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-constraints.html#DDL-CONSTRAINTS-FK
    """
    for earlier in ctx.earlier:
        if not isinstance(earlier, AddConstraint | AddColumn | CreateTable) or ctx.table(earlier.table) is None:
            continue
        for key in _keys_of(earlier):
            if key.columns and not _indexed(earlier.table, key.columns, ctx):
                listed = column_list(key.columns)
                yield Hazard(
                    message=f"no index of {earlier.table} begins with ({listed}): "
                    f"deleting a row of {key.referenced_table} scans {earlier.table}",
                    instead=_index_recipe(earlier.table, listed, ctx),
                    objects=(str(earlier.table), *key.columns),
                    at=earlier.span,
                )


def _index_recipe(table: QualifiedName, listed: str, ctx: Context) -> str:
    if ctx.is_new(table):
        return f"CREATE INDEX ON {table} ({listed});"
    return recipe(OUTSIDE_TRANSACTION, f"CREATE INDEX CONCURRENTLY ON {table} ({listed});")


def _keys_of(op: AddConstraint | AddColumn | CreateTable) -> list[ForeignKey]:
    """The foreign keys that an operation makes."""
    if isinstance(op, AddConstraint):
        found = [op.constraint]
    elif isinstance(op, AddColumn):
        found = list(op.definition.constraints)
    else:
        found = [*op.constraints, *(constraint for column in op.columns for constraint in column.constraints)]
    return [key for key in found if isinstance(key, ForeignKey)]


def _mismatches(
    op: AddConstraint | AddColumn | CreateTable, key: ForeignKey, ctx: Context
) -> Iterator[tuple[str, str, Mismatch]]:
    """The columns of a foreign key whose types do not fit: column, referenced column, and how."""
    referenced = ctx.table(key.referenced_table)
    if referenced is None:
        return
    targets = key.referenced_columns or _primary_key(referenced)
    for column, target in zip(key.columns, targets, strict=False):
        theirs = referenced.columns.get(target)
        found = mismatch(_type_of(op, column, ctx), theirs.type if theirs else None)
        if found is not None:
            yield column, f"{shown(referenced.name, ctx.catalogue)}.{target}", found


def _primary_key(table: Table) -> tuple[str, ...]:
    keys = (each.definition.columns for each in table.constraints.values() if isinstance(each.definition, PrimaryKey))
    return next(keys, ())


def _type_of(op: AddConstraint | AddColumn | CreateTable, column: str, ctx: Context) -> DataType | None:
    definitions = op.columns if isinstance(op, CreateTable) else (op.definition,) if isinstance(op, AddColumn) else ()
    own = next((definition for definition in definitions if definition.name == column), None)
    if own is not None:
        return own.type
    known = ctx.column(op.table, column)
    return known.type if known is not None else None


def _indexed(table: QualifiedName, columns: tuple[str, ...], ctx: Context) -> bool:
    """Whether a whole index begins with these columns, in any order."""
    return any(
        index.where is None and frozenset(index.columns[: len(columns)]) == frozenset(columns)
        for index in ctx.catalogue.indexes_of(table)
    )
