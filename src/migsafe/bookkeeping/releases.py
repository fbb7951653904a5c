"""How far a release has come, as a system that deploys says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.bookkeeping.asked import Mark
from migsafe.bookkeeping.place import open_tracker
from migsafe.config.nearest import did_you_mean
from migsafe.model.state import Environment, KnownRelease
from migsafe.tracker.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from migsafe.config import Config
    from migsafe.tracker.facts import Author, Written
    from migsafe.tracker.opening import Tracker
    from migsafe.tracker.store import Store


__all__ = ["Mark", "know_environment", "know_release", "mark_release"]


def mark_release(
    mark: Mark,
    author: Author,
    config: Config,
    *,
    clock: Callable[[], datetime] | None = None,
    tracker: Tracker | None = None,
) -> Written:
    """Record how far a release has come in an environment; what is so already is not written again.

    Args:
        tracker: the one that the configuration means when None.

    Raises:
        UnknownNameError: when nobody knows the release or the environment.
        TrackerRefusedError: when that cannot follow what is known.
    """
    with (tracker or open_tracker(config, mark.environment, clock=clock)).writing(author) as store:
        know_environment(store, mark.environment, create=mark.create_environment, protected=mark.protected)
        know_release(store, mark.release, config, create=mark.create, reason=mark.reason)
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


def know_release(store: Store, name: str, config: Config, *, create: bool = False, reason: str | None = None) -> None:
    """Make sure that a release is known: the tracker's own ones, then the project's, which bring their order along.

    Args:
        create: one that nobody knows is the latest.

    Raises:
        UnknownNameError: when it is not known, and is not to be made.
    """
    known = store.names.releases()
    if name in known:
        return
    told = _project_releases(config)
    if any(one.name == name for one in told):
        store.put_releases(told)
    elif create:
        store.add_release(name, reason=reason)
    else:
        names = dict.fromkeys([*known, *(one.name for one in told)])
        otherwise = "migsafe release mark --create adds it as the latest"
        raise UnknownNameError(f'no release "{name}" is known', hint=did_you_mean(name, names, otherwise=otherwise))


def _project_releases(config: Config) -> tuple[KnownRelease, ...]:
    from migsafe.bookkeeping.project import read_releases  # only where the tracker does not know it

    return read_releases(config)
