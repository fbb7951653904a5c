"""A database in memory, and statements on it one by one, in exactly the transactions that are asked for.

sqlite3 is imported only when a database is opened: a command that never opens one never pays for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Self

from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

_NAME = re.compile(r"\{(\w+)\}")

#: Pragmas that name folders of the machine; the rest of them stays in the database.
_OUTWARD_PRAGMAS = frozenset({"temp_store_directory", "data_store_directory"})

#: What a database in memory is called; VACUUM attaches one without a name.
_IN_MEMORY = frozenset({"", ":memory:"})


class StatementRefusedError(EnvironmentFailedError):
    """SQLite refused a statement."""

    def __init__(self, message: str, *, code: str | None) -> None:
        """
        Args:
            code: the extended result code, for example "SQLITE_CONSTRAINT_NOTNULL" (sqlite.org/rescode.html); None
                where SQLite has not been asked.
        """
        super().__init__(message)
        self.code = code


def linked_version() -> str:
    """The version of the linked SQLite, for example "3.40.1"."""
    import sqlite3

    return sqlite3.sqlite_version


class Database:
    """A database in memory and its one connection; a context manager that closes it.

    It is in autocommit, enforces foreign keys, and reaches no file: SQL of a stranger may not attach one.
    """

    #: How names are written, which is the same in every database.
    _quotes: ClassVar[dict[str, str]] = {}

    def __init__(self, connection: sqlite3.Connection) -> None:
        """
        Args:
            connection: made by `open`.
        """
        self._connection = connection
        self._functions: set[str] = set()
        self._collations: set[str] = set()

    @classmethod
    def open(cls) -> Self:
        """An empty database."""
        import sqlite3

        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.text_factory = _text
        connection.execute("pragma foreign_keys = on")
        connection.set_authorizer(_authorize)
        return cls(connection)

    def copy(self) -> Self:
        """Another database with the same content, and a connection as new: without temporary tables and settings."""
        other = self.open()
        for name in self._functions:
            other.stand_in_for_function(name)
        for name in self._collations:
            other.stand_in_for_collation(name)
        self._connection.backup(other._connection)
        return other

    def stand_in_for_function(self, name: str) -> None:
        """Have a function of an application's own: it gives its first argument back, or NULL without one."""
        self._functions.add(name)
        self._connection.create_function(name, -1, _first, deterministic=True)

    def stand_in_for_collation(self, name: str) -> None:
        """Have a collation of an application's own: it compares code points."""
        self._collations.add(name)
        self._connection.create_collation(name, _compare)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def execute(self, statement: str) -> None:
        """Run one statement to its end, whatever rows it gives.

        Raises:
            StatementRefusedError: when SQLite refuses it, or it is none or several.
        """
        self.query(statement)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, and give its rows.

        Args:
            parameters: values for `?`.

        Raises:
            StatementRefusedError: as `execute`.
        """
        import sqlite3

        try:
            return self._connection.execute(sql, parameters).fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise StatementRefusedError(str(error), code=getattr(error, "sqlite_errorname", None)) from None
        except ValueError as error:
            # A NUL or half of a surrogate pair, which no statement may hold.
            raise StatementRefusedError(str(error), code=None) from None

    def query_with_names(
        self, sql: str, parameters: Sequence[Any] = (), names: Mapping[str, str] | None = None
    ) -> list[tuple[Any, ...]]:
        """As `query`, with each `{place}` filled with a name that SQLite itself has quoted.

        Raises:
            StatementRefusedError: as `execute`.
        """
        quoted = {place: self._quoted(name) for place, name in (names or {}).items()}
        return self.query(_NAME.sub(lambda match: quoted[match[1]], sql), parameters)

    def run_script(self, sql: str) -> None:
        """Run several statements, in no transaction but their own.

        Raises:
            StatementRefusedError: as `execute`; what came before is done.
        """
        import sqlite3

        try:
            self._connection.executescript(sql)
        except sqlite3.Error as error:
            raise StatementRefusedError(str(error), code=getattr(error, "sqlite_errorname", None)) from None

    def _quoted(self, name: str) -> str:
        if name not in self._quotes:
            ((self._quotes[name],),) = self.query("""select printf('"%w"', ?)""", (name,))
        return self._quotes[name]

    def close(self) -> None:
        """End the connection; the database is gone with it."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _first(*arguments: Any) -> Any:
    return arguments[0] if arguments else None


def _compare(one: str, other: str) -> int:
    return (one > other) - (one < other)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _authorize(action: int, first: str | None, _second: str | None, _schema: str | None, _trigger: str | None) -> int:
    """Keep a stranger's SQL away from the machine's files."""
    import sqlite3

    if action == sqlite3.SQLITE_ATTACH and first not in _IN_MEMORY:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _OUTWARD_PRAGMAS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
