"""Goes through a rollout step by step: write it down, order it, look until it has come true, watch, write that down.

Nothing is decided here (`decide` does) and nothing is remembered here: after a kill the journal says what was wanted,
and the engine what is so. Going back comes before everything else, and waits for no database.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from migsafe.deploy.boundary import Boundary
from migsafe.deploy.decide import Drift, GoBack, Hold, Met, Tell, Wait, decide, spell
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.going_back import WayBack
from migsafe.deploy.means import Came, Halt, Manner, Means, spell_error
from migsafe.deploy.rollout import Kind
from migsafe.deploy.turn import RolloutTurnLostError
from migsafe.deploy.verdict import Result, Verdict, spell_verdicts, worst
from migsafe.deploy.watching import Watcher
from migsafe.errors import EnvironmentFailedError
from migsafe.preflight.words import duration
from migsafe.tracker.deployments import DeploymentStatus, DeploymentStepStatus
from migsafe.tracker.lease import LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migsafe.deploy.decide import Answer, Next
    from migsafe.deploy.rollout import Order, Rollout, Step
    from migsafe.deploy.words import Observed

_WATCHED = frozenset({Kind.SOAK, Kind.SHIFT, Kind.BAKE})


class Coordinator:
    """One rollout on one engine."""

    def __init__(self, rollout: Rollout, means: Means, manner: Manner) -> None:
        self._rollout = rollout
        self._means = means
        self._way_back = WayBack(rollout, means, manner)
        self._watcher = Watcher(rollout, means, manner)
        self._boundary = Boundary(rollout, means, manner, self._watcher)
        self._provider = means.provider
        self._journal = means.journal
        self._turn = means.turn
        self._answers = means.answers
        self._smoke = means.smoke
        self._say = means.say
        self._clock = means.clock
        self._sleep = means.sleep
        self._manner = manner
        self._known: Mapping[str, Answer] = {}
        self._has_claimed = False

    def go_on(self) -> Came:
        """All steps that are not done, to the end or to where it may not go on.

        Raises:
            RolloutTurnLostError, LeaseLostError: when somebody else has taken it over; nothing more was moved.
        """
        through = self._boundary.through
        try:
            if self._journal.deployment.status is not DeploymentStatus.RUNNING:
                through(lambda: self._journal.go_on(DeploymentStatus.RUNNING))
            for step in self._rollout.steps:
                if not self._is_done(step):
                    self._perform(step)
            if not self._journal.deployment.rehearsal:
                through(lambda: self._journal.go_on(DeploymentStatus.DONE, event="done"))
        except Halt as halt:
            return self._halted(halt)
        except (RolloutTurnLostError, LeaseLostError):
            self._way_back.give_way()
            raise
        if self._journal.deployment.rehearsal:
            return self._way_back.go_back("the way back is rehearsed")
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

    def settle(self, because: str | None, *, retire: bool) -> Came:
        """What is left to do about a rollout that has gone back; see `WayBack.settle`."""
        return self._way_back.settle(because, retire=retire)

    # -- forward

    def _perform(self, step: Step) -> None:
        through = self._boundary.through
        self._means.pause_if_asked()
        through(lambda: self._begin(step))
        self._say(f"{step.n}/{len(self._rollout.steps)} {_spell_step(step, self._rollout)}")
        seen = self._bring_about(step)
        if step.kind is Kind.SHIFT:
            through(lambda: self._journal.reach_step(step, seen))
        verdicts = self._looked_at(step)
        note = "; ".join([spell(seen), *(one.text for one in verdicts)])
        through(lambda: self._journal.end_step(step, self._rollout, seen, verdicts, note))

    def _begin(self, step: Step) -> None:
        self._turn.check()
        # Asked once for each step: no contract runs while a release is rolling, and nothing else takes anything away.
        self._known = self._answers()
        self._journal.begin_step(step, self._rollout)

    def _looked_at(self, step: Step) -> tuple[Verdict, ...]:
        """What is said of the code in a step that has come true."""
        if step.kind in _WATCHED:
            return self._watcher.watch(step, lambda step, seen: self._decide(step, seen, told=True))
        if step.kind is not Kind.STAGE:
            return ()
        verdicts = self._smoke(self._rollout.candidate)
        if worst(verdicts) is Result.FAIL:
            raise Halt(DeploymentStatus.ABORTING, spell_verdicts(verdicts, Result.FAIL), verdicts)
        return verdicts

    def _bring_about(self, step: Step) -> Observed:
        """Order it, and look until it is so."""
        deadline = self._clock() + self._manner.ready_within
        told = False
        while True:
            if told:
                self._turn.check_ours()
            else:  # an order may come
                self._boundary.sure()
            try:
                seen = self._provider.observe()
                nothing_moved = seen.weight == 0 and seen.stable == self._rollout.stable
                match self._decide(step, seen, told=told):
                    case Met():
                        return seen
                    case Tell() if not self._has_claimed:
                        self._order(step, self._means.claim, nothing_moved=nothing_moved)
                        self._has_claimed = True
                        continue  # and look anew: an engine may take its mark for a change
                    case Tell(order):
                        told = True
                        self._order(step, partial(self._tell, order), nothing_moved=nothing_moved)
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
            self._means.pause_if_asked()
            self._sleep(self._manner.look_every)

    def _decide(self, step: Step, seen: Observed, *, told: bool) -> Next:
        able = self._provider.capabilities
        exact = able.weights == "exact" and not able.engine_owns_steps
        reached = self._journal.entry(step).observed is not None
        return decide(self._rollout, step, seen, self._known, told=told, exact=exact, reached=reached)

    def _tell(self, order: Order) -> None:
        self._means.tell(order.verb, order.version, order.weight)

    def _order(self, step: Step, act: Callable[[], None], *, nothing_moved: bool) -> None:
        try:
            act()
        except ProviderRefusedError as error:
            goes_back = nothing_moved or self._has_come_down(step)
            raise Halt(DeploymentStatus.ABORTING if goes_back else DeploymentStatus.HELD, spell_error(error)) from None

    def _has_come_down(self, step: Step) -> bool:
        """The version that was to get more traffic was lost between the look and the order: it must not keep what it
        has."""
        if step.kind is not Kind.SHIFT or self._provider.capabilities.weights != "exact":
            return False
        try:
            seen = self._provider.observe()
        except EnvironmentFailedError:
            return False
        return seen.weight > 0 and seen.candidate is not None and not seen.is_ready(seen.candidate)

    # -- where it ends early

    def _halted(self, halt: Halt) -> Came:
        if halt.status is DeploymentStatus.ABORTING:
            return self._way_back.go_back(halt.why, halt.verdicts)
        if halt.status is DeploymentStatus.HELD and halt.is_failure:
            self._way_back.fail_running(halt.why, halt.verdicts)
        return self._way_back.hold(halt)

    def _is_done(self, step: Step) -> bool:
        return self._journal.entry(step).status is DeploymentStepStatus.DONE


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
