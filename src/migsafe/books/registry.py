"""Which tool's table belongs to a project's migrations."""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from migsafe.books import alembic, flyway
from migsafe.books.dbmate import DbmateBook
from migsafe.books.diesel import DieselBook
from migsafe.books.django import DjangoHistory
from migsafe.books.flyway import FlywayBook
from migsafe.books.golang_migrate import GolangMigrateBook
from migsafe.books.goose import GooseBook
from migsafe.books.place import TableName, parse_table
from migsafe.books.pop import PopBook
from migsafe.books.prisma import PrismaBook
from migsafe.books.sqitch import SqitchHistory
from migsafe.model.dialect import Dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migsafe.books.base import Book, History
    from migsafe.model.script import MigrationSet

_BOOKS: Mapping[str, Callable[[MigrationSet, TableName], Book]] = MappingProxyType(
    {
        "dbmate": DbmateBook,
        "diesel": DieselBook,
        "flyway": FlywayBook,
        "golang-migrate": GolangMigrateBook,
        "goose": GooseBook,
        "pop": PopBook,
        "prisma": PrismaBook,
    }
)
_HISTORIES: Mapping[str, Callable[[MigrationSet, TableName], History]] = MappingProxyType(
    {
        "alembic": alembic.AlembicHistory,
        alembic.RENDERED: alembic.AlembicHistory,
        "django": DjangoHistory,
        "sqitch": SqitchHistory,
    }
)
#: The tables of tools that name no other place, or are told of one in their own address only.
_NAMES = MappingProxyType(
    {
        alembic.RENDERED: TableName("alembic_version"),
        "diesel": TableName("__diesel_schema_migrations"),
        "django": TableName("django_migrations"),
        "golang-migrate": TableName("schema_migrations"),
        "pop": TableName("schema_migration"),
        "prisma": TableName("_prisma_migrations"),
        "sqitch": TableName("changes", "sqitch"),
    }
)
#: Variables by which a tool is told another table, and its usual one.
_VARIABLES = MappingProxyType(
    {
        "dbmate": ("DBMATE_MIGRATIONS_TABLE", "schema_migrations"),
        "goose": ("GOOSE_TABLE", "goose_db_version"),
    }
)


def book_of(layout: MigrationSet, *, table: str | None = None, environ: Mapping[str, str] | None = None) -> Book | None:
    """The table that a tool keeps in Postgres, to be written as the tool does.

    Args:
        layout: the project's migrations; its tool says which table.
        table: where it is, as a person says it; where the tool's configuration puts it when None.
        environ: the environment; the process's own when None.

    Returns:
        None where the tool has none, or where migsafe only reads it (Alembic, Django, Sqitch).

    Raises:
        UsageError: when `table` is no name of a table.
    """
    make = _BOOKS.get(layout.tool) if layout.dialect is Dialect.POSTGRES else None
    return None if make is None else make(layout, _place(layout, table, environ))


def history_of(
    layout: MigrationSet, *, table: str | None = None, environ: Mapping[str, str] | None = None
) -> History | None:
    """The table that a tool keeps in Postgres, to be read; see `book_of`. None for plain SQL, which has none."""
    make = _HISTORIES.get(layout.tool) if layout.dialect is Dialect.POSTGRES else None
    if make is None:
        return book_of(layout, table=table, environ=environ)
    return make(layout, _place(layout, table, environ))


def _place(layout: MigrationSet, table: str | None, environ: Mapping[str, str] | None) -> TableName:
    if table is not None:
        return parse_table(table)
    known = os.environ if environ is None else environ
    if layout.tool in _VARIABLES:
        variable, usual = _VARIABLES[layout.tool]
        return parse_table(known.get(variable) or usual)
    if layout.tool == "flyway":
        return flyway.configured_table(Path(layout.root), known)
    return alembic.configured_table(Path(layout.root)) if layout.tool == "alembic" else _NAMES[layout.tool]
