"""How far a release has come, as a system that deploys says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.bookkeeping.place import open_tracker
from migsafe.config.nearest import did_you_mean
from migsafe.model.state import Environment, KnownRelease
from migsafe.tracker.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from migsafe.config import Config
    from migsafe.model.state import RolloutStatus
    from migsafe.tracker.facts import Author, Written
    from migsafe.tracker.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is said of a release.

    Attributes:
        at: since when; now when None.
        percent: of the traffic; None where nobody says.
        create: a release that nobody knows is the latest.
        create_environment: an environment that nobody knows is a new one.
        protected: of a new environment: the gates hold for it.
    """

    release: str
    environment: str
    status: RolloutStatus
    at: datetime | None = None
    percent: int | None = None
    source: str | None = None
    reason: str | None = None
    create: bool = False
    create_environment: bool = False
    protected: bool = True


def mark_release(mark: Mark, author: Author, config: Config, *, clock: Callable[[], datetime] | None = None) -> Written:
    """Record how far a release has come in an environment; what is so already is not written again.

    Raises:
        UnknownNameError: when nobody knows the release or the environment.
        TrackerRefusedError: when that cannot follow what is known.
    """
    with open_tracker(config, mark.environment, clock=clock).writing(author) as store:
        know_environment(store, mark.environment, create=mark.create_environment, protected=mark.protected)
        _know_release(store, mark, config)
        return store.mark(
            mark.environment,
            mark.release,
            mark.status,
            at=mark.at,
            percent=mark.percent,
            source=mark.source,
            reason=mark.reason,
        )


def know_environment(store: Store, name: str, *, create: bool, protected: bool) -> None:
    """Make sure that an environment is known.

    Raises:
        UnknownNameError: when it is not, and is not to be made.
    """
    if create and name not in store.names.environments():
        store.put_environment(Environment(name=name, protected=protected))
    store.names.environment(name)


def _know_release(store: Store, mark: Mark, config: Config) -> None:
    """The tracker's own releases, then the project's, which bring their order along."""
    known = store.names.releases()
    if mark.release in known:
        return
    told = _project_releases(config)
    if any(one.name == mark.release for one in told):
        store.put_releases(told)
    elif mark.create:
        store.add_release(mark.release, reason=mark.reason)
    else:
        names = dict.fromkeys([*known, *(one.name for one in told)])
        hint = did_you_mean(mark.release, names, otherwise="--create adds it as the latest")
        raise UnknownNameError(f'no release "{mark.release}" is known', hint=hint)


def _project_releases(config: Config) -> tuple[KnownRelease, ...]:
    from migsafe.bookkeeping.project import read_releases  # only where the tracker does not know it

    return read_releases(config)
