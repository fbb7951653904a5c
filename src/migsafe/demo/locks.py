"""Looks at the locks of the database twenty times in a second, while the story goes on."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from migsafe.demo.timeline import LockLook
from migsafe.errors import MigsafeError

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session

EVERY_S = 0.05

# pg_locks (PostgreSQL 18, 53.13): waitstart is NULL for a very short while after a wait has begun.
_LOOK = """
SELECT count(*) FILTER (WHERE NOT granted),
       coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)) FILTER (WHERE NOT granted), 0)::float8,
       coalesce(bool_or(granted AND mode = 'AccessExclusiveLock' AND relation = to_regclass('users')), false)
  FROM pg_locks
 WHERE pid <> pg_backend_pid() AND (database IS NULL OR database <> 0)
"""


class LockWatch:
    """A context manager: somebody who looks from its beginning to its end."""

    def __init__(self, session: Session, began: float) -> None:
        """
        Args:
            session: of its own, with autocommit; it is closed at the end.
            began: when the story did, on the clock of `time.monotonic`.
        """
        self.looks: list[LockLook] = []
        self._session = session
        self._began = began
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._session.close()

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            try:
                ((waiting, longest, exclusive),) = self._session.query(_LOOK)
            except MigsafeError:  # the server has gone; so has what there was to see
                return
            at = time.monotonic() - self._began
            self.looks.append(LockLook(at=at, waiting=waiting, longest=longest, exclusive=exclusive))
