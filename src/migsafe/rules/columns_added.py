"""New columns: what they do to the rows that exist, and to the code that does not know them."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.names import quote_identifier
from migsafe.model.operation import AddColumn, ColumnDefinition, PrimaryKey
from migsafe.rules.context import Context
from migsafe.rules.grouping import together
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.volatility import Volatility, unknown_functions, volatility
from migsafe.rules.knowledge.work import SERIAL_TYPES
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import LATER_MIGRATION, name_list, recipe, set_not_null_recipe

_INTEGER_OF_SERIAL = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}
_MYSQL_DATES = frozenset({"date", "datetime", "timestamp"})


@rule(Category.DATA, AddColumn, dialects=EVERY_DIALECT)
def add_column_not_null_no_default(op: AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A NOT NULL column is added to an existing table without a DEFAULT.

    Why it hurts: rows that exist have no value for it, so the statement fails (Postgres: 23502; SQLite refuses it even
        on an empty table); where it succeeds, every INSERT of the running release, which does not name the column,
        fails from then on.
    Do instead: add the column with a constant DEFAULT and keep that until all code writes the column; or add it
        nullable, backfill, and make it NOT NULL in a later release.
    Fine when: the migration itself makes the table; the column is generated, an identity or a serial.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html; SQLite, "ALTER TABLE ADD
        COLUMN"; MySQL 8.4, 13.6 "Data Type Default Values".
    """
    added = together(op, ctx, lambda other: _lacks_value(other, ctx))
    if not added:
        return
    names = [_column(other) for other in added]
    now = "" if ctx.is_emptied(op.table) else f"this fails if {op.table} has rows, and "
    yield Hazard(
        message=f"{name_list(names)} {'is' if len(names) == 1 else 'are'} NOT NULL without a DEFAULT: {now}"
        f"inserts that leave {'it' if len(names) == 1 else 'them'} out fail afterwards",
        instead=recipe(
            *(
                f"ALTER TABLE {op.table} ADD COLUMN {_typed(o.definition)} NOT NULL DEFAULT <a constant>;"
                for o in added
            ),
            "-- or, when no constant fits: nullable first, then backfill in batches",
            *(f"ALTER TABLE {op.table} ADD COLUMN {_typed(other.definition)};" for other in added),
            *_not_null_later(added, ctx),
        ),
        objects=tuple(names),
    )


