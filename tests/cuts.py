"""Cuts between migsafe and a database, at moments that a test names: before and after what a driver is told.

A server's database takes no connections any more, and its sessions are ended. A file is not where it was, and what is
asked of it fails as on a folder of the network that is away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import OperationalError
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy.engine.default import DefaultDialect

#: What a tracker in a file is called among the databases.
FILE = "sqlite"
#: A statement, or COMMIT, as it is about to be told to a database of that name, or (True) has been told.
Meant = Callable[[str, str, bool], bool]


class Database:
    """A database that can be taken away, as seen by its administrator."""

    def __init__(self, dsn: str) -> None:
        self.name = str(conninfo_to_dict(dsn)["dbname"])
        self._admin = make_conninfo(dsn, dbname="postgres")

    def cut_off(self) -> None:
        """It takes no connections, and its sessions are ended."""
        self._do(psycopg.sql.SQL("alter database {} allow_connections false"))
        self.end_sessions()

    def end_sessions(self) -> None:
        """Its sessions are ended; they are gone when this returns."""
        with psycopg.connect(self._admin, autocommit=True) as admin:
            # With a timeout, the function waits until the process is gone (manual, 9.28.2).
            admin.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", (self.name,)
            )

    def bring_back(self) -> None:
        """It takes connections again."""
        self._do(psycopg.sql.SQL("alter database {} allow_connections true"))

    def _do(self, statement: psycopg.sql.SQL) -> None:
        with psycopg.connect(self._admin, autocommit=True) as admin:
            admin.execute(statement.format(psycopg.sql.Identifier(self.name)))


class File:
    """A tracker in a file that can be taken away.

    Attributes:
        name: as moments have it.
    """

    name = FILE

    def __init__(self, path: Path) -> None:
        self._path = path
        self._elsewhere = path.with_name(f"{path.name}.away")

    def cut_off(self) -> None:
        """It is away, and the statement that is about to be told fails.

        Raises:
            OperationalError: always.
        """
        self.take_away()
        raise OperationalError("disk I/O error")

    def take_away(self) -> None:
        """It is away for whoever opens it from now on."""
        self._path.rename(self._elsewhere)

    def bring_back(self) -> None:
        """It is there again."""
        if self._elsewhere.exists():
            self._elsewhere.rename(self._path)


@dataclass
class Watch:
    """What goes to the databases, and what happens at one moment of it.

    Attributes:
        moments: of all that was meant: the statement's first words.
        at: the number of the one at which `act` is called; none when it is 0.
    """

    meant: Meant
    act: Callable[[], None]
    at: int = 1
    moments: list[str] = field(default_factory=list)

    @property
    def happened(self) -> bool:
        """Whether the moment has come."""
        return 0 < self.at <= len(self.moments)

    def passes(self, statement: str, database: str, done: bool) -> None:
        """One moment."""
        if self.meant(statement, database, done):
            self.moments.append(statement)
            if len(self.moments) == self.at:
                self.act()


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """Stand between both drivers and the databases, in this process."""
    cursor_execute, connection_commit = psycopg.Cursor.execute, psycopg.Connection.commit
    file_execute, file_commit = DefaultDialect.do_execute, DefaultDialect.do_commit

    def execute(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        statement, name = query.decode() if isinstance(query, bytes) else str(query), cursor.connection.info.dbname
        watch.passes(statement, name, False)
        answer = cursor_execute(cursor, query, *arguments, **options)
        watch.passes(statement, name, True)
        return answer

    def commit(connection: Any) -> None:
        name = connection.info.dbname
        watch.passes("COMMIT", name, False)
        connection_commit(connection)
        watch.passes("COMMIT", name, True)

    def execute_in_file(dialect: Any, cursor: Any, statement: Any, *arguments: Any) -> None:
        if dialect.name == FILE:
            watch.passes(statement, FILE, False)
        file_execute(dialect, cursor, statement, *arguments)
        if dialect.name == FILE:
            watch.passes(statement, FILE, True)

    def commit_file(dialect: Any, connection: Any) -> None:
        if dialect.name == FILE:
            watch.passes("COMMIT", FILE, False)
        file_commit(dialect, connection)
        if dialect.name == FILE:
            watch.passes("COMMIT", FILE, True)

    psycopg.Cursor.execute, psycopg.Connection.commit = execute, commit  # type: ignore[method-assign]  # a test's own stand-ins
    DefaultDialect.do_execute, DefaultDialect.do_commit = execute_in_file, commit_file  # type: ignore[method-assign]  # a test's own stand-ins
    try:
        yield watch
    finally:
        psycopg.Cursor.execute, psycopg.Connection.commit = cursor_execute, connection_commit  # type: ignore[method-assign]  # a test's own stand-ins
        DefaultDialect.do_execute, DefaultDialect.do_commit = file_execute, file_commit  # type: ignore[method-assign]  # a test's own stand-ins
