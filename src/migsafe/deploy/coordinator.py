"""Goes through a rollout step by step: write it down, order it, look until it has come true, watch, write that down.

Nothing is decided here (`decide` does) and nothing is remembered here: after a kill the journal says what was wanted,
and the engine what is so. Going back comes before everything else, and waits for no database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.decide import Drift, GoBack, Hold, Met, Tell, Wait, decide, spell
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.going_back import WayBack
from migsafe.deploy.means import Came, Halt, Manner, Means, spell_error
from migsafe.deploy.rollout import Kind
from migsafe.deploy.turn import RolloutTurnLostError
from migsafe.deploy.verdict import Result, Verdict, Window, worst
from migsafe.errors import EnvironmentFailedError
from migsafe.preflight.words import duration
from migsafe.tracker.deployments import DeploymentStatus, DeploymentStepStatus
from migsafe.tracker.lease import LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.decide import Answer, Next
    from migsafe.deploy.rollout import Rollout, Step
    from migsafe.deploy.words import Observed

_WATCHED = frozenset({Kind.SOAK, Kind.SHIFT, Kind.BAKE})


class Coordinator:
    """One rollout on one engine."""

    def __init__(self, rollout: Rollout, means: Means, manner: Manner) -> None:
        self._rollout = rollout
        self._means = means
        self._way_back = WayBack(rollout, means, manner)
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
        except Halt as halt:
            return self._halted(halt)
        except (RolloutTurnLostError, LeaseLostError):
            self._way_back.give_way()
            raise
        if self._journal.deployment.rehearsal:
            return self._way_back.go_back("the way back is rehearsed")
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
            self._means.tell("shift", wanted.candidate, wanted.weight)
        elif wanted.stable is not None:
            self._means.tell("abort", wanted.stable)

    def go_back(self, why: str, *, retire: bool = False) -> Came:
        """All traffic to the version that had it before; written down if that can be, and done in any case.

        Args:
            retire: end the other version as well, once that is so.
        """
        return self._way_back.go_back(why, retire=retire)

    def clear_up(self) -> Came:
        """End the version that was given up, of a rollout that has gone back: it ran on without traffic."""
        return self._way_back.clear_up()

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
            raise Halt(DeploymentStatus.ABORTING, _spell_verdicts(verdicts, Result.FAIL), verdicts)
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
                        raise Halt(DeploymentStatus.ABORTING, text)
                    case Hold(text):
                        # Nothing was moved yet: then there is nothing to hold either.
                        raise Halt(DeploymentStatus.ABORTING if nothing_moved else DeploymentStatus.HELD, text)
                    case Drift(text):
                        raise Halt(DeploymentStatus.DRIFTED, text)
                    case Wait(text):
                        why, away = text, False
            except EnvironmentFailedError as error:
                why, away, told = f"the engine cannot be reached: {error.message}", True, False
            if self._clock() >= deadline:
                text = f"given up after {duration(self._manner.ready_within)}: {why}"
                # What is given up while the old version ends must not go back to it.
                stays = away or step.kind is Kind.RETIRE
                raise Halt(DeploymentStatus.HELD if stays else DeploymentStatus.ABORTING, text)
            self._pause_if_asked()
            self._sleep(self._manner.look_every)

    def _decide(self, step: Step, seen: Observed, *, told: bool) -> Next:
        able = self._provider.capabilities
        exact = able.weights == "exact" and not able.engine_owns_steps
        reached = self._journal.entry(step).observed is not None
        return decide(self._rollout, step, seen, self._known, told=told, exact=exact, reached=reached)

    def _order(self, verb: str, version: str, weight: int | None, *, nothing_moved: bool) -> None:
        try:
            self._means.tell(verb, version, weight)
        except ProviderRefusedError as error:
            status = DeploymentStatus.ABORTING if nothing_moved else DeploymentStatus.HELD
            raise Halt(status, spell_error(error)) from None

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
                raise Halt(DeploymentStatus.ABORTING, _spell_verdicts(verdicts, Result.FAIL), verdicts)
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
                raise Halt(DeploymentStatus.HELD, why, verdicts) from None
            return self._clock() if since is None else since
        match self._decide(step, seen, told=True):
            case Met():
                return None
            case Drift(text):
                raise Halt(DeploymentStatus.DRIFTED, text, verdicts)
            case GoBack(text):
                raise Halt(DeploymentStatus.ABORTING, text, verdicts)
            case Hold(text):
                raise Halt(DeploymentStatus.HELD, text, verdicts)
            case Wait(text):
                why = text
            case Tell():
                raise AssertionError("it was told")
        if since is not None and self._clock() - since >= self._manner.unready_for:
            raise Halt(DeploymentStatus.ABORTING, f"it was ready, and is not any more: {why}", verdicts)
        return self._clock() if since is None else since

    def _concluded(self, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        if worst(verdicts) is Result.INCONCLUSIVE:
            status = DeploymentStatus.ABORTING if self._manner.abort_when_unsure else DeploymentStatus.HELD
            raise Halt(status, _spell_verdicts(verdicts, Result.INCONCLUSIVE), verdicts)
        return verdicts

    def _pause_if_asked(self) -> None:
        if self._stop.is_set():
            raise Halt(DeploymentStatus.PAUSED, "it was stopped by a person")

    # -- where it ends early

    def _halted(self, halt: Halt) -> Came:
        if halt.status is DeploymentStatus.ABORTING:
            return self._way_back.go_back(halt.why, halt.verdicts)
        if halt.status is DeploymentStatus.HELD:
            self._way_back.fail_running(halt.why, halt.verdicts)
        return self._way_back.hold(halt)

    def _is_done(self, step: Step) -> bool:
        return self._journal.entry(step).status is DeploymentStepStatus.DONE


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
