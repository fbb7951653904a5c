"""How everything stands, and whether a release may start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.bookkeeping.place import open_tracker
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.guarding import Verdict, judge
from migsafe.tracker.names import Names
from migsafe.tracker.reading import read_known
from migsafe.tracker.standing import Status, status_of
from migsafe.tracker.unsettled import read_unsettled

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from migsafe.config import Config
    from migsafe.tracker.ledger import Ledger


def read_status(
    config: Config,
    *,
    environment: str | None = None,
    everything: bool = False,
    clock: Callable[[], datetime] | None = None,
) -> Status:
    """Environments, changes and their phases; what is due, and what blocks.

    Args:
        environment: only this one; all when None.
        everything: also changes that are over everywhere.

    Raises:
        UnknownNameError: when nobody knows the environment.
    """
    tracker = open_tracker(config, environment, clock=clock)
    with tracker.reading() as ledger:
        if environment is not None:
            Names(ledger).environment(environment)
        known = read_unsettled(ledger, tracker.clock(), environment, everything=everything)
    return status_of(known, tracker.clock(), min_age=config.release.min_age, environment=environment)


def guard_release(
    release: str, config: Config, *, environment: str | None = None, target: str | None = None
) -> Verdict:
    """Whether a release works on a database as it is now, by what the tracker knows.

    Args:
        environment: the only one that the tracker knows when None.
        target: the only one of the environment when None.

    Raises:
        UnknownNameError: when nobody knows the place, or there are several.
    """
    tracker = open_tracker(config, environment)
    with tracker.reading() as ledger:
        names = Names(ledger)
        where = names.target(names.environment(environment or _only_environment(ledger, names)), target)
        return judge(read_known(ledger, tracker.clock()), release, where)


def _only_environment(ledger: Ledger, names: Names) -> str:
    marker = ledger.meta().get("environment")
    known = names.environments()
    if marker is not None:
        return marker
    if len(known) != 1:
        raise UnknownNameError(
            f"the tracker knows {len(known)} environments{': ' if known else ''}{', '.join(known[:5])}",
            hint="--env says which one is meant",
        )
    return known[0]
