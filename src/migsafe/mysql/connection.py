"""One session on a MySQL or MariaDB server, opened by the rules of the house.

PyMySQL is an optional part of the installation and is imported only when a connection is made.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    import pymysql

    from migsafe.mysql.address import Address

APPLICATION_NAME = "migsafe"

#: Seconds that a statement waits for a table that somebody else uses (the server's own default is a day or a year).
_LOCK_WAIT_S = 30

_PLACE = re.compile(r"\{(\w+)\}")
_WORKING_COPY = re.compile(r"#sql[\w-]+")
_VERSION = re.compile(r"(?:5\.5\.5-)?(\d+)\.(\d+)\.(\d+)")


class ServerVersion(NamedTuple):
    """A server's product and version, for example ("MariaDB", (10, 11, 6))."""

    product: str
    number: tuple[int, int, int]

    def __str__(self) -> str:
        return ".".join(map(str, self.number))


class StatementRefusedError(EnvironmentFailedError):
    """The server refused a statement."""

    def __init__(self, message: str, *, code: int | None) -> None:
        """
        Args:
            message: the server's, in one line, without the name of the session's own schema.
            code: the server's error number, for example 1062; None when the connection broke or nothing was sent.
        """
        super().__init__(message)
        self.code = code


class Session:
    """One connection in autocommit; a context manager that closes it. Made by `connect`.

    Attributes:
        schema: the schema that it was opened on; None for none.
        version: the server's.
    """

    def __init__(
        self, connection: pymysql.Connection[Any], version: ServerVersion, *, secret: str, schema: str | None
    ) -> None:
        self._connection = connection
        self._secret = secret
        self.schema = schema
        self.version = version

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session; what is not committed is rolled back. Closing twice is fine."""
        import pymysql

        try:
            self._connection.close()
        except pymysql.Error:
            # It is closed already, or the server has ended it.
            return

    def execute(self, statement: str) -> int:
        """Run one statement as it is, whatever rows it gives.

        Returns:
            How many rows it changed or gave.

        Raises:
            StatementRefusedError: when the server refuses it; several statements in one text are refused too.
        """
        with self._errors(), self._connection.cursor() as cursor:
            rows = int(cursor.execute(statement))
            while cursor.nextset():
                pass
        return rows

    def query(self, sql: str, parameters: Sequence[object] = (), **names: str) -> list[tuple[Any, ...]]:
        """Run one statement, and give its rows.

        Args:
            sql: with `%s` for each parameter, and `{place}` for each name.
            parameters: values, bound by the driver; without any, a `%` is only a `%`.
            names: identifiers by place.

        Raises:
            StatementRefusedError: when the server refuses it.
        """
        filled = _PLACE.sub(lambda match: _quoted(names[match[1]], escape=bool(parameters)), sql) if names else sql
        with self._errors(), self._connection.cursor() as cursor:
            cursor.execute(filled, parameters or None)
            return list(cursor.fetchall())

    def facts(self, sql: str, parameters: Sequence[object]) -> list[dict[str, Any]]:
        """As `query`, each row by the upper-case names of its columns: servers add columns with their versions."""
        with self._errors(), self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            names = [column[0].upper() for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import pymysql

        try:
            yield
        except pymysql.Error as error:
            code, message = _said(error)
            raise StatementRefusedError(self._clean(message), code=code) from None
        except UnicodeEncodeError:
            raise StatementRefusedError(
                "it holds half of a surrogate pair, which no statement may", code=None
            ) from None

    def _clean(self, message: str) -> str:
        text = " ".join(message.split())
        if self._secret:
            text = text.replace(self._secret, "***")
        # The schema's name is made up, and would be another one in the next run.
        # So is that of the copy that the server changes in the table's stead.
        text = _WORKING_COPY.sub("#sql", text)
        for form in (f"`{self.schema}`.", f"{self.schema}.", f"{self.schema}/") if self.schema else ():
            text = text.replace(form, "")
        return text


def connect(address: Address, schema: str | None = None, *, connect_timeout_s: int = 10) -> Session:
    """Open a session as every session of migsafe is opened.

    It is in autocommit, speaks utf8mb4, reads no file for the server (LOCAL INFILE), sends one statement at a time, and
    waits for a table for half a minute at most.

    Args:
        schema: the schema in which unqualified names are looked up.
        connect_timeout_s: seconds until an unreachable server is given up.

    Raises:
        EnvironmentFailedError: when PyMySQL is not installed, the server cannot be reached, or it says no.
    """
    pymysql = _driver()
    try:
        connection = pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            unix_socket=address.socket,
            database=schema,
            charset="utf8mb4",
            autocommit=True,
            local_infile=False,
            connect_timeout=connect_timeout_s,
            program_name=APPLICATION_NAME,
            ssl={"ca": address.ssl_ca} if address.ssl_ca else None,
            # Nobody listens on a Unix socket, and a context for TLS takes thirty milliseconds to make.
            ssl_disabled=address.socket is not None,
        )
    except (pymysql.Error, OSError, RuntimeError) as error:
        # RuntimeError: an account that needs the package cryptography to log in over a connection without TLS.
        message = _said(error)[1].replace(address.password or "\0", "***")
        raise EnvironmentFailedError(
            f"cannot connect to MySQL: {message}",
            hint="check the address, that the server runs, and that this account may log in",
        ) from None
    version = parse_version(connection.get_server_info())
    session = Session(connection, version, secret=address.password, schema=schema)
    session.query("set session lock_wait_timeout = %s", (_LOCK_WAIT_S,))
    return session


def parse_version(text: str) -> ServerVersion:
    """The version in what a server says of itself, for example "10.11.6-MariaDB-1" or "8.0.36".

    Some versions of MariaDB put "5.5.5-" in front, which replication once needed.
    """
    match = _VERSION.match(text)
    number = (int(match[1]), int(match[2]), int(match[3])) if match else (0, 0, 0)
    return ServerVersion("MariaDB" if "mariadb" in text.lower() else "MySQL", number)


def quote_identifier(name: str) -> str:
    """A name as an identifier in SQL (MySQL 8.4 manual, 11.2 "Schema Object Names"): the driver has no tool for it."""
    return f"`{name.replace('`', '``')}`"


def _quoted(name: str, *, escape: bool) -> str:
    quoted = quote_identifier(name)
    return quoted.replace("%", "%%") if escape else quoted


def _said(error: Exception) -> tuple[int | None, str]:
    """The server's number and words in an error of the driver."""
    match error.args:
        case (int() as code, message):
            return code or None, str(message)
        case _:
            return None, str(error) or type(error).__name__


def _driver() -> ModuleType:
    try:
        import pymysql
    except ImportError:
        raise EnvironmentFailedError(
            "PyMySQL is not installed, and without it no MySQL or MariaDB can be reached",
            hint="pip install 'migsafe-toolkit[mysql]'",
        ) from None
    return pymysql
