"""Reads what goes on in a server: one transaction that cannot write, and that leaves no setting behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from migsafe.errors import EnvironmentFailedError
from migsafe.model.dialect import OLDEST_SUPPORTED_POSTGRES
from migsafe.postgres.connection import Session, Timeouts, connect
from migsafe.postgres.keepalives import with_keepalives
from migsafe.postgres.live_rows import (
    Backend,
    Detaching,
    InvalidIndex,
    Live,
    PreparedTransaction,
    Publication,
    Relation,
    RelationLock,
    Role,
    Sender,
    Server,
    Slot,
    Subscription,
)
from migsafe.postgres.queries import query
from migsafe.postgres.reading import spell_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.model.names import QualifiedName

    Row = TypeVar("Row")

#: A look must end: what does not answer in this time is an answer too.
_TIMEOUTS = Timeouts(lock=500, statement=5_000)


def open_live(dsn: str) -> Session:
    """A session for `glance`, which may be used for many of them.

    It sets nothing outside of a transaction: behind a pooler, a setting of the session would stay on a connection that
    is the application's next.

    Raises:
        EnvironmentFailedError: when the server cannot be reached, says no, or is older than what is supported.
    """
    session = connect(with_keepalives(dsn), autocommit=True, connect_timeout_s=5, settings=False)
    if session.server_version < OLDEST_SUPPORTED_POSTGRES * 10_000:
        session.close()
        raise EnvironmentFailedError(
            f"the server is Postgres {spell_version(session.server_version)}; "
            f"{OLDEST_SUPPORTED_POSTGRES} is the oldest that can be looked at"
        )
    return session


@contextmanager
def glance(session: Session) -> Iterator[None]:
    """One transaction, READ ONLY, whose settings end with it."""
    settings = {
        "row_security": "off",
        "default_transaction_read_only": "on",
        "lock_timeout": f"{_TIMEOUTS.lock}ms",
        "statement_timeout": f"{_TIMEOUTS.statement}ms",
        "idle_in_transaction_session_timeout": "60s",
    }
    session.execute("begin transaction isolation level repeatable read, read only")
    for name, value in settings.items():
        session.query("select set_config(%s, %s, true)", (name, value))
    yield
    session.execute("rollback")


def read_live(
    session: Session, tables: Iterable[QualifiedName] | None = None, *, schemas: Iterable[str] = (), whose: bool = False
) -> Live:
    """What goes on now.

    Args:
        session: inside of `glance`.
        tables: relations, with their schemas, that are about to be locked; the whole database when None.
        schemas: where something is about to be made.
        whose: ask which cluster this is, where the role may.

    Raises:
        StatementFailedError: when the server refuses a query, or does not answer in time.
    """
    relations = [] if tables is None else _relations(session, tables)
    oids = [relation.oid for relation in relations]
    some = tables is not None
    ask = _Asking(session)
    return Live(
        server=ask.all("server", Server)[0],
        role=ask.all("role", Role)[0],
        libpq_pid=session.backend_pid,
        identity=_identity(session) if whose else None,
        relations=tuple(relations),
        schemas=tuple((str(name), bool(may)) for name, may in ask.rows("schemas", (sorted(set(schemas)),))),
        backends=ask.all("backends", Backend),
        locks=ask.all("locks", RelationLock, (some, oids)),
        prepared=ask.all("prepared", PreparedTransaction),
        slots=ask.all("slots", Slot),
        senders=ask.all("senders", Sender),
        publications=ask.all("publications", Publication, (oids,)),
        subscriptions=ask.all("subscriptions", Subscription, (oids,)),
        policed=() if some else tuple((str(a), str(b)) for a, b in ask.rows("forced_policies")),
        invalid_indexes=ask.all("invalid_indexes", InvalidIndex, (some, oids)),
        detaching=ask.all("detaching", Detaching, (some, oids, oids)),
    )


def _identity(session: Session) -> str | None:
    if not session.query(query("may_read_identity", _FILE))[0][0]:
        return None
    return str(session.query(query("identity", _FILE))[0][0])


def _relations(session: Session, tables: Iterable[QualifiedName]) -> list[Relation]:
    names = sorted(set(tables))
    rows = session.query(
        query("relations", _FILE), ([name.schema or "" for name in names], [name.name for name in names])
    )
    return [Relation(*row) for row in rows]


_FILE = "live.sql"


class _Asking:
    """Named queries, and their rows as values."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def rows(self, name: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._session.query(query(name, _FILE), parameters)

    def all(self, name: str, kind: Callable[..., Row], parameters: Sequence[object] = ()) -> tuple[Row, ...]:
        return tuple(kind(*map(_frozen, row)) for row in self.rows(name, parameters))


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
