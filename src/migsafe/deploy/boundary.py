"""Between two steps: the tracker is asked and told, and the code is watched on while it cannot be.

What was to be written is tried again as it is, so that nothing comes out of order; the turn is asked for first, as
somebody else may have taken it meanwhile. What fails in between sends the traffic back without the tracker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from migsafe.deploy.decide import spell
from migsafe.deploy.means import Halt, Manner, Means
from migsafe.deploy.rollout import Kind
from migsafe.errors import EnvironmentFailedError
from migsafe.preflight.words import duration
from migsafe.tracker.deployments import DeploymentStatus
from migsafe.tracker.errors import TrackerAwayError, TrackerRefusedError
from migsafe.tracker.lease import LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.deploy.rollout import Rollout
    from migsafe.deploy.watching import Watcher
    from migsafe.errors import MigsafeError

T = TypeVar("T")


class Boundary:
    """Of one rollout on one engine."""

    def __init__(self, rollout: Rollout, means: Means, manner: Manner, watcher: Watcher) -> None:
        self._rollout = rollout
        self._means = means
        self._manner = manner
        self._watcher = watcher

    def through(self, act: Callable[[], T]) -> T:
        """Do what needs the tracker, as soon as that can be.

        Args:
            act: may be called again and again until the tracker has followed.

        Raises:
            Halt: when it does not come back, or the traffic must go back before it does.
            RolloutTurnLostError, LeaseLostError: when somebody else has taken the rollout over.
        """
        if not self._means.turn.is_heard:  # to ask once more in vain may take seconds in which nobody watches
            return self._when_it_is_back(act, TrackerAwayError("the tracker does not answer"))
        return self._at_once(act)

    def sure(self) -> None:
        """Wait until it is certain whose turn it is, where that is in doubt.

        Raises:
            Halt: as `through`.
            RolloutTurnLostError: when it is not ours.
        """
        self._at_once(self._means.turn.check)

    def _at_once(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except LeaseLostError:
            raise
        except (TrackerAwayError, TrackerRefusedError) as error:
            return self._when_it_is_back(act, error)

    def _when_it_is_back(self, act: Callable[[], T], why: MigsafeError) -> T:
        means, began = self._means, self._means.clock()
        look = self._watcher.watch_on() if self._has_way_back else lambda: None
        watched = "; the code is watched on" if self._has_way_back else ""
        means.say(f"{why.message}: it is waited for, up to {duration(self._manner.tracker_back_within)}{watched}")
        while True:
            means.turn.check_ours()
            look()
            means.pause_if_asked()
            if means.clock() - began >= self._manner.tracker_back_within:
                raise self._given_up(why)
            means.turn.call()
            means.sleep(self._manner.judge_every)
            if not means.turn.has_answered:
                continue
            try:
                done = act()
            except LeaseLostError:
                raise
            except (TrackerAwayError, TrackerRefusedError) as error:
                why = error
            else:
                means.say(f"the tracker is back, after {duration(means.clock() - began)}")
                return done

    @property
    def _has_way_back(self) -> bool:
        """Once the old version was told to end, there is nothing that a look at the new one could change."""
        entry = self._means.journal.entry
        return all(entry(step).attempts == 0 for step in self._rollout.steps if step.kind is Kind.RETIRE)

    def _given_up(self, error: MigsafeError) -> Halt:
        """What is so, and how to go on."""
        why = f"the tracker was not back within {duration(self._manner.tracker_back_within)}: {error.message}"
        if self._manner.abort_when_unsure and self._has_way_back:
            return Halt(DeploymentStatus.ABORTING, why)
        environment = self._means.journal.deployment.environment
        resume, abort = (f"migsafe deploy {verb} --env {environment}" for verb in ("resume", "abort"))
        way_on = f"{resume} goes on when the tracker is back"
        if self._has_way_back and self._rollout.stable is not None:
            way_on += f"; {abort} --reason WHY --to {self._rollout.stable} goes back without it"
        return Halt(DeploymentStatus.HELD, why, notes=(self._shown(), way_on), is_failure=False)

    def _shown(self) -> str:
        try:
            return f"{spell(self._means.provider.observe())}: it stays so, and nobody watches it any more"
        except EnvironmentFailedError as error:
            return f"the engine cannot be reached either: {error.message}"
