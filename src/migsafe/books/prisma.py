"""Prisma Migrate: `_prisma_migrations`, with a row for every attempt.

Read from prisma-engines 6 (`schema-connector/src/checksum.rs`,
`sql-schema-connector/src/sql_migration_persistence.rs`), and compared with Prisma 6.19.3, which reads what is written
here, and the other way round. A row begins with `started_at` and gets `finished_at` when the file has run; one with
neither `finished_at` nor `rolled_back_at` failed, was cut off, or runs now, and Prisma goes no further (P3009). The
checksum is the SHA-256 of the file in hexadecimal digits; line breaks of the other kind are forgiven, as are digits
without their zeros, which early versions wrote. The table stands in the schema that the address names, `public` as a
rule.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from migsafe.books.base import Applied, BookError, Outcome
from migsafe.books.table import ToolTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.books.place import TableName
    from migsafe.model.script import Migration, MigrationSet
    from migsafe.postgres.connection import Session

_CREATE = (
    "create table {table} (id varchar(36) primary key not null, checksum varchar(64) not null, "
    "finished_at timestamptz, migration_name varchar(255) not null, logs text, rolled_back_at timestamptz, "
    "started_at timestamptz not null default now(), applied_steps_count integer not null default 0)"
)
_INSERT = (
    "insert into {table} (id, checksum, migration_name, started_at, finished_at, applied_steps_count) "
    "values ({}, {}, {}, clock_timestamp() - {}::interval, clock_timestamp(), 1)"
)
_GIVE_UP = (
    "update {table} set rolled_back_at = clock_timestamp() "
    "where migration_name = {} and rolled_back_at is null and finished_at is null"
)
_TAKE_BACK = (
    "update {table} set rolled_back_at = clock_timestamp() where migration_name = {} and rolled_back_at is null"
)
_DIGITS = 64
#: What a file that is one query cannot take back when it fails.
_OUTSIDE = re.compile(r"\b(?:COMMIT|CONCURRENTLY)\b", re.IGNORECASE)


class PrismaBook(ToolTable):
    """Prisma's table."""

    tool = "prisma"
    columns = frozenset({"id", "checksum", "migration_name", "started_at", "finished_at", "rolled_back_at", "logs"})
    select = (
        "select migration_name::text, checksum::text, finished_at, logs from {table} "
        "where rolled_back_at is null order by started_at, id"
    )

    def __init__(self, layout: MigrationSet, name: TableName) -> None:
        """
        Args:
            layout: the project's migrations.
            name: the table.
        """
        super().__init__(layout, name)
        self._known: Mapping[str, Migration] = {one.id: one for one in layout.migrations}

    def applied(self, session: Session) -> tuple[Applied, ...]:
        """The last attempt at each migration, of those that were not rolled back."""
        last: dict[str, tuple[Any, ...]] = {}
        for row in self._rows(session):
            last.pop(row[0], None)
            last[row[0]] = row
        return tuple(self._read(*row) for row in last.values())

    def _read(self, name: str, checksum: str, finished_at: Any, logs: str | None) -> Applied:
        migration = self._known.get(name)
        outcome, note = (Outcome.DONE, None) if finished_at is not None else _failure(logs, migration)
        return Applied(
            id=name,
            known=migration is not None,
            at=finished_at,
            checksum=checksum,
            outcome=outcome,
            changed=None if migration is None else _is_changed(migration, checksum),
            note=note,
        )

    def make(self, session: Session) -> None:
        """Make the table."""
        session.execute_with_names(_CREATE, table=self._name.parts)

    def mark_applied(self, session: Session, migration: Migration, *, ran_ms: int) -> None:
        """Give the migration a row that is finished; attempts that failed before are marked as rolled back."""
        session.execute_with_names(_GIVE_UP, (migration.id,), table=self._name.parts)
        values = (str(uuid4()), _checksum(_text(migration)), migration.id, f"{ran_ms} milliseconds")
        session.execute_with_names(_INSERT, values, table=self._name.parts)

    def mark_reverted(self, session: Session, migration: Migration) -> None:
        """Mark the migration's row as rolled back.

        Raises:
            BookError: when it has none.
        """
        if not any(one.id == migration.id for one in self.applied(session)):
            raise BookError(f"{self.table} does not say that {migration.id} has run")
        session.execute_with_names(_TAKE_BACK, (migration.id,), table=self._name.parts)


def _failure(logs: str | None, migration: Migration | None) -> tuple[Outcome, str]:
    """What is left of an attempt without an end: the file is one query, and so one transaction as a rule."""
    if not logs:
        return Outcome.PARTIAL, "it began and never ended: it was cut off, or runs now"
    text = _text(migration) if migration is not None else "COMMIT"
    first = next(filter(None, map(str.strip, logs.splitlines())), "no reason is kept")
    return (Outcome.PARTIAL if _OUTSIDE.search(text) else Outcome.FAILED), first


def _is_changed(migration: Migration, checksum: str) -> bool:
    text = _text(migration)
    same = (text, text.replace("\r\n", "\n"), text.replace("\n", "\r\n"))
    spell = _checksum if len(checksum) == _DIGITS else _early_checksum
    return checksum not in map(spell, same)


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _early_checksum(text: str) -> str:
    """Each byte without a leading zero."""
    return "".join(f"{byte:x}" for byte in hashlib.sha256(text.encode()).digest())


def _text(migration: Migration) -> str:
    """The file as it is on disk."""
    return migration.up.source.text if migration.up is not None else ""
