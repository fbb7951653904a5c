"""Which releases work on a database's schema, where a person says it: the floor, and the ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.bookkeeping.place import open_tracker
from migsafe.bookkeeping.releases import know_release
from migsafe.errors import UsageError
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.reading import Compatibility, read_compatibility

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from migsafe.bookkeeping.asked import Bound
    from migsafe.config import Config
    from migsafe.model.state import TargetName
    from migsafe.tracker.facts import Author
    from migsafe.tracker.store import Store


@dataclass(frozen=True, slots=True)
class Bounded:
    """What became of it.

    Attributes:
        changed: whether anything was written; what was so already is not written again.
    """

    where: TargetName
    changed: bool
    before: Compatibility
    after: Compatibility


def say_bound(bound: Bound, author: Author, config: Config, *, clock: Callable[[], datetime] | None = None) -> Bounded:
    """Record a floor or a ceiling. A floor that somebody says ends the doubt about it.

    Raises:
        UsageError: when no reason is given.
        UnknownNameError: when nobody knows the release, the environment or the database.
        TrackerRefusedError: when no release would be left that works.
    """
    if not bound.reason.strip():
        raise UsageError(f"a {bound.side} is said for a reason", hint="--reason says which")
    with open_tracker(config, bound.environment, clock=clock).writing(author) as store:
        where = store.names.target(store.names.environment(bound.environment), bound.target)
        if bound.release is not None:
            know_release(store, bound.release, config, reason=bound.reason)
        before = read_compatibility(store.ledger).get(where, Compatibility())
        after = _after(before, bound)
        _refuse_nothing(store, where, after)
        written = store.put_compatibility(
            where, floor=after.floor, ceiling=after.ceiling, doubt=after.doubt, reason=bound.reason
        )
        return Bounded(where, written.changed, before, after)


def _after(before: Compatibility, bound: Bound) -> Compatibility:
    if bound.side == "floor":
        return Compatibility(bound.release, before.ceiling)
    return Compatibility(before.floor, bound.release, before.doubt)


def _refuse_nothing(store: Store, where: TargetName, after: Compatibility) -> None:
    order = store.names.releases()
    if after.floor in order and after.ceiling in order and order.index(after.floor) > order.index(after.ceiling):
        raise TrackerRefusedError(
            f"no release would work on {where}: the floor {after.floor} is later than the ceiling {after.ceiling}",
            hint="say the other one first, or take it away with --none",
        )
