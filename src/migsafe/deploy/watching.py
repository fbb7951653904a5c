"""Watches running code: what the checks say of it, and whether the engine is still as it was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.decide import Drift, GoBack, Hold, Met, Tell, Wait, spell_unready
from migsafe.deploy.means import Halt, Manner, Means
from migsafe.deploy.rollout import Kind
from migsafe.deploy.verdict import Result, Verdict, Window, spell_verdicts, worst
from migsafe.errors import EnvironmentFailedError
from migsafe.preflight.words import duration
from migsafe.tracker.deployments import DeploymentStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.deploy.decide import Next
    from migsafe.deploy.rollout import Rollout, Step
    from migsafe.deploy.words import Observed

    #: What is to be made of what an engine shows, in a step that was ordered.
    Decide = Callable[[Step, Observed], Next]


class Watcher:
    """Of one rollout on one engine."""

    def __init__(self, rollout: Rollout, means: Means, manner: Manner) -> None:
        self._rollout = rollout
        self._means = means
        self._manner = manner

    def watch(self, step: Step, decide: Decide) -> tuple[Verdict, ...]:
        """Look at the code of a step that has come true until its time is over; what fails earlier ends it earlier.

        Raises:
            Halt: when it must not go on.
            RolloutTurnLostError: when somebody else has taken the rollout over.
        """
        means, began = self._means, self._means.clock()
        means.analyst.begin()
        doubts = _Doubts(means.clock, self._manner)
        while True:
            means.turn.check_ours()  # a tracker that is away ends no watch: what fails meanwhile must go back
            elapsed = means.clock() - began
            verdicts = means.analyst.judge(_window(step, self._rollout, elapsed))
            _refuse_failures(verdicts)
            self._look(step, decide, doubts, verdicts)
            if elapsed >= step.seconds and not doubts.are_open:
                return self._concluded(verdicts)
            means.pause_if_asked()
            means.sleep(min(self._manner.judge_every, max(step.seconds - elapsed, self._manner.look_every)))

    def watch_on(self) -> Callable[[], None]:
        """Begin to look at code on which no step waits, whatever the engine shows of it.

        Returns:
            One look at it; it raises `Halt` when the traffic must go back. An engine that is away is looked at later:
            nothing could be moved on it either.
        """
        began = self._means.clock()
        self._means.analyst.begin()
        doubts = _Doubts(self._means.clock, self._manner)

        def look() -> None:
            try:
                seen = self._means.provider.observe()
            except EnvironmentFailedError:
                return
            verdicts = self._means.analyst.judge(_window_of(seen, self._means.clock() - began))
            _refuse_failures(verdicts)
            if seen.candidate is None or seen.weight == 0 or seen.is_ready(seen.candidate):
                doubts.ready()
            else:
                doubts.unready(spell_unready(seen, seen.candidate), verdicts)

        return look

    def _look(self, step: Step, decide: Decide, doubts: _Doubts, verdicts: tuple[Verdict, ...]) -> None:
        """Whether the engine is still as it was told."""
        try:
            seen = self._means.provider.observe()
        except EnvironmentFailedError as error:
            doubts.away(error.message, verdicts)
            return
        doubts.there()
        match decide(step, seen):
            case Met():
                doubts.ready()
            case Drift(text):
                raise Halt(DeploymentStatus.DRIFTED, text, verdicts)
            case GoBack(text):
                raise Halt(DeploymentStatus.ABORTING, text, verdicts)
            case Hold(text):
                raise Halt(DeploymentStatus.HELD, text, verdicts)
            case Wait(text):
                doubts.unready(text, verdicts)
            case Tell():
                raise AssertionError("it was told")

    def _concluded(self, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        if worst(verdicts) is Result.INCONCLUSIVE:
            status = DeploymentStatus.ABORTING if self._manner.abort_when_unsure else DeploymentStatus.HELD
            raise Halt(status, spell_verdicts(verdicts, Result.INCONCLUSIVE), verdicts)
        return verdicts


class _Doubts:
    """Since when an engine is away, and since when a version is not ready: two things, and two patiences.

    An engine that is away says nothing about the version: it may be as well as it was.
    """

    def __init__(self, clock: Callable[[], float], manner: Manner) -> None:
        self._clock = clock
        self._manner = manner
        self._away_since: float | None = None
        self._unready_since: float | None = None

    @property
    def are_open(self) -> bool:
        """Nobody knows in this moment that all is as it was told."""
        return self._away_since is not None or self._unready_since is not None

    def there(self) -> None:
        """The engine has answered."""
        self._away_since = None

    def ready(self) -> None:
        """It has, and all is as it was told."""
        self._away_since = self._unready_since = None

    def away(self, why: str, verdicts: tuple[Verdict, ...]) -> None:
        """The engine has not answered.

        Raises:
            Halt: when it has not for too long; nothing can be moved on it either.
        """
        self._away_since = self._clock() if self._away_since is None else self._away_since
        if self._clock() - self._away_since >= self._manner.ready_within:
            text = f"the engine could not be reached for {duration(self._manner.ready_within)}: {why}"
            raise Halt(DeploymentStatus.HELD, text, verdicts)

    def unready(self, why: str, verdicts: tuple[Verdict, ...]) -> None:
        """The engine has answered, and a version that has come up is not ready.

        Raises:
            Halt: when it has not been ready for too long.
        """
        self._unready_since = self._clock() if self._unready_since is None else self._unready_since
        if self._clock() - self._unready_since >= self._manner.unready_for:
            raise Halt(DeploymentStatus.ABORTING, f"it was ready, and is not any more: {why}", verdicts)


def _refuse_failures(verdicts: tuple[Verdict, ...]) -> None:
    if worst(verdicts) is Result.FAIL:
        raise Halt(DeploymentStatus.ABORTING, spell_verdicts(verdicts, Result.FAIL), verdicts)


def _window(step: Step, rollout: Rollout, elapsed: float) -> Window:
    over = elapsed >= step.seconds
    if step.kind is Kind.SHIFT:
        return Window(
            stable=rollout.stable,
            candidate=rollout.candidate,
            weight=step.desired.weight,
            seconds=elapsed,
            over=over,
        )
    return Window(stable=step.desired.stable, candidate=None, weight=0, seconds=elapsed, over=over)


def _window_of(seen: Observed, elapsed: float) -> Window:
    """Of what an engine shows; it is never over, so that nothing but a failure counts."""
    candidate = seen.candidate if seen.weight > 0 else None
    return Window(stable=seen.stable, candidate=candidate, weight=seen.weight, seconds=elapsed, over=False)
