"""Tables that go away, get another name or place, or lose their rows."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    CreateTable,
    CreateView,
    DropTable,
    Insert,
    ObjectKind,
    Operation,
    RenameTable,
    SetSchema,
    TruncateTable,
)
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.neighbours import (
    comes_back,
    in_one_statement,
    is_freed_here,
    is_made_here,
    is_same,
    locks_of_all,
    new_table_name,
)
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import LATER_MIGRATION, name_list, recipe, shown

_CALLED_BY_NAME = {ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW, ObjectKind.FOREIGN_TABLE}
_PERHAPS_CALLED = {
    ObjectKind.SEQUENCE,
    ObjectKind.TYPE,
    ObjectKind.DOMAIN,
    ObjectKind.FUNCTION,
    ObjectKind.PROCEDURE,
    ObjectKind.ROUTINE,
    ObjectKind.AGGREGATE,
}


@rule(Category.COMPAT, DropTable, dialects=EVERY_DIALECT)
def drop_table(op: DropTable, ctx: Context) -> Iterator[Hazard]:
    """A table is dropped.

    Why it hurts: every query of the running release that names the table fails, and its rows are gone: there is no way
        back but a backup.
    Do instead: release code that does not use the table; rename or archive it for a while; drop it a release later.
    Fine when: the migration itself makes the table, or builds it anew under the same name and carries the rows over.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-droptable.html
    """
    dropped = [other for other in in_one_statement(op, ctx) if not ctx.is_new(other.table)]
    dropped = [other for other in dropped if not _is_rebuilt(other, ctx) and not _is_made_again(other, ctx)]
    if not dropped:
        return
    names = [str(other.table) for other in dropped]
    known = any(ctx.table(other.table) is not None for other in dropped)
    perhaps = not known and all(other.if_exists for other in dropped)
    swapped = all(comes_back(ctx, other, other.table) for other in dropped)
    yield Hazard(
        message=f"{name_list(names)} and all {'its' if len(names) == 1 else 'their'} rows are gone"
        + ("; another table takes the name" if swapped else "; code that still uses the name fails"),
        severity=Severity.WARNING if perhaps or swapped else None,
        locks=locks_of_all(dropped, ctx),
        instead=recipe(
            f"-- first release code that no longer uses {name_list(names)}",
            LATER_MIGRATION,
            f"DROP TABLE {', '.join(names)};",
        ),
        objects=tuple(names),
    )


@rule(Category.COMPAT, DropTable, dialects=EVERY_DIALECT)
def create_table_force(op: DropTable, ctx: Context) -> Iterator[Hazard]:
    """A table is dropped if it exists, and then made again.

    Why it hurts: where the table exists, all its rows are lost, without an error.
    Do instead: CREATE TABLE alone, which fails when the table exists, or ALTER TABLE.
    Fine when: the migration itself made the table that it drops, or has copied its rows before.
    Source: strong_migrations, "Creating a table with the force option".
    """
    if ctx.is_new(op.table) or _is_rebuilt(op, ctx) or not _is_made_again(op, ctx):
        return
    yield Hazard(
        message=f"{op.table} is dropped and made again: all its rows are lost",
        instead=f"CREATE TABLE {op.table} (…);",
        objects=(str(op.table),),
    )


@rule(Category.COMPAT, RenameTable, dialects=EVERY_DIALECT)
def rename_table(op: RenameTable, ctx: Context) -> Iterator[Hazard]:
    """A table gets another name.

    Why it hurts: the running release uses the old name, the next one the new name: whatever the order, one of them
        fails until the other is gone.
    Do instead: rename it and make a view with the old name in one transaction; a view of one table can be written
        through. Drop the view a release later.
    Fine when: the migration itself makes the table; a view with the old name follows; another table takes the old name
        (a swap).
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-createview.html, "Updatable Views"
    """
    new = new_table_name(ctx, op)
    if ctx.is_new(op.table) or _old_name_stays(op, ctx) or is_freed_here(ctx, new):
        return
    bare = quote_identifier(op.new_name.name)
    replaced = comes_back(ctx, op, op.table)
    yield Hazard(
        message=f"code that uses {op.table} "
        + (
            f"finds another table there: the rows are in {bare}"
            if replaced
            else "fails as soon as it is called " + bare
        ),
        severity=Severity.WARNING if replaced else None,
        instead=_rename_behind_view(op, ctx, new),
        objects=(str(op.table), str(op.new_name)),
    )


@rule(Category.COMPAT, TruncateTable, dialects=EVERY_DIALECT)
def truncate_table(op: TruncateTable, ctx: Context) -> Iterator[Hazard]:
    """All rows of a table are removed at once.

    Why it hurts: the rows are gone for the running release too, and ACCESS EXCLUSIVE keeps even readers waiting until
        the transaction ends. Old snapshots find the table empty.
    Do instead: delete in batches, outside of the migration, once no code needs the rows.
    Fine when: the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-truncate.html
    """
    emptied = [other for other in in_one_statement(op, ctx) if not ctx.is_new(other.table)]
    tables = [other.table for other in emptied]
    if not tables or op.cascade:
        return
    names = name_list(tables)
    yield Hazard(
        message=f"all rows of {names} are gone at once, and nobody reads or writes {names} until the transaction ends",
        locks=locks_of_all(emptied, ctx),
        instead=recipe(
            "-- in batches, outside of the migration:",
            *(f"DELETE FROM {table} WHERE <a range of keys>;" for table in tables),
        ),
        objects=tuple(str(table) for table in tables),
    )


@rule(Category.COMPAT, TruncateTable)
def truncate_cascade(op: TruncateTable, ctx: Context) -> Iterator[Hazard]:
    """TRUNCATE … CASCADE empties tables that the statement does not name.

    Why it hurts: every table that has a foreign key to this one, and those that have one to them, lose all rows.
    Do instead: name every table that shall be emptied, without CASCADE.
    Fine when: the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-truncate.html
    """
    named = [other.table for other in in_one_statement(op, ctx)]
    tables = [table for table in named if not ctx.is_new(table)]
    if not op.cascade or not tables:
        return
    full = {ctx.catalogue.resolve(table) for table in named}
    others = [shown(name, ctx.catalogue) for name in sorted(_emptied_by_cascade(ctx, full) - full)]
    lost = f", {name_list(others)} among them" if others else ""
    yield Hazard(
        message=f"all rows of {name_list(tables)} and of every table with a foreign key to it are gone{lost}",
        instead=f"TRUNCATE {', '.join(str(name) for name in (*tables, *others))};",
        objects=tuple(str(name) for name in (*tables, *others)),
    )


@rule(Category.COMPAT, SetSchema)
def set_schema(op: SetSchema, ctx: Context) -> Iterator[Hazard]:
    """An object moves to another schema.

    Why it hurts: code that names it with its schema, or finds it by its search path, fails; privileges on the new
        schema are needed as well; a publication by schema loses the table.
    Do instead: for a table, make a view in the old schema in the same transaction, and drop it a release later.
    Fine when: the migration itself makes the object, or makes a view with the old name.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html
    """
    if ctx.is_new(op.name) or is_made_here(ctx, op.name) or comes_back(ctx, op, op.name):
        return
    old = ctx.catalogue.resolve(op.name)
    here, moved = shown(old, ctx.catalogue), op.name.moved(op.schema)
    called = op.kind in _CALLED_BY_NAME
    yield Hazard(
        message=f"code that uses {here} fails as soon as the {op.kind} is in the schema {quote_identifier(op.schema)}",
        severity=None if called else Severity.WARNING if op.kind in _PERHAPS_CALLED else Severity.INFO,
        instead=recipe(
            "BEGIN;",
            f"ALTER {op.kind.upper()} {op.name} SET SCHEMA {quote_identifier(op.schema)};",
            f"CREATE VIEW {old} AS SELECT * FROM {moved};  -- with the grants of {old}",
            "COMMIT;",
            LATER_MIGRATION,
            f"DROP VIEW {old};",
        )
        if called
        else None,
        objects=(str(op.name), op.schema),
    )


def _is_rebuilt(op: DropTable, ctx: Context) -> bool:
    """Whether the migration builds the table anew and carries its rows over, as SQLite has to for most changes."""
    if _is_made_again(op, ctx) and any(_copies(earlier, op.table, ctx) for earlier in ctx.earlier):
        return True
    if _was_replaced(op, ctx):
        return True
    return ctx.dialect is Dialect.SQLITE and any(
        isinstance(later, RenameTable) and is_same(ctx, new_table_name(ctx, later), op.table) for later in ctx.later(op)
    )


def _was_replaced(op: DropTable, ctx: Context) -> bool:
    """Whether the migration itself gave the table this name, and made another one under the name that code uses."""
    before = [
        earlier.table
        for earlier in ctx.earlier
        if isinstance(earlier, RenameTable) and earlier.new_name.name == op.table.name
    ]
    return any(ctx.is_new(name) for name in before)


def _copies(op: Operation, table: QualifiedName, ctx: Context) -> bool:
    """Whether an operation copies rows of a table into another one."""
    return isinstance(op, Insert | CreateTable) and any(is_same(ctx, read, table) for read in op.reads)


def _is_made_again(op: DropTable, ctx: Context) -> bool:
    return any(
        isinstance(later, CreateTable) and not later.temporary and is_same(ctx, later.table, op.table)
        for later in ctx.later(op)
    )


def _old_name_stays(op: RenameTable, ctx: Context) -> bool:
    """Whether readers of the old name go on finding rows: through a view, after a swap, or in a table built anew."""
    for later in ctx.later(op):
        if isinstance(later, CreateView) and is_same(ctx, later.view, op.table):
            return True
        if isinstance(later, RenameTable) and new_table_name(ctx, later) == ctx.catalogue.resolve(op.table):
            return True
        if (
            isinstance(later, Insert)
            and is_same(ctx, later.table, op.table)
            and op.new_name.name in _names(later.reads)
        ):
            return True
    return False


def _names(tables: tuple[QualifiedName, ...]) -> set[str]:
    return {table.name for table in tables}


def _rename_behind_view(op: RenameTable, ctx: Context, new: QualifiedName) -> str:
    bare = quote_identifier(op.new_name.name)
    if ctx.dialect is not Dialect.POSTGRES:
        return recipe(
            f"ALTER TABLE {op.table} RENAME TO {bare};",
            f"CREATE VIEW {op.table} AS SELECT * FROM {shown(new, ctx.catalogue)};",
            f"{LATER_MIGRATION[:-1]}, when no release uses {op.table}:",
            f"DROP VIEW {op.table};",
        )
    return recipe(
        "BEGIN;",
        f"ALTER TABLE {op.table} RENAME TO {bare};",
        f"CREATE VIEW {op.table} WITH (security_invoker = true) AS SELECT * FROM {shown(new, ctx.catalogue)};",
        f"-- and the grants of {op.table} on the view",
        "COMMIT;",
        f"{LATER_MIGRATION[:-1]}, when no release uses {op.table}:",
        f"DROP VIEW {op.table};",
    )


def _emptied_by_cascade(ctx: Context, tables: set[QualifiedName]) -> set[QualifiedName]:
    found, open_ends = set(tables), list(tables)
    while open_ends:
        for other in ctx.catalogue.referencing(open_ends.pop()):
            if other.name not in found:
                found.add(other.name)
                open_ends.append(other.name)
    return found
