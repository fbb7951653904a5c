"""One transaction on the tracker's tables, wherever they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import quoted_name

from migsafe.tracker import tables
from migsafe.tracker.events import GENESIS, Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

_PAGE = 1_000


class Ledger:
    """Runs statements in a transaction that somebody else began and will end.

    The runner, and hooks inside of other tools, give the connection that runs their DDL, so that both commit together.
    """

    def __init__(self, connection: Connection, schema: str | None) -> None:
        """
        Args:
            connection: of Postgres or SQLite, with an open transaction.
            schema: in which the tables stand; None where there are no schemas.
        """
        self.connection = connection
        self.schema = schema
        self._packages = (schema,) if schema else ()
        self._options: Any = {"schema_translate_map": {None: schema}} if schema else {}

    @property
    def is_postgres(self) -> bool:
        """Whether the tracker is in a Postgres."""
        return self.connection.dialect.name == "postgresql"

    def rows(self, statement: sa.Executable) -> Sequence[Row[Any]]:
        """What a statement gives."""
        return self.connection.execute(statement, execution_options=self._options).all()

    def first(self, statement: sa.Executable) -> Row[Any] | None:
        """The first row of it; None without one."""
        return self.connection.execute(statement, execution_options=self._options).first()

    def write(self, statement: sa.Executable) -> int:
        """Run a statement that changes rows; how many it has changed."""
        return self.connection.execute(statement, execution_options=self._options).rowcount

    def insert(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows."""
        if rows:
            self.connection.execute(table.insert(), list(rows), execution_options=self._options)

    def call(self, function: str, *values: Any) -> Row[Any]:
        """What one of the tracker's own functions in Postgres gives."""
        # The name as a quoted one has the compiler quote the schema too, where it must be.
        called = sa.sql.functions.Function(quoted_name(function, quote=True), *values, packagenames=self._packages)
        return self.connection.execute(sa.select(sa.text("*")).select_from(called)).one()

    def meta(self) -> dict[str, str]:
        """What the tracker says of itself."""
        return {row.k: row.v for row in self.rows(sa.select(tables.meta))}

    def role(self) -> str:
        """As whom the database knows us: who logged in, not whom they have become since."""
        return str(self.connection.scalar(sa.text("select session_user"))) if self.is_postgres else ""

    def last_event(self) -> tuple[int, str]:
        """Place and hash of the last event; 0 and zeros before the first."""
        columns = tables.event.c
        row = self.first(sa.select(columns.seq, columns.sha).order_by(columns.seq.desc()).limit(1))
        return (0, GENESIS) if row is None else (row.seq, row.sha)

    def events(self, *condition: sa.ColumnElement[bool]) -> Iterator[Event]:
        """Events in their order, read in pages so that a long history needs little memory."""
        columns, after = tables.event.c, 0
        while True:
            query = sa.select(tables.event).where(columns.seq > after, *condition).order_by(columns.seq).limit(_PAGE)
            page = self.rows(query)
            yield from map(_event, page)
            if len(page) < _PAGE:
                return
            after = page[-1].seq


def when(since: datetime | None, environment: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions on events: from a moment on, of an environment; None of either is no condition."""
    columns = tables.event.c
    late = () if since is None else (columns.at >= since,)
    return late if environment is None else (*late, columns.env == environment)


def _event(row: Row[Any]) -> Event:
    return Event(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        role=row.db_role,
        kind=row.kind,
        subject=row.subject,
        environment=row.env,
        detail=row.detail,
        previous=row.prev_sha,
        sha=row.sha,
        client=row.client,
    )
