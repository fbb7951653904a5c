"""A server that somebody else runs, lent for a shadow: databases of one's own are made there, and dropped at the end.

    migsafe_<token>_<name>

Every name that is asked for is turned into one of these, so that no other database can be reached through it. A session
that lives as long as the shadow bears the token in its name; where no session does, the process was killed, and the
next one of the same role drops what it left behind.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from threading import Lock
from typing import Self

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.address import names_database, on_database
from migsafe.postgres.connection import NO_TIMEOUTS, Session, StatementFailedError, connect
from migsafe.postgres.databases import (
    call_session,
    create_database,
    drop_database,
    end_sessions,
    may_create_databases,
    own_databases,
    session_names,
)
from migsafe.postgres.reading import spell_version
from migsafe.shadow import cleanup
from migsafe.shadow.binaries import OLDEST_MAJOR

_PREFIX = "migsafe_"
_TOKEN_BYTES = 6
_OURS = rf"^{_PREFIX}([0-9a-f]{{{2 * _TOKEN_BYTES}}})_"
_SESSION = "migsafe shadow "

#: Where to connect when the address names no database: every cluster has it, save where somebody dropped it.
_MAINTENANCE = "postgres"


class GivenServer:
    """Databases of one's own on a server that runs already; a context manager that drops them.

    Attributes:
        version: for example "16.4".
        shims: none: what a given server lacks it lacks.
    """

    shims: tuple[str, ...] = ()

    def __init__(self, dsn: str, keeper: Session, token: str) -> None:
        """Take over a connection; `open` is how one is made."""
        self.version = spell_version(keeper.server_version)
        self._dsn = dsn
        self._keeper = keeper
        self._token = token
        self._made: list[str] = []
        self._made_lock = Lock()
        self._left = False
        self._cleanup_key = cleanup.register(self._drop_all)

    @classmethod
    def open(cls, dsn: str) -> GivenServer:
        """Connect, and see that the role may do what a shadow needs.

        Args:
            dsn: an address on the server; its database is only connected to.

        Raises:
            EnvironmentFailedError: when the server cannot be reached or is too old, or the role may not make databases.
        """
        dsn = dsn if names_database(dsn) else on_database(dsn, _MAINTENANCE)
        keeper = connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS)
        try:
            _refuse_unfit(keeper)
            token = secrets.token_hex(_TOKEN_BYTES)
            call_session(keeper, _SESSION + token)
            _sweep(keeper)
        except BaseException:
            keeper.close()
            raise
        return cls(dsn, keeper, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def major(self) -> int:
        """The major version."""
        return int(self.version.partition(".")[0])

    def stop(self) -> None:
        """Drop what was made, and leave. Stopping twice is fine."""
        if self._left:
            return
        if self._made:
            self._drop_all()
        else:
            # What a killed process had the server make when this one began is there by now.
            _sweep(self._keeper)
        self._left = True
        self._keeper.close()
        cleanup.forget(self._cleanup_key)

    def dsn(self, database: str) -> str:
        """The connection string of a database that `create_database` has made."""
        return on_database(self._dsn, self._full(database))

    def connect(self, database: str, *, autocommit: bool = True) -> Session:
        """A session on one's own database, without timeouts: nobody else waits there.

        Raises:
            EnvironmentFailedError: when there is no such database.
        """
        return connect(self.dsn(database), autocommit=autocommit, timeouts=NO_TIMEOUTS)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database.

        Args:
            name: any short name; it is a part of the one that the server knows.
            template: one's own database to copy, to which nobody is connected; an empty one when left out.

        Returns:
            Its connection string.

        Raises:
            StatementFailedError: when it exists, or the template is in use.
        """
        full = self._full(name)
        # template0 and not template1: what somebody has put into that one is no work of the migrations.
        with self._made_lock:
            self._made.append(full)
        create_database(self._keeper, full, "template0" if template is None else self._full(template))
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop one's own database if it is there, whoever is connected."""
        full = self._full(name)
        drop_database(self._keeper, full)
        with self._made_lock, suppress(ValueError):
            self._made.remove(full)

    def _full(self, name: str) -> str:
        return f"{_PREFIX}{self._token}_{name}"

    def _drop_all(self) -> None:
        """On a session of its own, because a signal may have come in the middle of the keeper's work.

        That work ends first: a database that it was about to make would be there after all.
        """
        if not self._made:
            return
        with connect(self._dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
            end_sessions(session, _SESSION + self._token)
            for name in reversed(self._made):
                drop_database(session, name)
        self._made.clear()


def _refuse_unfit(session: Session) -> None:
    major = session.server_version // 10_000
    if major < OLDEST_MAJOR:
        raise EnvironmentFailedError(
            f"the server for the shadow is Postgres {major}, which is older than {OLDEST_MAJOR}",
            hint="give another --shadow-url, or none: migsafe then starts a server of its own",
        )
    if not may_create_databases(session):
        ((role,),) = session.query("select current_user::text")
        raise EnvironmentFailedError(
            f"the role {role} may not make databases on the server for the shadow",
            hint=f"ALTER ROLE {role} CREATEDB, or leave --shadow-url out: migsafe then starts a server of its own",
        )


def _sweep(session: Session) -> None:
    """Drop databases of this role whose session has gone: databases first, so that a new one is never among them."""
    databases = own_databases(session, _OURS)
    alive = session_names(session)
    for name in databases:
        token = re.match(_OURS, name)
        if token is not None and _SESSION + token[1] not in alive:
            try:
                drop_database(session, name)
            except StatementFailedError:
                # Somebody else of this role is sweeping too, or it is in use in a way that FORCE does not end.
                continue
