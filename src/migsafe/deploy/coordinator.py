"""Goes through a rollout step by step: write it down, order it, look until it has come true, watch, write that down.

Nothing is decided here (`decide` does) and nothing is remembered here: after a kill the journal says what was wanted,
and the engine what is so. Going back comes before everything else, and waits for no database.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from migsafe.deploy.decide import Drift, GoBack, Hold, Met, Tell, Wait, decide, is_back, spell
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.journal import Standing, standing_on_the_way_back
from migsafe.deploy.provider import Fencing
from migsafe.deploy.rollout import Kind
from migsafe.deploy.turn import RolloutTurnLostError
from migsafe.deploy.verdict import Result, Verdict, Window, worst
from migsafe.errors import EnvironmentFailedError, MigsafeError
from migsafe.model.state import RolloutStatus
from migsafe.preflight.words import duration
from migsafe.tracker.deployments import DeploymentStatus, DeploymentStepStatus
from migsafe.tracker.lease import LeaseLostError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from migsafe.deploy.decide import Answer, Next
    from migsafe.deploy.journal import Journal
    from migsafe.deploy.provider import Provider
    from migsafe.deploy.rollout import Rollout, Step
    from migsafe.deploy.turn import RolloutTurn
    from migsafe.deploy.words import Observed

_WATCHED = frozenset({Kind.SOAK, Kind.SHIFT, Kind.BAKE})


class Analyst(Protocol):
    """All that is looked at while code is watched."""

    def begin(self) -> None:
        """A window begins."""

    def judge(self, window: Window) -> tuple[Verdict, ...]:
        """What is to be said of it so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How patient a coordinator is.

    Attributes:
        ready_within: seconds until a version that does not become ready, or an engine that does not follow, is given
            up.
        look_every: seconds between two looks at an engine.
        judge_every: seconds between two looks at the running code.
        unready_for: seconds for which a candidate with traffic may be not ready, before it goes back.
        abort_when_unsure: what nobody can tell sends the traffic back; else it is held where it is.
    """

    ready_within: float = 300.0
    look_every: float = 0.2
    judge_every: float = 1.0
    unready_for: float = 3.0
    abort_when_unsure: bool = False


@dataclass(slots=True)
class Came:
    """What a coordinator has come to.

    Attributes:
        back_ms: how long it took until all traffic was back, in milliseconds; None where it did not go back.
    """

    status: DeploymentStatus
    reason: str | None = None
    verdicts: tuple[Verdict, ...] = ()
    back_ms: float | None = None
    notes: list[str] = field(default_factory=list)


class _Halt(Exception):
    """The way forward ends here."""

    def __init__(self, status: DeploymentStatus, why: str, verdicts: tuple[Verdict, ...] = ()) -> None:
        self.status = status
        self.why = why
        self.verdicts = verdicts
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a coordinator works with.

    Attributes:
        answers: whether the versions of this rollout work on the schema as it is now.
        smoke: what the first pages of a version say that is ready and has no traffic.
        stop: set by somebody who wants it to pause where it is.
        say: takes one line for a person.
        clock: seconds, by any clock that does not go back.
        sleep: wait for so many seconds.
    """

    provider: Provider
    journal: Journal
    turn: RolloutTurn
    answers: Callable[[], Mapping[str, Answer]]
    analyst: Analyst
    smoke: Callable[[str], tuple[Verdict, ...]]
    stop: threading.Event
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Coordinator:
    """One rollout on one engine."""

    def __init__(self, rollout: Rollout, means: Means, manner: Manner) -> None:
        self._rollout = rollout
        self._provider = means.provider
        self._journal = means.journal
        self._turn = means.turn
        self._answers = means.answers
        self._analyst = means.analyst
        self._smoke = means.smoke
        self._stop = means.stop
        self._say = means.say
        self._clock = means.clock
        self._sleep = means.sleep
        self._manner = manner
        self._known: Mapping[str, Answer] = {}

    def go_on(self) -> Came:
        """All steps that are not done, to the end or to where it may not go on.

        Raises:
            RolloutTurnLostError: when somebody else has taken it over; nothing more was moved.
            TrackerAwayError: when nothing can be written down any more; nothing more was moved.
        """
        if self._journal.deployment.status is not DeploymentStatus.RUNNING:
            self._journal.set(DeploymentStatus.RUNNING, None)
        try:
            for step in self._rollout.steps:
                if not self._is_done(step):
                    self._perform(step)
        except _Halt as halt:
            return self._halted(halt)
        except (RolloutTurnLostError, LeaseLostError):
            self._give_way()
            raise
        if self._journal.deployment.rehearsal:
            return self.go_back("the way back is rehearsed")
        self._journal.set(DeploymentStatus.DONE, None, event="done")
        return Came(DeploymentStatus.DONE)

    def reassert(self, reason: str) -> None:
        """Set the engine as the last step that was done has left it, whatever somebody else has made of it since.

        Args:
            reason: why that may be undone.

        Raises:
            ProviderRefusedError: when the engine cannot; nothing was changed.
            EnvironmentFailedError: when it is away.
        """
        self._turn.check()
        self._journal.set(DeploymentStatus.RUNNING, f"set again: {reason}")
        step = next((one for one in self._rollout.steps if not self._is_done(one)), None)
        if step is None:
            return
        self._journal.plan_again(step)
        wanted = self._rollout.before(step.n)
        if wanted.candidate is not None and wanted.stable == self._rollout.stable:
            self._tell("shift", wanted.candidate, wanted.weight)
        elif wanted.stable is not None:
            self._tell("abort", wanted.stable, None)

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
        self._fail_running(why, verdicts)
        if trouble is not None and self._has_begun(Kind.RETIRE):
            return self._hold(_Halt(DeploymentStatus.HELD, f"{why}; {trouble}", verdicts))
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

    def clear_up(self) -> Came:
        """End the version that was given up, of a rollout that has gone back: it ran on without traffic."""
        came = Came(DeploymentStatus.ABORTED, self._journal.deployment.reason)
        if self._was_staged():
            self._retire(self._rollout.candidate, came)
        return came

    def _take_down(self, why: str, verdicts: tuple[Verdict, ...], *, asked_for: bool) -> Came:
        """Of a first version: there is nothing to go back to, so it ends; one with traffic only if a person says so."""
        candidate = self._rollout.candidate
        came = Came(DeploymentStatus.ABORTED, why, verdicts)
        try:
            seen = self._provider.observe()
            if seen.stable is not None or (seen.weight > 0 and not asked_for):
                way_on = "resume goes on" if seen.stable is not None else f"abort --retire ends {candidate}"
                text = f"{why}; there is no version to go back to, and migsafe deploy {way_on}"
                return self._halted(_Halt(DeploymentStatus.HELD, text, verdicts))
            if seen.weight > 0:
                self._tell("shift", candidate, 0)
            trouble = self._end(candidate)
        except (EnvironmentFailedError, ProviderRefusedError) as error:
            trouble = _spell_error(error)
        if trouble is not None:
            return self._halted(_Halt(DeploymentStatus.HELD, f"{why}; {trouble}", verdicts))
        self._fail_running(why, verdicts)
        gone = (Standing(candidate, RolloutStatus.ROLLED_BACK),) if self._was_staged() else ()
        self._write(came, DeploymentStatus.ABORTED, why, gone, event="rolled-back")
        return came

    def _retire(self, candidate: str, came: Came) -> None:
        """What fails here leaves instances without traffic, and that is said."""
        try:
            trouble = self._end(candidate)
        except (EnvironmentFailedError, ProviderRefusedError) as error:
            trouble = _spell_error(error)
        if trouble is not None:
            came.notes.append(f"{candidate} has not ended: {trouble}")
            return
        gone = (Standing(candidate, RolloutStatus.ROLLED_BACK),)
        self._write(came, DeploymentStatus.ABORTED, came.reason, gone, event=None)

    def _end(self, version: str) -> str | None:
        """Order it, and look until nothing of it is left; why something is."""
        deadline = self._clock() + self._manner.ready_within
        self._tell("retire", version, None)
        while (seen := self._provider.observe()).candidate == version:
            if self._clock() >= deadline:
                return f"given up after {duration(self._manner.ready_within)}: the engine shows {spell(seen)}"
            self._sleep(self._manner.look_every)
        return None

    def _give_way(self) -> None:
        """An order of ours may have come true behind somebody else's way back: what was sent back stays there."""
        stable = self._rollout.stable
        try:
            if stable is None or not self._journal.is_sent_back():
                return
            self._provider.abort(stable)
            self._say(f"it was sent back meanwhile: all traffic goes to {stable}")
        except MigsafeError as error:
            self._say(f"nobody knows whether an order of this coordinator came behind the way back: {error.message}")

    # -- forward

    def _perform(self, step: Step) -> None:
        self._pause_if_asked()
        self._turn.check()
        # Asked once for each step: no contract runs while a release is rolling, and nothing else takes anything away.
        self._known = self._answers()
        self._journal.begin_step(step, self._rollout)
        self._say(f"{step.n}/{len(self._rollout.steps)} {_spell_step(step, self._rollout)}")
        seen = self._bring_about(step)
        if step.kind is Kind.SHIFT:
            self._journal.reach_step(step, seen)
        verdicts = self._looked_at(step)
        note = "; ".join([spell(seen), *(one.text for one in verdicts)])
        self._journal.end_step(step, self._rollout, seen, verdicts, note)

    def _looked_at(self, step: Step) -> tuple[Verdict, ...]:
        """What is said of the code in a step that has come true."""
        if step.kind in _WATCHED:
            return self._watch(step)
        if step.kind is not Kind.STAGE:
            return ()
        verdicts = self._smoke(self._rollout.candidate)
        if worst(verdicts) is Result.FAIL:
            raise _Halt(DeploymentStatus.ABORTING, _spell_verdicts(verdicts, Result.FAIL), verdicts)
        return verdicts

    def _bring_about(self, step: Step) -> Observed:
        """Order it, and look until it is so."""
        deadline = self._clock() + self._manner.ready_within
        told = False
        while True:
            self._turn.check()
            try:
                seen = self._provider.observe()
                nothing_moved = seen.weight == 0 and seen.stable == self._rollout.stable
                match self._decide(step, seen, told=told):
                    case Met():
                        return seen
                    case Tell(order):
                        told = True
                        self._order(order.verb, order.version, order.weight, nothing_moved=nothing_moved)
                        continue
                    case GoBack(text):
                        raise _Halt(DeploymentStatus.ABORTING, text)
                    case Hold(text):
                        # Nothing was moved yet: then there is nothing to hold either.
                        raise _Halt(DeploymentStatus.ABORTING if nothing_moved else DeploymentStatus.HELD, text)
                    case Drift(text):
                        raise _Halt(DeploymentStatus.DRIFTED, text)
                    case Wait(text):
                        why, away = text, False
            except EnvironmentFailedError as error:
                why, away, told = f"the engine cannot be reached: {error.message}", True, False
            if self._clock() >= deadline:
                text = f"given up after {duration(self._manner.ready_within)}: {why}"
                # What is given up while the old version ends must not go back to it.
                stays = away or step.kind is Kind.RETIRE
                raise _Halt(DeploymentStatus.HELD if stays else DeploymentStatus.ABORTING, text)
            self._pause_if_asked()
            self._sleep(self._manner.look_every)

    def _decide(self, step: Step, seen: Observed, *, told: bool) -> Next:
        able = self._provider.capabilities
        exact = able.weights == "exact" and not able.engine_owns_steps
        reached = self._journal.entry(step).observed is not None
        return decide(self._rollout, step, seen, self._known, told=told, exact=exact, reached=reached)

    def _order(self, verb: str, version: str, weight: int | None, *, nothing_moved: bool) -> None:
        try:
            self._tell(verb, version, weight)
        except ProviderRefusedError as error:
            status = DeploymentStatus.ABORTING if nothing_moved else DeploymentStatus.HELD
            raise _Halt(status, _spell_error(error)) from None

    def _tell(self, verb: str, version: str, weight: int | None) -> None:
        """One verb; an engine that can carry a mark refuses it from a coordinator that comes too late."""
        if isinstance(self._provider, Fencing):
            self._provider.fence(self._turn.fence)
        if weight is None:
            getattr(self._provider, verb)(version)
        else:
            self._provider.shift(version, weight)

    def _watch(self, step: Step) -> tuple[Verdict, ...]:
        """Look at the running code until its time is over; what fails earlier ends it earlier."""
        began = self._clock()
        self._analyst.begin()
        unready_since: float | None = None
        while True:
            self._turn.check_ours()  # a tracker that is away ends no watch: what fails meanwhile must go back
            elapsed = self._clock() - began
            verdicts = self._analyst.judge(_window(step, self._rollout, elapsed))
            if worst(verdicts) is Result.FAIL:
                raise _Halt(DeploymentStatus.ABORTING, _spell_verdicts(verdicts, Result.FAIL), verdicts)
            unready_since = self._look_after(step, unready_since, verdicts)
            if elapsed >= step.seconds and unready_since is None:
                return self._concluded(verdicts)
            self._pause_if_asked()
            self._sleep(min(self._manner.judge_every, max(step.seconds - elapsed, self._manner.look_every)))

    def _look_after(self, step: Step, since: float | None, verdicts: tuple[Verdict, ...]) -> float | None:
        """Whether the engine is still as it was told; since when it is not ready, if it is not."""
        try:
            seen = self._provider.observe()
        except EnvironmentFailedError as error:
            if since is not None and self._clock() - since >= self._manner.ready_within:
                why = f"the engine cannot be reached: {error.message}"
                raise _Halt(DeploymentStatus.HELD, why, verdicts) from None
            return self._clock() if since is None else since
        match self._decide(step, seen, told=True):
            case Met():
                return None
            case Drift(text):
                raise _Halt(DeploymentStatus.DRIFTED, text, verdicts)
            case GoBack(text):
                raise _Halt(DeploymentStatus.ABORTING, text, verdicts)
            case Hold(text):
                raise _Halt(DeploymentStatus.HELD, text, verdicts)
            case Wait(text):
                why = text
            case Tell():
                raise AssertionError("it was told")
        if since is not None and self._clock() - since >= self._manner.unready_for:
            raise _Halt(DeploymentStatus.ABORTING, f"it was ready, and is not any more: {why}", verdicts)
        return self._clock() if since is None else since

    def _concluded(self, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        if worst(verdicts) is Result.INCONCLUSIVE:
            status = DeploymentStatus.ABORTING if self._manner.abort_when_unsure else DeploymentStatus.HELD
            raise _Halt(status, _spell_verdicts(verdicts, Result.INCONCLUSIVE), verdicts)
        return verdicts

    def _pause_if_asked(self) -> None:
        if self._stop.is_set():
            raise _Halt(DeploymentStatus.PAUSED, "it was stopped by a person")

    # -- where it ends early

    def _halted(self, halt: _Halt) -> Came:
        if halt.status is DeploymentStatus.ABORTING:
            return self.go_back(halt.why, halt.verdicts)
        if halt.status is DeploymentStatus.HELD:
            self._fail_running(halt.why, halt.verdicts)
        return self._hold(halt)

    def _fail_running(self, why: str, verdicts: tuple[Verdict, ...]) -> None:
        running = next((one for one in self._rollout.steps if self._is_running(one)), None)
        if running is None:
            return
        try:
            self._journal.fail_step(running, why, verdicts)
        except MigsafeError as error:
            self._say(f"that could not be written down: {error.message}")

    def _hold(self, halt: _Halt) -> Came:
        came = Came(halt.status, halt.why, halt.verdicts)
        self._write(came, halt.status, halt.why, (), event=None if halt.status is DeploymentStatus.PAUSED else "hold")
        return came

    def _is_done(self, step: Step) -> bool:
        return self._journal.entry(step).status is DeploymentStepStatus.DONE

    def _is_running(self, step: Step) -> bool:
        return self._journal.entry(step).status is DeploymentStepStatus.RUNNING

    def _has_begun(self, kind: Kind) -> bool:
        begun = (self._journal.entry(step).attempts > 0 for step in self._rollout.steps if step.kind is kind)
        return any(begun)

    def _was_staged(self) -> bool:
        return any(
            self._journal.entry(step).status is not DeploymentStepStatus.PLANNED and step.kind is not Kind.SOAK
            for step in self._rollout.steps
        )

    def _route_back(self, stable: str) -> str | None:
        """Order it again and again until it is so; why it is not."""
        deadline = self._clock() + self._manner.ready_within
        while True:
            try:
                self._tell("abort", stable, None)
                seen = self._provider.observe()
                if is_back(stable, seen):
                    return None
                why = f"the engine shows {spell(seen)}"
            except ProviderRefusedError as error:
                why = _spell_error(error)
                if self._has_begun(Kind.RETIRE):
                    return f"{stable} was being ended: {why}; migsafe deploy resume, then migsafe rollback"
            except EnvironmentFailedError as error:
                why = _spell_error(error)
            if self._clock() >= deadline:
                return f"the traffic is not back at {stable}: {why}"
            self._sleep(self._manner.look_every)

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


def _spell_step(step: Step, rollout: Rollout) -> str:
    new, old = rollout.candidate, rollout.stable
    watched = f", watched for {duration(step.seconds)}" if step.seconds else ""
    match step.kind:
        case Kind.SOAK:
            return f"{old} on the schema as it is now{watched}"
        case Kind.STAGE:
            return f"{new} is made ready, with no traffic"
        case Kind.SHIFT:
            return f"{new} gets {step.desired.weight} % of the traffic{watched}"
        case Kind.PROMOTE:
            return f"{new} is promoted"
        case Kind.BAKE:
            return f"{new} bakes{watched}"
        case Kind.RETIRE:
            return f"{old} is retired"


def _spell_verdicts(verdicts: tuple[Verdict, ...], result: Result) -> str:
    return "; ".join(f"{one.check}: {one.text}" for one in verdicts if one.result is result)


def _spell_error(error: MigsafeError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
