"""`migsafe deploy abort`: all traffic back, whoever is at it, and whoever else can be asked or told."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from migsafe.deploy.decide import is_back, spell_sent_back
from migsafe.deploy.errors import DeployRefusedError, ProviderRefusedError
from migsafe.deploy.means import Came, Manner
from migsafe.deploy.planning import provider_of
from migsafe.deploy.site import open_site, read_site_settings
from migsafe.deploy.turn import break_rollout_turn, take_rollout_turn
from migsafe.deploy.under_way import Deployed, at_work, open_deployment
from migsafe.errors import EnvironmentFailedError, MigsafeError
from migsafe.tracker.deployments import DeploymentStatus, last_deployment
from migsafe.tracker.errors import TrackerAwayError, TrackerBusyError, TrackerRefusedError
from migsafe.tracker.lease import LeaseHeldError, spell_holder
from migsafe.tracker.opening import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from migsafe.config import Config
    from migsafe.deploy.coordinator import Coordinator
    from migsafe.deploy.settings import DeploySettings
    from migsafe.deploy.site import Site
    from migsafe.deploy.turn import RolloutTurn
    from migsafe.deploy.under_way import DeployRequest
    from migsafe.tracker.deployments import Deployment
    from migsafe.tracker.facts import Author
    from migsafe.tracker.lease import Lease

#: For how long the way back waits for somebody who writes to the tracker, in seconds.
_BRIEFLY = 2.0
#: For how long a tracker is waited for that is to say where the traffic was, in milliseconds.
_AT_ONCE = 500
#: The clocks of two machines are no further apart than that.
_CLOCKS = timedelta(minutes=1)


def abort(
    request: DeployRequest,
    config: Config,
    author: Author,
    *,
    reason: str,
    to: str | None = None,
    retire: bool = False,
    say: Callable[[str], None],
) -> Deployed:
    """Send all traffic back, whoever is at it; without the tracker, too, where the engine tells enough.

    Args:
        to: the version that is to have it; the one that had it before when None.
        retire: end the other version as well; also one that was given up before, and has run on without traffic.

    Raises:
        DeployRefusedError: when nothing is under way.
        EnvironmentFailedError: when the engine is away; or the tracker is, and nobody says where to.
    """
    settings = read_site_settings(request.deploy_file, request.environment)
    asked = _Asked(reason, retire=retire, at=now())
    asked.ordered = _order_back(settings, to, say)
    with open_site(settings, config, author, say, only_back=True) as site:
        before = asked.ordered or _had_it_before(site)
        if asked.ordered is None and before is not None:
            asked.ordered = _order_by_the_tracker(site, before, say)
        try:
            with _turn_of_whoever_has_it(site, author, reason) as (turn, robbed):
                deployment = open_deployment(site, or_ended=asked.is_about)
                done = at_work(
                    site, deployment, author, turn, config, say, None,
                    lambda coordinator: asked.send_back(coordinator, deployment),
                )  # fmt: skip
                if robbed is not None:
                    _tell_of_theft(site, deployment, robbed, author)
                return done
        except (TrackerAwayError, TrackerRefusedError) as error:
            say(f"without the tracker: {error.message}")
            came = _abort_blindly(site, to or before, reason, say)
            if retire:
                came.notes.append("the other version was not ended")
            return Deployed(None, came)


@dataclass(slots=True)
class _Asked:
    """What a person wants.

    Attributes:
        at: when it was asked for.
        ordered: where the engine was told to send the traffic, before anybody else was asked; None where it was not.
    """

    reason: str
    retire: bool
    at: datetime
    ordered: str | None = None

    def is_about(self, found: Deployment) -> bool:
        """Of a rollout that has come to its end: whether there is something to do about it all the same."""
        return found.status is DeploymentStatus.ABORTED and (self.retire or self._is_why(found))

    def _is_why(self, found: Deployment) -> bool:
        """It went back because of this: a coordinator that was at it has seen that, and was quicker to write it down.

        Or it has seen that somebody sent it back whom nobody knew of until now, when the tracker could not be told.
        """
        if found.stable is not None and found.reason == spell_sent_back(found.stable):
            return True
        lately = found.ended_at is not None and found.ended_at >= self.at - _CLOCKS
        return self.ordered is not None and self.ordered == found.stable and lately

    def send_back(self, coordinator: Coordinator, deployment: Deployment) -> Came:
        """As far as that has not been done."""
        if deployment.is_open:
            return coordinator.go_back(self.reason, retire=self.retire)
        because = self.reason if self._is_why(deployment) else None
        return coordinator.settle(because, retire=self.retire)


def _order_back(settings: DeploySettings, to: str | None, say: Callable[[str], None]) -> str | None:
    """Before anybody is asked: while a candidate has traffic, the engine alone knows where it was.

    Args:
        to: says it where the new version is promoted already, and the one before stands beside it.

    Returns:
        Where it was sent; None where the engine alone does not tell.
    """
    with closing(provider_of(settings)) as provider:
        seen = provider.observe()
        target = seen.stable if seen.weight > 0 else to if to == seen.candidate else None
        if target is None:
            return None
        provider.abort(target)
    say(f"{settings.provider} is told to send all traffic to {target}")
    return target


def _had_it_before(site: Site) -> str | None:
    """By a tracker that can be read, though not written; None where it cannot, or says that nothing is under way."""
    try:
        with site.tracker.reading(patience=_AT_ONCE) as ledger:
            found = last_deployment(ledger, site.settings.environment)
    except MigsafeError:
        return None
    return found.stable if found is not None and found.is_open else None


def _order_by_the_tracker(site: Site, to: str, say: Callable[[str], None]) -> str | None:
    """The new version is promoted, say: who was there before is read, and nobody who writes is waited for.

    Returns:
        Where it was sent; None where the engine did not take that: the way back itself says why.
    """
    try:
        site.provider.abort(to)
    except (ProviderRefusedError, EnvironmentFailedError):
        return None
    say(f"{site.settings.provider} is told to send all traffic to {to}")
    return to


def _abort_blindly(site: Site, to: str | None, reason: str, say: Callable[[str], None]) -> Came:
    """By what the engine alone tells; nothing is written, and `resume` finds out."""
    if to is None:
        raise DeployRefusedError(
            "the engine alone does not tell where the traffic was before", hint="--to VERSION says it"
        )
    began, deadline = time.monotonic(), time.monotonic() + site.settings.ready_within
    site.provider.abort(to)
    while not is_back(to, site.provider.observe()):
        if time.monotonic() > deadline:
            raise EnvironmentFailedError(f"the traffic is not back at {to}", hint="give the same command again")
        time.sleep(Manner().look_every)
    spent = (time.monotonic() - began) * 1000
    say(f"all traffic is at {to}, after {spent:.0f} ms")
    note = "the tracker could not be told: migsafe deploy abort again, when it can be reached"
    return Came(DeploymentStatus.ABORTED, reason, back_ms=spent, notes=[note])


@contextmanager
def _turn_of_whoever_has_it(site: Site, author: Author, reason: str) -> Iterator[tuple[RolloutTurn, Lease | None]]:
    """Going back is everybody's right: whoever moves forward meanwhile finds out before the next order.

    Yields:
        The turn, and from whom it was taken; None where nobody had it.
    """
    environment = site.settings.environment
    robbed: Lease | None = None
    deadline = time.monotonic() + _BRIEFLY
    while True:
        try:
            turn = take_rollout_turn(site.tracker, environment, author, f"abort: {reason}")
            break
        except TrackerBusyError:
            if time.monotonic() > deadline:
                raise
        except LeaseHeldError:
            if time.monotonic() > deadline:
                raise
            robbed = _break(site, environment, author, reason) or robbed
    with turn:
        yield turn, robbed


def _break(site: Site, environment: str, author: Author, reason: str) -> Lease | None:
    try:
        return break_rollout_turn(site.tracker, environment, author, f"abort: {reason}")
    except LeaseHeldError:  # it writes in this moment
        time.sleep(Manner().look_every)
    except TrackerRefusedError:  # it was given back in this moment
        pass
    return None


def _tell_of_theft(site: Site, deployment: Deployment, robbed: Lease, author: Author) -> None:
    with suppress(MigsafeError), site.tracker.writing(author) as store:
        site.herald.tell(store, deployment, "lock-stolen", f"{spell_holder(robbed)}; now {author.actor} has it", {})
