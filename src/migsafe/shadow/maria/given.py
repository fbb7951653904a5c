"""A server that somebody else runs, lent for a shadow: schemas of one's own are made there, and dropped at the end.

    migsafe_<token>_<name>

Every name that is asked for is turned into one of these, so that no other schema can be reached through it. A session
that lives as long as the shadow holds a lock of that name; where nobody holds it, the process was killed, and the next
one drops what it left behind.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Self

from migsafe.errors import EnvironmentFailedError
from migsafe.mysql.connection import Session, StatementRefusedError, connect
from migsafe.mysql.schemas import create_schema, drop_schema, hold_lock, is_held, schema_names
from migsafe.shadow import cleanup

if TYPE_CHECKING:
    from migsafe.mysql.address import Address

_PREFIX = "migsafe_"
_TOKEN_BYTES = 6
_OURS = re.compile(rf"(?P<owner>{_PREFIX}[0-9a-f]{{{2 * _TOKEN_BYTES}}})_")
_PROBE = "probe"
_HINT = "give another --shadow-url, or none: migsafe then starts a MariaDB of its own"

#: The oldest of each product whose information_schema says all that is asked: MySQL has CHECKs from there on.
_OLDEST = {"MySQL": (8, 0, 16), "MariaDB": (10, 5, 0)}


class GivenServer:
    """Schemas of one's own on a server that runs already; a context manager that drops them.

    Attributes:
        version: of the server.
        shared: true: others use it.
    """

    shared = True

    def __init__(self, address: Address, keeper: Session, owner: str) -> None:
        """Take over a connection; `open` is how one is made."""
        self.version = keeper.version
        self._address = address
        self._keeper = keeper
        self._owner = owner
        self._made: list[str] = []
        self._cleanup_key = cleanup.register(self._drop_all)

    @classmethod
    def open(cls, address: Address) -> GivenServer:
        """Connect, and see that the account may do what a shadow needs.

        Raises:
            EnvironmentFailedError: when the server cannot be reached or is too old, or the account may make no schemas.
        """
        keeper = connect(address)
        try:
            _refuse_old(keeper)
            owner = _PREFIX + secrets.token_hex(_TOKEN_BYTES)
            hold_lock(keeper, owner)
            _sweep(keeper)
            _refuse_unfit(keeper, f"{owner}_{_PROBE}")
        except BaseException:
            keeper.close()
            raise
        return cls(address, keeper, owner)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Drop what was made, and leave. Stopping twice is fine."""
        if self._made:
            self._drop_all()
        self._keeper.close()
        cleanup.forget(self._cleanup_key)

    def connect(self, schema: str) -> Session:
        """A session on one's own schema.

        Raises:
            EnvironmentFailedError: when there is no such schema.
        """
        return connect(self._address, self._full(schema))

    def create_schema(self, name: str) -> str:
        """Make a schema; gives the name that the server knows.

        Raises:
            StatementRefusedError: when it exists.
        """
        full = self._full(name)
        self._made.append(full)
        create_schema(self._keeper, full)
        return full

    def drop_schema(self, name: str) -> None:
        """Drop one's own schema if it is there."""
        full = self._full(name)
        drop_schema(self._keeper, full)
        self._made = [made for made in self._made if made != full]

    def _full(self, name: str) -> str:
        return f"{self._owner}_{name}"

    def _drop_all(self) -> None:
        """On a session of its own, because a signal may have come in the middle of the keeper's work."""
        with connect(self._address) as session:
            for name in reversed(self._made):
                drop_schema(session, name)
        self._made.clear()


def _refuse_old(session: Session) -> None:
    product, number = session.version
    oldest = _OLDEST[product]
    if number < oldest:
        needed = ".".join(map(str, oldest))
        raise EnvironmentFailedError(
            f"the server for the shadow is {product} {session.version}, which is older than {needed}", hint=_HINT
        )


def _refuse_unfit(session: Session, probe: str) -> None:
    """Make a schema and drop it: what an account may do stands in too many places to be read."""
    try:
        create_schema(session, probe)
        drop_schema(session, probe)
    except StatementRefusedError as error:
        raise EnvironmentFailedError(
            f"the account may make no schemas on the server for the shadow: {error.message}",
            hint=r"GRANT ALL ON `migsafe\_%`.* TO it, or leave --shadow-url out: migsafe then starts its own MariaDB",
        ) from None


def _sweep(session: Session) -> None:
    """Drop schemas whose owner's lock nobody holds; an owner takes its lock before it makes its first schema."""
    for name in schema_names(session, _PREFIX):
        ours = _OURS.match(name)
        if ours is not None and not is_held(session, ours["owner"]):
            try:
                drop_schema(session, name)
            except StatementRefusedError:
                # Another account's, which this one may see and not drop.
                continue
