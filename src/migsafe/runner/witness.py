"""A session of migsafe's own on the database that is meant, beside which a project's own tool has to be seen.

It holds an advisory lock of which nobody else knows the number. Such a lock is seen in its database on its server and
nowhere else: not in a clone, not on a standby, not in a database of the same name. Nothing is written for it.
(PostgreSQL 18 manual, 13.3.5 "Advisory Locks", 53.13 "pg_locks".)
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.connection import StatementFailedError, connect
from migsafe.postgres.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.postgres.connection import Session

_PROOF = (
    "select exists (select 1 from pg_catalog.pg_locks l join pg_catalog.pg_database d on d.oid = l.database "
    "where d.datname = pg_catalog.current_database() and l.locktype = 'advisory' and l.granted and l.objsubid = 2 "
    "and l.classid = {} and l.objid = {} and l.pid = {})"
)
#: What every connection of a tool holds; see `sources/executing/child.py`.
_ALONE = "select pg_catalog.pg_try_advisory_lock(1835558758, 1953460076)"
_NOT_ALONE_ANY_MORE = "select pg_catalog.pg_advisory_unlock(1835558758, 1953460076)"
_OTHERS = (
    "select l.pid, a.usename::text, extract(epoch from clock_timestamp() - a.backend_start)::int "
    "from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a using (pid) "
    "where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid = 1835558758 "
    "and l.objid = 1953460076 and l.database = (select oid from pg_catalog.pg_database "
    "where datname = pg_catalog.current_database()) and l.pid <> pg_catalog.pg_backend_pid() order by l.pid limit 1"
)
#: How long what a killed run has left on the server may take to end, in seconds: the server looks once in a second.
_PATIENCE = 15.0
_PAUSE = 0.05

_FORBIDDEN, _NO_SUCH_TABLE = "42501", "42P01"


class Witness:
    """One session on a database, and the secret that it holds there; connected when it is needed."""

    def __init__(
        self,
        dsn: str,
        *,
        patience: float = _PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """
        Args:
            patience: seconds to wait for another run of a tool that is still at the database.
        """
        self._dsn = dsn
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._session: Session | None = None
        self._proof = ""

    @property
    def session(self) -> Session:
        """The session, in autocommit.

        Raises:
            EnvironmentFailedError: the server cannot be reached.
        """
        if self._session is None:
            session = connect(self._dsn, autocommit=True)
            try:
                self._proof = _proof(session)
            except BaseException:
                session.close()
                raise
            self._session = session
        return self._session

    def proof(self) -> str:
        """A question that only this database answers with true, as long as this session lives.

        Raises:
            EnvironmentFailedError: the server cannot be reached.
        """
        try:
            self.session.query("select 1")
        except StatementFailedError:  # it was cut off meanwhile; a new one has another secret
            self.close()
            self.session.query("select 1")
        return self._proof

    def wait_until_alone(self) -> None:
        """Wait until no connection of an earlier run of a tool lives: only then is it true what its table says.

        Raises:
            EnvironmentFailedError: one still lives.
        """
        until = self._clock() + self._patience
        while not self.session.query(_ALONE)[0][0]:
            if self._clock() > until:
                raise _others(self.session)
            self._sleep(_PAUSE)
        self.session.query(_NOT_ALONE_ANY_MORE)

    def rows(self, question: str, schema: str, table: str) -> list[str] | None:
        """What a table says that is committed; None where this role may not read it.

        Args:
            question: a statement with one column of text, and `{table}` for the table.
        """
        try:
            rows = self.session.query_with_names(question, table=(schema, table))
        except StatementFailedError as error:
            if error.sqlstate == _NO_SUCH_TABLE:
                return []
            if error.sqlstate == _FORBIDDEN:
                return None
            raise
        return [text for (text,) in rows]

    def redact(self, text: str) -> str:
        """A text without the address's password."""
        password = self._session.address["password"] if self._session is not None else ""
        return redact(text, password)

    def close(self) -> None:
        """End the session. Closing twice is fine."""
        if self._session is not None:
            self._session.close()
            self._session = None


def _proof(session: Session) -> str:
    """Take a lock that nobody else knows, and write the question for it."""
    high, low = secrets.randbits(31), secrets.randbits(31)
    session.query("select pg_catalog.pg_advisory_lock(%s::int, %s::int)", (high, low))
    return _PROOF.format(high, low, session.backend_pid)


def _others(session: Session) -> EnvironmentFailedError:
    found = session.query(_OTHERS)
    who = "".join(f" (pid {pid}, user {user}, for {seconds} s)" for pid, user, seconds in found)
    return EnvironmentFailedError(
        f"a migration of an earlier run is still at this database{who}",
        hint="wait until it has ended, or end it with pg_terminate_backend(PID)",
    )
