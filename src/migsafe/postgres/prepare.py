"""Statements of others, as a driver sends them: parsed and described by the server, and tried without a trace.

This is the extended query protocol (PostgreSQL 18 manual, 54.2.3 "Extended Query"): Parse finds what a statement
names, Describe tells the types of its parameters and the columns of its result. Nothing is executed for that.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, LiteralString

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.connection import StatementFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg.pq.abc import PGresult

    from migsafe.postgres.connection import Session

#: The one statement that is prepared at a time. The unnamed one would do for Parse, but EXECUTE cannot say its name.
_NAME: Final = "migsafe_query"

#: Back to the beginning, also from a transaction that has failed; the prepared statement stays.
_UNDO: Final = "rollback to savepoint migsafe_inside"

#: Milliseconds that one statement may take when it is tried.
_TIMEOUT_MS = 1_000


@dataclass(frozen=True, slots=True)
class DescribedColumn:
    """A column of a result: its name, its type's oid, and the type's modifier (-1: none)."""

    name: str
    type_oid: int
    modifier: int


@dataclass(frozen=True, slots=True)
class Description:
    """What the server says of a statement.

    Attributes:
        parameters: the oid of each parameter's type, `$1` first.
        columns: of its result; empty for a statement that returns no rows.
    """

    parameters: tuple[int, ...]
    columns: tuple[DescribedColumn, ...]


@contextmanager
def laboratory(session: Session) -> Iterator[Laboratory]:
    """A place in which statements are tried; all that they do is taken back at its end.

    In the transaction that is open, or in one of its own. Sequences keep the values that they have given out, as after
    any rollback.

    Raises:
        EnvironmentFailedError: when the connection is gone at the end, for example because a statement ended it.
    """
    own = not session.in_transaction
    if own:
        session.execute("begin")
    session.execute(
        f"savepoint migsafe_outside; set local statement_timeout = {_TIMEOUT_MS};"
        " set local plan_cache_mode = force_generic_plan; savepoint migsafe_inside"
    )
    laboratory = Laboratory(session)
    try:
        yield laboratory
    finally:
        if laboratory.is_open:
            session.execute(
                "rollback" if own else "rollback to savepoint migsafe_outside; release savepoint migsafe_outside"
            )
            laboratory.close()


class Laboratory:
    """Prepares one statement at a time, and tries it. Made by `laboratory`."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._prepared = False

    @property
    def is_open(self) -> bool:
        """Whether the connection still stands."""
        from psycopg.pq import ConnStatus

        return self.session.wire.status == ConnStatus.OK

    def prepare(self, sql: str, parameter_types: Sequence[int] = ()) -> Description:
        """Parse and describe a statement, which takes the place of the one before.

        Args:
            sql: one statement, its parameters written `$1`, `$2` and so on.
            parameter_types: the oids of the first parameters' types; 0, or none at all, lets the server find them.

        Raises:
            StatementFailedError: when the server refuses it.
        """
        self.close()
        wire = self.session.wire
        self._check(wire.prepare(_NAME.encode(), _encoded(sql), list(parameter_types) or None))
        self._prepared = True
        return _description(self._check(wire.describe_prepared(_NAME.encode())))

    def plan(self, values: Sequence[str | None]) -> list[Mapping[str, Any]]:
        """The prepared statement's generic plan, which does not depend on values; it is not executed.

        Several plans where rules make several statements of one, none where they make none.

        Args:
            values: one for each parameter, as text; None is NULL.

        Raises:
            StatementFailedError: when there is no plan, for example because a value does not fit its type.
        """
        rows = self._explain("verbose, format json, costs off", values).get_value(0, 0)
        assert rows is not None, "EXPLAIN returns one row"
        return [entry["Plan"] for entry in json.loads(rows) if isinstance(entry, dict) and "Plan" in entry]

    def run(self, values: Sequence[str | None]) -> None:
        """Execute the prepared statement to its end, triggers included, and take back what it did.

        Its rows stay on the server: EXPLAIN ANALYZE drops them, however many there are.

        Args:
            values: one for each parameter, as text; None is NULL.

        Raises:
            StatementFailedError: when the server refuses it; 57014 when it took too long.
        """
        self._explain("analyze, format json, costs off, timing off, summary off", values, then=f"; {_UNDO}")

    def close(self) -> None:
        """Forget the prepared statement."""
        if self._prepared:
            self._prepared = False
            self._check(self.session.wire.exec_(f"deallocate {_NAME}".encode()))

    def _explain(self, options: LiteralString, values: Sequence[str | None], then: LiteralString = "") -> PGresult:
        from psycopg import sql

        call = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, values))) if values else sql.SQL("")
        statement = sql.SQL("explain ({}) execute {} {}{}").format(
            sql.SQL(options), sql.Identifier(_NAME), call, sql.SQL(then)
        )
        return self._check(self.session.wire.exec_(statement.as_bytes(None)))

    def _check(self, result: PGresult) -> PGresult:
        """The result, if it is one; after an error the transaction is made to work again.

        Raises:
            StatementFailedError: when it is an error of the server.
            EnvironmentFailedError: when the connection is gone.
        """
        from psycopg.pq import DiagnosticField, ExecStatus

        if not self.is_open:
            self._prepared = False
            raise EnvironmentFailedError(
                "the connection to Postgres broke while a query was tried",
                hint="leave the query out that ends sessions, or that crashes the server",
            )
        if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY):
            return result
        self.session.wire.exec_(_UNDO.encode())
        raise StatementFailedError(
            _text(result.error_field(DiagnosticField.MESSAGE_PRIMARY)) or "refused without a message",
            sqlstate=_text(result.error_field(DiagnosticField.SQLSTATE)),
            hint=_text(result.error_field(DiagnosticField.MESSAGE_HINT)),
        )


def _encoded(sql: str) -> bytes:
    """The text as the server gets it, which ends at the first zero byte: a text with one is refused here."""
    try:
        encoded = sql.encode()
    except UnicodeEncodeError:
        raise StatementFailedError("it has characters that UTF-8 cannot write", sqlstate=None) from None
    if b"\0" in encoded:
        raise StatementFailedError("it has a zero byte", sqlstate=None)
    return encoded


def _description(result: PGresult) -> Description:
    columns = tuple(
        DescribedColumn(_text(result.fname(index)) or "", result.ftype(index), result.fmod(index))
        for index in range(result.nfields)
    )
    return Description(tuple(result.param_type(index) for index in range(result.nparams)), columns)


def _text(field: bytes | None) -> str | None:
    return None if field is None else field.decode(errors="replace")
