"""One session on a Postgres server, opened by the rules of the house.

psycopg is imported only when a connection is made: a command that never connects never pays for it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    import psycopg
    from psycopg.pq.abc import PGconn
    from psycopg.sql import SQL, Composed

APPLICATION_NAME = "migsafe"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a session waits, in milliseconds; 0 waits for ever.

    Attributes:
        lock: for one lock (`lock_timeout` is per lock, not per statement).
        statement: for one statement, its waits included.
    """

    lock: int = 500
    statement: int = 30_000


#: For CREATE, DROP and REINDEX INDEX CONCURRENTLY: `lock_timeout` would cancel their waits for old snapshots too,
#: and leave an invalid index behind.
NO_TIMEOUTS = Timeouts(lock=0, statement=0)


class StatementFailedError(EnvironmentFailedError):
    """The server refused a statement."""

    def __init__(self, message: str, *, sqlstate: str | None, hint: str | None = None) -> None:
        """
        Args:
            message: the server's primary message, in one line.
            sqlstate: the five characters of its error code; None when the connection broke.
            hint: the server's hint, if it gave one.
        """
        super().__init__(message, hint=hint)
        self.sqlstate = sqlstate


class Session:
    """One connection; a context manager that closes it.

    Made by `connect`. Errors of the server come out as `StatementFailedError`, without passwords.

    Attributes:
        dsn: what it was opened with, password included: for another session on the same database, and never shown.
    """

    def __init__(
        self, connection: psycopg.Connection[tuple[Any, ...]], secrets: tuple[str, ...] = (), *, dsn: str = ""
    ) -> None:
        self._connection = connection
        self._secrets = secrets
        self.dsn = dsn

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session; what is not committed is rolled back. Closing twice is fine."""
        self._connection.close()

    def cancel(self) -> None:
        """Stop the statement that runs in another thread, if there is one; it fails there with 57014.

        Raises:
            StatementFailedError: when the server cannot be told so.
        """
        with self._errors():
            self._connection.cancel_safe()

    def commit(self) -> None:
        """End the transaction that is open; nothing happens where none is.

        Raises:
            StatementFailedError: when the server refuses it: what waited for the end failed, or the connection broke.
                After a broken connection nobody knows whether it was committed.
        """
        with self._errors():
            self._connection.commit()

    def rollback(self) -> None:
        """Take back the transaction that is open; nothing happens where none is.

        Raises:
            StatementFailedError: when the connection broke; then the server has taken it back.
        """
        with self._errors():
            self._connection.rollback()

    @property
    def backend_pid(self) -> int:
        """The process id of the server's backend."""
        return self._connection.info.backend_pid

    @property
    def address(self) -> dict[str, str]:
        """Where and as whom the session is, as libpq's parameters; with the password, and so never shown."""
        info = self._connection.info
        place = {"host": info.host, "port": str(info.port), "user": info.user, "dbname": info.dbname}
        return {**info.get_parameters(), **place, "password": info.password}

    @property
    def server_version(self) -> int:
        """The server's version as a number: 180006 for 18.6."""
        return self._connection.info.server_version

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, be it a failed one."""
        from psycopg.pq import TransactionStatus

        return self._connection.info.transaction_status is not TransactionStatus.IDLE

    @property
    def wire(self) -> PGconn:
        """The connection as libpq has it, for what this package does at the level of the protocol."""
        return self._connection.pgconn

    @property
    def driver(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The driver's own connection, for a library that speaks to one; its errors are the driver's."""
        return self._connection

    def execute(self, sql: str) -> None:
        """Run a script of one or more statements as it is; what it returns is dropped.

        Raises:
            StatementFailedError: at the first statement that the server refuses.
        """
        with self._errors():
            self._connection.execute(sql.encode())

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement that returns rows.

        Args:
            sql: with `%s` for each parameter; without parameters a `%` is only a `%`.
            parameters: values, bound by the driver.

        Raises:
            StatementFailedError: when the server refuses it.
        """
        with self._errors():
            return self._connection.execute(sql.encode(), parameters or None).fetchall()

    def read(self, statement: SQL | Composed) -> list[tuple[Any, ...]]:
        """Run one statement that the driver has composed, and that returns rows.

        Raises:
            StatementFailedError: when the server refuses it.
        """
        with self._errors():
            return self._connection.execute(statement).fetchall()

    def change(self, statement: SQL | Composed) -> int:
        """Run one statement that the driver has composed; how many rows it has changed.

        Raises:
            StatementFailedError: when the server refuses it.
        """
        with self._errors():
            return self._connection.execute(statement).rowcount

    def query_all(self, sql: str, values: Sequence[str] = ()) -> list[list[tuple[Any, ...]]]:
        """Run several statements in one round trip.

        Args:
            sql: with `{}` for each value; other braces are doubled.
            values: texts that the driver writes as literals.

        Returns:
            The rows of each statement that returns rows, in order.

        Raises:
            StatementFailedError: at the first statement that the server refuses; those after it are not run.
        """
        from psycopg import sql as composer

        statements = (
            composer.SQL(sql).format(*(composer.Literal(value) for value in values)) if values else sql.encode()
        )
        answers = []
        with self._errors(), self._connection.cursor() as cursor:
            cursor.execute(statements)
            more: bool | None = True
            while more:
                if cursor.description is not None:
                    answers.append(cursor.fetchall())
                more = cursor.nextset()
        return answers

    def copy_in(self, command: str, rows: str) -> None:
        """Run `COPY … FROM STDIN` with its rows.

        Args:
            command: the statement, without its rows.
            rows: in the format that the statement names, each with its line break.

        Raises:
            StatementFailedError: when the server refuses the statement or a row.
        """
        with self._errors(), self._connection.cursor() as cursor, cursor.copy(command.encode()) as copy:
            copy.write(rows)

    def execute_with_names(self, sql: str, values: Sequence[str] = (), /, **names: str | tuple[str, ...]) -> None:
        """Run one or more statements whose `{name}` places take identifiers, quoted by the driver.

        Args:
            sql: with `{name}` for each identifier, and `{}` for each value.
            values: texts that the driver writes as literals.
            names: by place: a name, or its parts from schema to name.

        Raises:
            StatementFailedError: when the server refuses it.
        """
        from psycopg import sql as composer

        parts = {place: (name,) if isinstance(name, str) else name for place, name in names.items()}
        identifiers = {place: composer.Identifier(*name) for place, name in parts.items()}
        literals = [composer.Literal(value) for value in values]
        statement = composer.SQL(sql).format(*literals, **identifiers)
        with self._errors():
            self._connection.execute(statement)

    def query_with_names(self, sql: str, /, **names: str | tuple[str, ...]) -> list[tuple[Any, ...]]:
        """Run one statement that returns rows, and whose `{name}` places take identifiers, quoted by the driver.

        Args:
            sql: with `{name}` for each identifier.
            names: by place: a name, or its parts from schema to name.

        Raises:
            StatementFailedError: when the server refuses it.
        """
        from psycopg import sql as composer

        parts = {place: (name,) if isinstance(name, str) else name for place, name in names.items()}
        identifiers = {place: composer.Identifier(*name) for place, name in parts.items()}
        with self._errors():
            return self._connection.execute(composer.SQL(sql).format(**identifiers)).fetchall()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            message = error.diag.message_primary or str(error) or type(error).__name__
            raise StatementFailedError(
                redact(_first_line(message), *self._secrets),
                sqlstate=error.sqlstate,
                hint=_redacted(error.diag.message_hint, self._secrets),
            ) from None


def connect(
    dsn: str,
    *,
    autocommit: bool,
    timeouts: Timeouts | None = None,
    connect_timeout_s: int = 10,
    settings: bool = True,
) -> Session:
    """Open a session as every session of migsafe is opened.

    `application_name` is migsafe; `row_security` is off, so that a policy makes a read fail and not lie; and both
    timeouts are set. They are set by statements and not as startup options, which poolers refuse.

    Args:
        dsn: a URL or a connection string of libpq.
        autocommit: each statement is its own transaction; else a transaction is open from the first statement on.
        timeouts: the house's defaults when left out.
        connect_timeout_s: seconds until an unreachable server is given up.
        settings: false sets none for the session, for who sets them for each transaction: behind a pooler a setting of
            the session would stay on a connection that is the application's next.

    Raises:
        EnvironmentFailedError: when the address cannot be read, the server cannot be reached, or it says no.
    """
    psycopg = _driver()
    secrets = _secrets(dsn)
    try:
        connection = psycopg.connect(
            dsn,
            autocommit=True,
            application_name=APPLICATION_NAME,
            client_encoding="UTF8",
            connect_timeout=connect_timeout_s,
            prepare_threshold=None,
        )
    except psycopg.Error as error:
        raise EnvironmentFailedError(
            f"cannot connect to Postgres: {redact(_first_line(str(error)), *secrets)}",
            hint="check the address, that the server runs, and that this role may log in",
        ) from None
    session = Session(connection, secrets, dsn=dsn)
    try:
        if settings:
            _set_rules(session, timeouts or Timeouts())
        connection.autocommit = autocommit
    except BaseException:
        session.close()
        raise
    return session


def make_dsn(**parameters: str | int) -> str:
    """Write a connection string of libpq, quoted as it wants it."""
    _driver()
    from psycopg.conninfo import make_conninfo

    return make_conninfo("", **parameters)


def _set_rules(session: Session, timeouts: Timeouts) -> None:
    settings = (
        ("row_security", "off"),
        ("lock_timeout", f"{timeouts.lock}ms"),
        ("statement_timeout", f"{timeouts.statement}ms"),
    )
    for name, value in settings:
        session.query("select set_config(%s, %s, false)", (name, value))


def _driver() -> ModuleType:
    try:
        import psycopg
    except ImportError:
        raise EnvironmentFailedError(
            "psycopg cannot be loaded, and without it no Postgres can be reached",
            hint="pip install 'psycopg[binary]'",
        ) from None
    return psycopg


def _secrets(dsn: str) -> tuple[str, ...]:
    """The passwords in an address; psycopg's own error text would repeat parts of one that it cannot read."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parameters = conninfo_to_dict(dsn)
    except ProgrammingError:
        raise EnvironmentFailedError(
            "the address of the database cannot be read",
            hint="write postgresql://user@host:port/database, or key=value pairs; percent-encode special characters",
        ) from None
    return tuple(str(parameters[key]) for key in ("password", "sslpassword") if parameters.get(key))


def _first_line(message: str) -> str:
    return message.strip().partition("\n")[0]


def _redacted(text: str | None, secrets: tuple[str, ...]) -> str | None:
    return None if text is None else redact(text, *secrets)
