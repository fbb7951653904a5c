"""The name of a tool's table, and where in a database it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.books.base import BookError
from migsafe.errors import UsageError

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session

_PART = r'"(?:[^"]|"")+"|[^".\s][^".]*'
_NAME = re.compile(rf"(?:(?P<schema>{_PART})\.)?(?P<name>{_PART})")
_BY_PATH = "select true where to_regclass(quote_ident(%s)) is not null"
_BY_SCHEMA = (
    "select true from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
    "where n.nspname = %s and c.relname = %s and c.relkind in ('r', 'p', 'v', 'f')"
)
_COLUMNS = (
    "select a.attname::text from pg_catalog.pg_attribute a where a.attnum > 0 and not a.attisdropped "
    "and a.attrelid = to_regclass(%s)"
)
_ELSEWHERE = (
    "select n.nspname::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
    "where c.relname = %s and c.relkind in ('r', 'p') order by 1"
)


@dataclass(frozen=True, slots=True)
class TableName:
    """A table; without a schema it is looked for along the session's `search_path`, as the tools do it."""

    name: str
    schema: str | None = None

    def __str__(self) -> str:
        return ".".join(map(_spelt, self.parts))

    @property
    def parts(self) -> tuple[str, ...]:
        """As the driver quotes them."""
        return (self.name,) if self.schema is None else (self.schema, self.name)

    def exists(self, session: Session) -> bool:
        """Whether there is such a table."""
        if self.schema is None:
            return bool(session.query(_BY_PATH, (self.name,)))
        return bool(session.query(_BY_SCHEMA, (self.schema, self.name)))

    def columns(self, session: Session) -> frozenset[str]:
        """The names of its columns; none where it is missing."""
        quoted = ".".join(f'"{part.replace(chr(34), chr(34) * 2)}"' for part in self.parts)
        return frozenset(name for (name,) in session.query(_COLUMNS, (quoted,)))

    def expect(
        self, session: Session, columns: frozenset[str], tool: str, *, never: frozenset[str] = frozenset()
    ) -> None:
        """Make sure that it is the tool's: tools share names, and `schema_migrations` is the table of five.

        Args:
            columns: those that the tool's table has.
            never: those by which it is known as another tool's.

        Raises:
            BookError: when it lacks one of the first, or has one of the second.
        """
        found = self.columns(session)
        missing, strange = sorted(columns - found), sorted(never & found)
        if missing or strange:
            reason = f"it has no column {', '.join(missing)}" if missing else f"it has a column {strange[0]}"
            raise BookError(
                f"{self} is not the table of {tool}: {reason}", hint="--table [SCHEMA.]NAME says which one is"
            )

    def schemas(self, session: Session) -> tuple[str, ...]:
        """All schemas in which there is a table of that name."""
        return tuple(name for (name,) in session.query(_ELSEWHERE, (self.name,)))


def parse_table(text: str) -> TableName:
    """The table that a person means: `NAME` or `SCHEMA.NAME`, a part in double quotes where it holds a dot.

    Letters are taken as they stand: tools quote the names that they are given.

    Raises:
        UsageError: when that is no name of a table.
    """
    match = _NAME.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is no name of a table", hint="NAME, or SCHEMA.NAME")
    return TableName(_part(match["name"]), _part(match["schema"]) if match["schema"] is not None else None)


def _part(written: str) -> str:
    return written[1:-1].replace('""', '"') if written.startswith('"') else written


def _spelt(part: str) -> str:
    return part if re.fullmatch(r"\w+", part) else '"{}"'.format(part.replace('"', '""'))
