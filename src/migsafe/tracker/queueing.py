"""Writers of one process into one file take turns by themselves.

SQLite has its writers try again and again until their patience ends, and whoever is unlucky is refused: many databases
of a fleet would be in each other's way. Other processes are waited for as ever.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, get_ident
from typing import TYPE_CHECKING

from migsafe.tracker.errors import TrackerBusyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Seconds; a writer needs a few milliseconds, and there are never more than some hundred.
PATIENCE = 60.0


@dataclass(slots=True)
class _Turn:
    """Of one file; `holder` is the thread that has it."""

    lock: Lock = field(default_factory=Lock)
    holder: int | None = None


_turns: dict[str, _Turn] = {}
_registry = Lock()


@contextmanager
def queued(file: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the turn among this process's writers into a file.

    A thread that has it already would wait for itself: SQLite refuses that sooner, and it is left to it.

    Args:
        patience: seconds to wait for it.

    Raises:
        TrackerBusyError: when it does not come.
    """
    with _registry:
        turn = _turns.setdefault(str(file.absolute()), _Turn())
    if turn.holder == get_ident():
        yield
        return
    if not turn.lock.acquire(timeout=patience):
        raise TrackerBusyError(
            f"the tracker {file} is being written by this very process, for more than {patience:.0f} s",
            hint="nothing was written; the same command can be given again",
        )
    turn.holder = get_ident()
    try:
        yield
    finally:
        turn.holder = None
        turn.lock.release()
