"""What holds other objects: schemas, databases, tablespaces, extensions."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    AlterExtension,
    CreateExtension,
    CreateSchema,
    DropDatabase,
    DropExtension,
    DropSchema,
    DropTablespace,
    ObjectKind,
    RenameObject,
)
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.neighbours import in_one_statement
from migsafe.rules.registry import POSTGRES, rule
from migsafe.rules.wording import LATER_MIGRATION, name_list, recipe

_WITH_SCHEMAS = (Dialect.POSTGRES, Dialect.MYSQL)
_NAMES_SHOWN = 10


@rule(Category.COMPAT, DropSchema, dialects=_WITH_SCHEMAS)
def drop_schema(op: DropSchema, ctx: Context) -> Iterator[Hazard]:
    """A schema is dropped, with CASCADE together with all that is in it.

    Why it hurts: every table in it is locked ACCESS EXCLUSIVE and gone with its rows; code that uses any of them
        fails.
    Do instead: drop the objects one by one, each a release after its last use, then the empty schema without CASCADE.
    Fine when: the migration itself makes the schema.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-dropschema.html
    """
    gone = [other.schema for other in in_one_statement(op, ctx) if not _is_made_here(ctx, other.schema)]
    if not gone:
        return
    inside = [str(table) for schema in gone for table in _tables_in(ctx, schema)]
    content = f" with {name_list(_first(inside))}" if inside else " with everything in it" if op.cascade else ""
    names = [quote_identifier(schema) for schema in gone]
    yield Hazard(
        message=f"the schema {name_list(names)} is gone{content if op.cascade else ''}, and code that uses it fails",
        severity=None if op.cascade or inside or ctx.dialect is Dialect.MYSQL else Severity.WARNING,
        instead=recipe(
            f"-- drop what is in {name_list(names)} by name, each a release after its last use",
            LATER_MIGRATION,
            f"DROP SCHEMA {', '.join(names)};",
        ),
        objects=(*gone, *inside),
    )


@rule(Category.COMPAT, RenameObject)
def rename_schema(op: RenameObject, ctx: Context) -> Iterator[Hazard]:
    """A schema gets another name.

    Why it hurts: code that names the schema, and every search path that does, finds nothing from then on.
    Do instead: a new schema, into which the tables move one by one behind views in the old one.
    Fine when: the migration itself makes the schema.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-alterschema.html
    """
    if op.kind is not ObjectKind.SCHEMA or _is_made_here(ctx, op.name.name):
        return
    old, new = quote_identifier(op.name.name), quote_identifier(op.new_name)
    yield Hazard(
        message=f"code that names {old}, or has it in its search path, fails as soon as it is called {new}",
        instead=recipe(
            f"CREATE SCHEMA {new};",
            "-- for each table, in one transaction:",
            f"ALTER TABLE {old}.<table> SET SCHEMA {new};",
            f"CREATE VIEW {old}.<table> AS SELECT * FROM {new}.<table>;",
        ),
        objects=(op.name.name, op.new_name),
    )


@rule(Category.COMPAT, DropDatabase, dialects=_WITH_SCHEMAS)
def drop_database(op: DropDatabase, ctx: Context) -> Iterator[Hazard]:
    """A database is dropped.

    Why it hurts: everything in it is gone, and only a backup brings it back. (Postgres refuses it inside a
        transaction.)
    Do instead: by hand, after a backup that was restored somewhere to prove it; never in a migration.
    Fine when: never in a migration.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-dropdatabase.html
    """
    name = quote_identifier(op.database)
    yield Hazard(message=f"the database {name} and everything in it are gone", objects=(op.database,))


@rule(Category.COMPAT, DropTablespace)
def drop_tablespace(op: DropTablespace, ctx: Context) -> Iterator[Hazard]:
    """A tablespace is dropped.

    Why it hurts: it fails while any database of the cluster keeps something there, and later restores and replicas
        that expect the tablespace fail.
    Do instead: by hand, after all that is in it was moved; a tablespace belongs to the server, not to one application.
    Fine when: never in a migration.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-droptablespace.html
    """
    name = quote_identifier(op.tablespace)
    yield Hazard(message=f"the tablespace {name} is gone for every database of the server", objects=(op.tablespace,))


@rule(Category.COMPAT, DropExtension, AlterExtension, severity=Severity.WARNING, dialects=POSTGRES)
def drop_extension(op: DropExtension | AlterExtension, ctx: Context) -> Iterator[Hazard]:
    """An extension is dropped or updated.

    Why it hurts: its functions, operators and types go with it, with CASCADE also the columns, indexes and defaults
        that use them. An update can change how functions behave under running code.
    Do instead: release code that does not use it, and drop it without CASCADE, which fails while something depends on
        it.
    Fine when: the migration itself makes it.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-dropextension.html
    """
    if any(isinstance(other, CreateExtension) and other.extension == op.extension for other in ctx.earlier):
        return
    name = quote_identifier(op.extension)
    if isinstance(op, AlterExtension):
        yield Hazard(
            message=f"running code gets the changed functions of {name} at once",
            severity=Severity.INFO,
            objects=(op.extension,),
        )
        return
    along = ", with the columns, indexes and defaults that need them" if op.cascade else ""
    yield Hazard(
        message=f"the functions, operators and types of {name} are gone{along}",
        severity=Severity.ERROR if op.cascade else None,
        instead=recipe(f"-- first release code that no longer uses {name}", LATER_MIGRATION, f"DROP EXTENSION {name};"),
        objects=(op.extension,),
    )


def _is_made_here(ctx: Context, schema: str) -> bool:
    return any(isinstance(op, CreateSchema) and op.schema == schema and not op.if_not_exists for op in ctx.earlier)


def _tables_in(ctx: Context, schema: str) -> list[QualifiedName]:
    return sorted(name for name in ctx.catalogue.tables if name.schema == schema)


def _first(names: list[str]) -> list[str]:
    rest = len(names) - _NAMES_SHOWN
    return names if rest <= 0 else [*names[:_NAMES_SHOWN], f"{rest} more"]
