"""All that one rollout works with, opened from deploy.toml and the tracker: engine, checks, messages."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.bookkeeping.place import open_tracker
from migsafe.deploy.checks.analysis import Analysis
from migsafe.deploy.journal import Silence
from migsafe.deploy.notify.delivery import Delivery
from migsafe.deploy.notify.registry import open_sinks, secrets_of
from migsafe.deploy.outbox import TrackerHerald, TrackerOutbox
from migsafe.deploy.planning import checks_of, provider_of
from migsafe.deploy.redaction import Redaction
from migsafe.deploy.settings import find_deploy_file, read_settings
from migsafe.errors import MigsafeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from migsafe.config import Config
    from migsafe.deploy.journal import Herald
    from migsafe.deploy.notify.sink import Sink
    from migsafe.deploy.provider import Provider
    from migsafe.deploy.settings import DeploySettings
    from migsafe.tracker.facts import Author
    from migsafe.tracker.opening import Tracker

#: How long the end of a command waits for messages that are on their way, in seconds.
_LAST_MESSAGES_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What deploy.toml describes, ready to be used.

    Attributes:
        checks: what is looked at while code is watched.
        herald: lays out what others want to hear.
    """

    settings: DeploySettings
    provider: Provider
    checks: Analysis
    herald: Herald
    tracker: Tracker


def read_site_settings(deploy_file: Path | None, environment: str) -> DeploySettings:
    """What the nearest deploy.toml, or the one that is named, says of an environment.

    Raises:
        PathNotFoundError: when there is none.
        ConfigurationError: when it cannot be used.
    """
    return read_settings(find_deploy_file(deploy_file), environment)


@contextmanager
def open_site(
    settings: DeploySettings,
    config: Config,
    author: Author,
    say: Callable[[str], None],
    *,
    only_back: bool = False,
) -> Iterator[Site]:
    """Open all of it, and close it in the end; messages that are on their way are given a few seconds.

    Args:
        only_back: for the way back alone: nothing is watched, and who cannot be told of it does not stop it.

    Raises:
        ConfigurationError: when deploy.toml cannot be used.
        EnvironmentFailedError: when a program or library that is needed is not there.
    """
    with ExitStack() as stack:
        provider = provider_of(settings)
        stack.callback(provider.close)
        sinks = _sinks(settings, say, may_lack=only_back)
        redaction = Redaction(secrets_of(sinks))
        checks = Analysis(() if only_back else checks_of(settings, provider, config.url), redaction=redaction)
        stack.callback(checks.close)
        tracker = open_tracker(config, settings.environment)
        herald: Herald = Silence()
        if sinks:
            herald = TrackerHerald(sinks, redaction)
            stack.enter_context(_delivering(sinks, tracker, author, say))
        yield Site(settings=settings, provider=provider, checks=checks, herald=herald, tracker=tracker)


def _sinks(settings: DeploySettings, say: Callable[[str], None], *, may_lack: bool) -> tuple[Sink, ...]:
    try:
        return open_sinks(settings.notify, os.environ)
    except MigsafeError as error:
        if not may_lack:
            raise
        say(f"nobody is told of it: {error.message}")
        return ()


@contextmanager
def _delivering(
    sinks: tuple[Sink, ...], tracker: Tracker, author: Author, say: Callable[[str], None]
) -> Iterator[None]:
    delivery = Delivery(TrackerOutbox(tracker, author), sinks)
    delivery.start()
    try:
        yield
    finally:
        if not delivery.flush(_LAST_MESSAGES_S) and delivery.trouble:
            say(f"a message waits to be sent: {delivery.trouble}; the next deploy command tries again")
        delivery.close()
