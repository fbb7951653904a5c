"""A database driver that sends nothing: it records SQL and makes up answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.sources.alembic.worker.server import PretendedServer

paramstyle = "pyformat"
threadsafety = 1
apilevel = "2.0"
__version__ = "99.0"
# SQLAlchemy leaves out what older ones cannot do
sqlite_version_info = (3, 45, 0)


class Error(Exception):
    """As PEP 249 names it."""


class Warning(Exception):
    """As PEP 249 names it."""


class InterfaceError(Error):
    """As PEP 249 names it."""


class DatabaseError(Error):
    """As PEP 249 names it."""


class DataError(DatabaseError):
    """As PEP 249 names it."""


class OperationalError(DatabaseError):
    """As PEP 249 names it."""


class IntegrityError(DatabaseError):
    """As PEP 249 names it."""


class InternalError(DatabaseError):
    """As PEP 249 names it."""


class ProgrammingError(DatabaseError):
    """As PEP 249 names it."""


class NotSupportedError(DatabaseError):
    """As PEP 249 names it."""


def Binary(value: bytes) -> bytes:
    """A binary value; nothing to wrap here."""
    return value


def connect(*_: object, **__: object) -> NoReturn:
    """Refuse: connections come from the engine."""
    raise OperationalError("there is no database while migrations are rendered")


class Cursor:
    """Gives statements to the pretended server and hands out its rows."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = -1
        self.lastrowid = 0
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, sql: str, parameters: object = None, context: Any = None) -> Cursor:
        """Run one statement.

        Args:
            context: SQLAlchemy's execution context; None when the revision has asked for a raw cursor.
        """
        answer = self.connection.server.run(sql, parameters, context)
        self.description = [(name, None, None, None, None, None, None) for name in answer.names] or None
        self._rows = list(answer.rows)
        self.rowcount = answer.rowcount
        self.lastrowid = answer.last_id
        return self

    def executemany(self, sql: str, parameters: Sequence[object], context: Any = None) -> Cursor:
        """Run one statement for each set of parameters."""
        total = 0
        for each in parameters:
            self.execute(sql, each, context)
            total += max(self.rowcount, 0)
        self.rowcount = total
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next rows."""
        count = size or self.arraysize
        taken, self._rows = self._rows[:count], self._rows[count:]
        return taken

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        taken, self._rows = self._rows, []
        return taken

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.fetchall())

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def nextset(self) -> None:
        """There is never a second result."""

    def setinputsizes(self, *_: object) -> None:
        """Nothing to prepare."""

    def close(self) -> None:
        """Nothing to release."""


class Connection:
    """A connection to the pretended server.

    Attributes:
        main: whether it is the one whose transaction the migration runs in.
    """

    def __init__(self, server: PretendedServer, *, main: bool) -> None:
        self.server = server
        self.main = main
        self.autocommit = False
        self.closed = False

    def cursor(self, *_: object, **__: object) -> Cursor:
        """A new cursor."""
        return Cursor(self)

    def begin(self) -> None:
        """A transaction begins."""
        if self.main and not self.autocommit:
            self.server.control("BEGIN")

    def commit(self) -> None:
        """The transaction is committed."""
        if self.main and not self.autocommit:
            self.server.control("COMMIT")

    def rollback(self) -> None:
        """The transaction is rolled back."""
        if self.main and not self.autocommit:
            self.server.control("ROLLBACK")

    def close(self) -> None:
        """Nothing to release."""
        self.closed = True
