"""The way back: all traffic to the version that had it. It comes before everything else, and waits for no tracker.

The engine is told first. What could not be written down is said, and `resume` finds the engine as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.decide import is_back, spell, spell_sent_back
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.journal import Standing, standing_on_the_way_back
from migsafe.deploy.means import Came, Halt, Manner, Means, spell_error
from migsafe.deploy.rollout import Kind
from migsafe.errors import EnvironmentFailedError, MigsafeError
from migsafe.model.state import RolloutStatus
from migsafe.preflight.words import duration
from migsafe.tracker.deployments import DeploymentStatus, DeploymentStepStatus

if TYPE_CHECKING:
    from migsafe.deploy.rollout import Rollout, Step
    from migsafe.deploy.verdict import Verdict


class WayBack:
    """Of one rollout on one engine."""

    def __init__(self, rollout: Rollout, means: Means, manner: Manner) -> None:
        self._rollout = rollout
        self._means = means
        self._provider = means.provider
        self._journal = means.journal
        self._say = means.say
        self._clock = means.clock
        self._sleep = means.sleep
        self._manner = manner

    def go_back(self, why: str, verdicts: tuple[Verdict, ...] = (), *, retire: bool = False) -> Came:
        """All traffic to the version that had it before; written down if that can be, and done in any case.

        Args:
            retire: end the other version as well, once that is so.
        """
        stable = self._rollout.stable
        if stable is None:
            return self._take_down(why, verdicts, asked_for=retire)
        came = Came(DeploymentStatus.ABORTED, why, verdicts)
        began = self._clock()
        trouble = self._route_back(stable)
        came.back_ms = (self._clock() - began) * 1000
        # Only now: a tracker that is slow or away keeps no traffic where it must not be.
        self.fail_running(why, verdicts)
        if trouble is not None and self._has_begun(Kind.RETIRE):
            return self.hold(Halt(DeploymentStatus.HELD, f"{why}; {trouble}", verdicts))
        self._write(came, DeploymentStatus.ABORTING, why, standing_on_the_way_back(self._rollout), event="abort")
        if trouble is not None:
            came.status, came.reason, came.back_ms = DeploymentStatus.ABORTING, f"{why}; {trouble}", None
            self._write(came, DeploymentStatus.ABORTING, came.reason, (), event="hold")
            return came
        self._say(f"all traffic is at {stable}, after {came.back_ms:.0f} ms")
        # It has no traffic, but may go on with work of its own until it is retired.
        candidate = self._rollout.candidate
        draining = (Standing(candidate, RolloutStatus.DRAINING, 0),) if self._was_staged() else ()
        self._write(came, DeploymentStatus.ABORTED, why, draining, event="rolled-back")
        if retire and self._was_staged():
            self._retire(candidate, came)
        return came

    def settle(self, because: str | None, *, retire: bool) -> Came:
        """What is left to do about a rollout that has gone back.

        Args:
            because: why a person has sent it back, where somebody else has written down that it went.
            retire: end the version that was given up: it runs on without traffic.
        """
        known = self._journal.deployment.reason
        came = Came(DeploymentStatus.ABORTED, known)
        if because is not None:
            told = None if known == spell_sent_back(self._rollout.stable) else known
            came.reason = "; ".join(filter(None, (because, told)))
            self._write(came, DeploymentStatus.ABORTED, came.reason, (), event="abort")
        if retire and self._was_staged():
            self._retire(self._rollout.candidate, came)
        return came

    def give_way(self) -> None:
        """An order of ours may have come true behind somebody else's way back: what was sent back stays there."""
        stable = self._rollout.stable
        try:
            if stable is None or not self._journal.is_sent_back():
                return
            self._provider.abort(stable)
            self._say(f"it was sent back meanwhile: all traffic goes to {stable}")
        except MigsafeError as error:
            self._say(f"nobody knows whether an order of this coordinator came behind the way back: {error.message}")

    def hold(self, halt: Halt) -> Came:
        """It stands still where it is, for a reason that is written down."""
        came = Came(halt.status, halt.why, halt.verdicts, notes=list(halt.notes))
        self._write(came, halt.status, halt.why, (), event=None if halt.status is DeploymentStatus.PAUSED else "hold")
        return came

    def fail_running(self, why: str, verdicts: tuple[Verdict, ...]) -> None:
        """The step that is under way did not come true; a tracker that is away is told of later, by `resume`."""
        running = next((one for one in self._rollout.steps if self._is_running(one)), None)
        if running is None:
            return
        try:
            self._journal.fail_step(running, why, verdicts)
        except MigsafeError as error:
            self._say(f"that could not be written down: {error.message}")

    def _held(self, why: str, verdicts: tuple[Verdict, ...]) -> Came:
        self.fail_running(why, verdicts)
        return self.hold(Halt(DeploymentStatus.HELD, why, verdicts))

    def _take_down(self, why: str, verdicts: tuple[Verdict, ...], *, asked_for: bool) -> Came:
        """Of a first version: there is nothing to go back to, so it ends; one with traffic only if a person says so."""
        candidate = self._rollout.candidate
        came = Came(DeploymentStatus.ABORTED, why, verdicts)
        try:
            seen = self._provider.observe()
            if seen.stable is not None or (seen.weight > 0 and not asked_for):
                way_on = "resume goes on" if seen.stable is not None else f"abort --retire ends {candidate}"
                text = f"{why}; there is no version to go back to, and migsafe deploy {way_on}"
                return self._held(text, verdicts)
            if seen.weight > 0:
                self._means.tell("shift", candidate, 0)
            trouble = self._end(candidate)
        except (EnvironmentFailedError, ProviderRefusedError) as error:
            trouble = spell_error(error)
        if trouble is not None:
            return self._held(f"{why}; {trouble}", verdicts)
        self.fail_running(why, verdicts)
        gone = (Standing(candidate, RolloutStatus.ROLLED_BACK),) if self._was_staged() else ()
        self._write(came, DeploymentStatus.ABORTED, why, gone, event="rolled-back")
        return came

    def _retire(self, candidate: str, came: Came) -> None:
        """What fails here leaves instances without traffic, and that is said."""
        try:
            trouble = self._end(candidate)
        except (EnvironmentFailedError, ProviderRefusedError) as error:
            trouble = spell_error(error)
        if trouble is not None:
            came.notes.append(f"{candidate} has not ended: {trouble}")
            return
        gone = (Standing(candidate, RolloutStatus.ROLLED_BACK),)
        self._write(came, DeploymentStatus.ABORTED, came.reason, gone, event=None)

    def _end(self, version: str) -> str | None:
        """Order it, and look until nothing of it is left; why something is."""
        deadline = self._clock() + self._manner.ready_within
        self._means.tell("retire", version)
        while (seen := self._provider.observe()).candidate == version:
            if self._clock() >= deadline:
                return f"given up after {duration(self._manner.ready_within)}: the engine shows {spell(seen)}"
            self._sleep(self._manner.look_every)
        return None

    def _route_back(self, stable: str) -> str | None:
        """Order it again and again until it is so; why it is not."""
        deadline = self._clock() + self._manner.ready_within
        while True:
            try:
                self._means.tell("abort", stable)
                seen = self._provider.observe()
                if is_back(stable, seen):
                    return None
                why = f"the engine shows {spell(seen)}"
            except ProviderRefusedError as error:
                why = spell_error(error)
                if self._has_begun(Kind.RETIRE):
                    return f"{stable} was being ended: {why}; migsafe deploy resume, then migsafe rollback"
            except EnvironmentFailedError as error:
                why = spell_error(error)
            if self._clock() >= deadline:
                return f"the traffic is not back at {stable}: {why}"
            self._sleep(self._manner.look_every)

    def _was_staged(self) -> bool:
        return any(
            self._journal.entry(step).status is not DeploymentStepStatus.PLANNED and step.kind is not Kind.SOAK
            for step in self._rollout.steps
        )

    def _has_begun(self, kind: Kind) -> bool:
        begun = (self._journal.entry(step).attempts > 0 for step in self._rollout.steps if step.kind is kind)
        return any(begun)

    def _is_running(self, step: Step) -> bool:
        return self._journal.entry(step).status is DeploymentStepStatus.RUNNING

    def _write(
        self,
        came: Came,
        status: DeploymentStatus,
        why: str | None,
        standing: tuple[Standing, ...],
        *,
        event: str | None,
    ) -> None:
        """Write it down if that can be: a tracker that is away keeps no traffic where it must not be."""
        try:
            self._journal.set(status, why, event=event, standing=standing)
        except MigsafeError as error:
            text = f"“{status}” could not be written down: {error.message}"
            came.notes.append(text)
            self._say(text)