@rule(Category.LOCK, AddColumn)
def add_column_volatile_default(op: AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A column is added with a DEFAULT that must be computed for each existing row.

    Why it hurts: ACCESS EXCLUSIVE while the whole table and its indexes are rewritten: nobody reads or writes. A
        constant, now() or another default that is not volatile is stored once and costs nothing.
    Do instead: add the column without a default, set the default for new rows, and backfill in batches.
    Fine when: the migration itself makes the table; the default is the same for all rows.
    Source: PostgreSQL 11 to 18, https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-NOTES
    """
    default = op.definition.default
    if default is None or ctx.is_new(op.table):
        return
    kind = volatility(default, ctx.catalogue)
    if kind is Volatility.CONSTANT:
        return
    unknown = kind is Volatility.UNKNOWN
    yield Hazard(
        message=_unknown_default(op, ctx)
        if unknown
        else f"the default {default.text} of {_column(op)} is another for each row: all of {op.table} is rewritten",
        severity=Severity.WARNING if unknown else None,
        instead=_default_for_new_rows(op, ctx),
        objects=(_column(op),),
    )


@rule(Category.LOCK, AddColumn)
def add_column_default_pre11(op: AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A column is added with a DEFAULT on a server older than Postgres 11.

    Why it hurts: before version 11 every default but NULL rewrites the table under ACCESS EXCLUSIVE.
    Do instead: add the column without a default, set the default for new rows, and backfill in batches.
    Fine when: the server is version 11 or later, or the migration itself makes the table.
    Source: PostgreSQL 10, https://www.postgresql.org/docs/10/sql-altertable.html; release notes of 11.
    """
    default = op.definition.default
    if ctx.server.major >= 11 or default is None or default.null or ctx.is_new(op.table):
        return
    if volatility(default, ctx.catalogue) is Volatility.VOLATILE:
        return
    yield Hazard(
        message=f"on Postgres {ctx.server.major} the default of {_column(op)} rewrites all of {op.table}",
        instead=_default_for_new_rows(op, ctx),
        objects=(_column(op),),
    )


@rule(Category.LOCK, AddColumn, dialects=(Dialect.POSTGRES, Dialect.MYSQL))
def add_column_serial(op: AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A serial, identity or AUTO_INCREMENT column is added to an existing table.

    Why it hurts: each row gets its own number, so the table is rewritten: under ACCESS EXCLUSIVE in Postgres, by a
        copy that keeps writes waiting in MySQL (where replicas may number the rows differently, too).
    Do instead: add a nullable column and a sequence, let new rows take from it, and backfill in batches.
    Fine when: the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-NOTES; MySQL
        8.4, 17.12.1 "Online DDL Operations".
    """
    column = op.definition
    if ctx.is_new(op.table) or not _is_numbered(column):
        return
    if ctx.dialect is Dialect.MYSQL:
        message = f"adding the AUTO_INCREMENT column {_column(op)} copies {op.table}, and writes wait until it is done"
        instead = recipe(
            f"ALTER TABLE {op.table} ADD COLUMN {quote_identifier(column.name)} bigint NULL;",
            "-- or copy the table online with gh-ost or pt-online-schema-change",
        )
    else:
        message = f"numbering the existing rows in {_column(op)} rewrites all of {op.table}"
        instead = _sequence_for_new_rows(op)
    yield Hazard(message=message, instead=instead, objects=(_column(op),))


@rule(Category.LOCK, AddColumn, dialects=(Dialect.POSTGRES, Dialect.MYSQL))
def add_column_generated_stored(op: AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A stored generated column is added to an existing table.

    Why it hurts: its value is computed and stored for each row: the table is rewritten, under ACCESS EXCLUSIVE in
        Postgres, by a copy that keeps writes waiting in MySQL.
    Do instead: a VIRTUAL column (Postgres 18, MySQL), which costs nothing to add; or a plain column, a trigger that
        fills it, and a backfill in batches.
    Fine when: the column is VIRTUAL, or the migration itself makes the table.
    Source: PostgreSQL 12 to 18, https://www.postgresql.org/docs/18/ddl-generated-columns.html; MySQL 8.4, 17.12.1.
    """
    generated = op.definition.generated
    if generated is None or not generated.stored or ctx.is_new(op.table):
        return
    virtual = ctx.dialect is Dialect.MYSQL or ctx.server.major >= 18
    expression = generated.expression.text
    yield Hazard(
        message=f"computing the stored column {_column(op)} for the existing rows rewrites all of {op.table}",
        instead=f"ALTER TABLE {op.table} ADD COLUMN {_typed(op.definition)} GENERATED ALWAYS AS ({expression}) VIRTUAL;"
        if virtual
        else recipe(
            f"ALTER TABLE {op.table} ADD COLUMN {_typed(op.definition)};",
            f"-- a BEFORE INSERT OR UPDATE trigger on {op.table} sets it to {expression}; then, in batches:",
            f"UPDATE {op.table} SET {quote_identifier(op.definition.name)} = {expression} WHERE <a range of keys>;",
        ),
        objects=(_column(op),),
    )


@rule(Category.LOCK, AddColumn)
def add_column_constrained_domain(op: AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A column whose type is a domain with constraints is added to an existing table.

    Why it hurts: Postgres holds the domain's constraints against every row, and rewrites the table for it under ACCESS
        EXCLUSIVE, even where the column is nullable and has no default.
    Do instead: add the column with the domain's base type, and give the table the CHECK as NOT VALID; validate later.
    Fine when: the domain has no constraints, or the migration itself makes the table.
    Source: observed on PostgreSQL 18.6; https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-NOTES
    """
    column = op.definition
    if ctx.is_new(op.table) or column.type is None or column.type.dimensions:
        return
    domain = ctx.catalogue.domain(column.type)
    if domain is None or not domain.constrained or (column.default and _is_volatile(op, ctx)):
        return
    name = quote_identifier(column.name)
    yield Hazard(
        message=f"the domain {column.type} of {_column(op)} has constraints, so all of {op.table} is rewritten",
        instead=recipe(
            f"ALTER TABLE {op.table} ADD COLUMN {name} {domain.base};",
            f"ALTER TABLE {op.table} ADD CONSTRAINT {quote_identifier(f'{op.table.name}_{column.name}_check')} "
            f"CHECK (<what {column.type} demands of {name}>) NOT VALID;",
        ),
        objects=(_column(op), str(column.type)),
    )


@rule(Category.COMPAT, AddColumn, severity=Severity.INFO, default=False)
def inheritance_column(op: AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A column called "type" is added, which Active Record takes for single-table inheritance.

    Why it hurts: Rails reads a column of that name as the name of a class: as soon as the column exists, the running
        release tries to load classes by its values.
    Do instead: set `self.inheritance_column = nil` in the model and deploy that first, or choose another name.
    Fine when: the application does not use Active Record, or the migration itself makes the table.
    Source: Ruby on Rails guides, "Single Table Inheritance".
    """
    if op.definition.name == "type" and not ctx.is_new(op.table):
        yield Hazard(message=f"Active Record reads {_column(op)} as the name of a class", objects=(_column(op),))


def _lacks_value(op: AddColumn, ctx: Context) -> bool:
    """Whether existing rows have nothing to put into a column that may not be NULL."""
    column = op.definition
    if ctx.is_new(op.table) or not column.not_null or _has_value(column) or _is_primary_key(column):
        return False
    return ctx.dialect is not Dialect.MYSQL or (column.type is not None and column.type.name in _MYSQL_DATES)


def _column(op: AddColumn) -> str:
    return f"{op.table}.{quote_identifier(op.definition.name)}"


def _typed(column: ColumnDefinition) -> str:
    return f"{quote_identifier(column.name)} {column.type or ''}".strip()


def _has_value(column: ColumnDefinition) -> bool:
    """Whether existing rows, and inserts that do not name the column, get a value."""
    has_default = column.default is not None and not column.default.null
    return has_default or column.generated is not None or _is_numbered(column)


def _is_numbered(column: ColumnDefinition) -> bool:
    is_serial = column.type is not None and column.type.name in SERIAL_TYPES
    return is_serial or column.identity is not None or column.auto_increment


def _is_primary_key(column: ColumnDefinition) -> bool:
    return any(isinstance(constraint, PrimaryKey) for constraint in column.constraints)


def _is_volatile(op: AddColumn, ctx: Context) -> bool:
    default = op.definition.default
    return default is not None and volatility(default, ctx.catalogue) is Volatility.VOLATILE


def _unknown_default(op: AddColumn, ctx: Context) -> str:
    default = op.definition.default
    functions = unknown_functions(default, ctx.catalogue) if default is not None else ()
    what = f"{name_list(functions)}()" if functions else "it"
    text = default.text if default is not None else ""
    return f"the default {text} of {_column(op)} rewrites all of {op.table}, unless {what} is STABLE or IMMUTABLE"


def _default_for_new_rows(op: AddColumn, ctx: Context) -> str:
    column, default = op.definition, op.definition.default
    name = quote_identifier(column.name)
    text = default.text if default is not None else ""
    return recipe(
        f"ALTER TABLE {op.table} ADD COLUMN {_typed(column)};",
        f"ALTER TABLE {op.table} ALTER COLUMN {name} SET DEFAULT {text};",
        "-- then, in batches outside of the migration:",
        f"UPDATE {op.table} SET {name} = {text} WHERE {name} IS NULL AND <a range of keys>;",
        *(_not_null_later((op,), ctx) if column.not_null else ()),
    )


def _sequence_for_new_rows(op: AddColumn) -> str:
    column, name = op.definition, quote_identifier(op.definition.name)
    kind = _INTEGER_OF_SERIAL.get(column.type.name, str(column.type)) if column.type else "bigint"
    sequence = op.table.renamed(f"{op.table.name}_{column.name}_seq")
    return recipe(
        f"ALTER TABLE {op.table} ADD COLUMN {name} {kind};",
        f"CREATE SEQUENCE {sequence} AS {kind} OWNED BY {op.table}.{name};",
        f"ALTER TABLE {op.table} ALTER COLUMN {name} SET DEFAULT nextval('{sequence}');",
        "-- then, in batches outside of the migration:",
        f"UPDATE {op.table} SET {name} = nextval('{sequence}') WHERE {name} IS NULL AND <a range of keys>;",
    )


def _not_null_later(added: tuple[AddColumn, ...], ctx: Context) -> tuple[str, ...]:
    if ctx.dialect is not Dialect.POSTGRES:
        return ()
    columns = [each.definition.name for each in added]
    return (LATER_MIGRATION, set_not_null_recipe(added[0].table, columns, ctx.server.major))
