"""Which locks a migration holds from which statement to which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.evidence import HeldLock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.model.locks import LockMode
    from migsafe.model.names import QualifiedName

    #: A relation's oid, as its name may change, and a mode.
    Pair = tuple[int, LockMode]


class HeldLocks:
    """The locks of one migration, followed from statement to statement."""

    def __init__(self) -> None:
        self._open: dict[Pair, HeldLock] = {}
        self._ended: list[HeldLock] = []

    @property
    def all(self) -> tuple[HeldLock, ...]:
        """Every lock that was held: in the order in which they were taken, then by name."""
        every = (*self._ended, *self._open.values())
        return tuple(sorted(every, key=lambda lock: (lock.first, lock.table, lock.mode.value)))

    def update(self, index: int, milliseconds: float, pairs: Mapping[Pair, QualifiedName]) -> None:
        """A statement has run.

        Args:
            index: its place in the script; no later one than the last means that the script began anew.
            milliseconds: how long it ran.
            pairs: all that is held after it, with the names from before it.
        """
        if any(index <= lock.last for lock in self._open.values()):
            self._open.clear()
        for pair in self._open.keys() - pairs.keys():  # ROLLBACK TO SAVEPOINT
            self._ended.append(self._open.pop(pair))
        self.extend(index, milliseconds)
        for pair in pairs.keys() - self._open.keys():
            self._open[pair] = HeldLock(pairs[pair], pair[1], index, index, milliseconds)

    def extend(self, index: int, milliseconds: float) -> None:
        """What is held was so through one more statement."""
        for pair, lock in self._open.items():
            longer = round(lock.milliseconds + milliseconds, 3)
            self._open[pair] = HeldLock(lock.table, lock.mode, lock.first, index, longer)

    def release(self) -> None:
        """The transaction has ended."""
        self._ended += self._open.values()
        self._open.clear()
