"""Trackers of which each database of a fleet has its own: made, brought up to date, and told what runs."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from migsafe.bookkeeping.releases import mark_release
from migsafe.errors import UsageError
from migsafe.fleet.addresses import check_addresses
from migsafe.fleet.outcome import FleetStoppedError
from migsafe.fleet.rings import go_round
from migsafe.fleet.roster import Ring, Roster
from migsafe.postgres.address import resolve_address
from migsafe.tracker.address import TrackerAddress
from migsafe.tracker.opening import Tracker
from migsafe.tracker.upgrade import upgrade_tracker

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.bookkeeping.releases import Mark
    from migsafe.config import Config
    from migsafe.errors import MigsafeError
    from migsafe.fleet.roster import FleetTarget
    from migsafe.tracker.facts import Author

    #: Takes how many databases are through, and of how many.
    Progress = Callable[[int, int], None]

#: How many at once, whatever their rings: nothing that an application could notice.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the trackers.

    Attributes:
        changed: in how many something was written.
        same: in how many all was so already.
        failed: database and error.
    """

    changed: int
    same: int
    failed: tuple[tuple[str, MigsafeError], ...]

    @property
    def problem(self) -> MigsafeError | None:
        """That not all could be told, in one line; None where they could."""
        if not self.failed:
            return None
        whole = self.changed + self.same + len(self.failed)
        code = max(error.exit_code for _, error in self.failed)
        return FleetStoppedError(
            f"of {whole} trackers {len(self.failed)} failed", code, hint="the same command goes on with these"
        )


def upgrade_trackers(
    roster: Roster, config: Config, author: Author, *, environment: str | None = None, on_progress: Progress
) -> Told:
    """Make a tracker in every database, or bring it up to date.

    Args:
        environment: the only one that they are about.

    Raises:
        UsageError: when the configuration names one tracker for all, or an address cannot be used.
    """

    def upgrade(address: TrackerAddress) -> bool:
        done = upgrade_tracker(address, author, environment=environment)
        return done.before != done.after

    return _tell_each(roster, config, upgrade, on_progress)


def mark_everywhere(roster: Roster, config: Config, mark: Mark, author: Author, *, on_progress: Progress) -> Told:
    """Record in every database's tracker how far a release has come.

    Raises:
        UsageError: when the configuration names one tracker for all, or an address cannot be used.
    """

    def tell(address: TrackerAddress) -> bool:
        return mark_release(mark, author, config, tracker=Tracker(address, mark.environment)).changed

    return _tell_each(roster, config, tell, on_progress)


def _tell_each(roster: Roster, config: Config, tell: Callable[[TrackerAddress], bool], on_progress: Progress) -> Told:
    if config.tracker is not None:
        raise UsageError(
            f"{config.tracker} is one tracker for all of the fleet: it is told once",
            hint="leave --fleet out; or name no tracker, and each database has its own",
        )
    check_addresses(roster)

    def work(target: FleetTarget) -> bool:
        return tell(TrackerAddress(target.url, dsn=resolve_address(target.url, option="url", target=target.name)))

    changed = same = 0
    failed: list[tuple[str, MigsafeError]] = []
    everybody = Roster((Ring("all", tuple(roster), _AT_ONCE),))
    for place, one in enumerate(go_round(everybody, work, lambda _: False, stop=Event(), go_on=True), start=1):
        if one.error is not None:
            failed.append((one.target, one.error))
        elif one.value:
            changed += 1
        else:
            same += 1
        on_progress(place, roster.size)
    return Told(changed, same, tuple(failed))
