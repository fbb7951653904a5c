"""What a coordinator writes down: each step before it is ordered and when it has come true, and how releases stand.

Each call is one transaction of the tracker's, in which it is certain that the turn is still ours.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from migsafe.deploy.rollout import Desired, Kind, Rollout, Step
from migsafe.model.state import RolloutStatus
from migsafe.tracker.deployments import (
    Deployment,
    DeploymentStatus,
    DeploymentStep,
    DeploymentStepStatus,
    draining_releases,
    last_deployment,
    set_deployment,
    write_step,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from migsafe.deploy.turn import RolloutTurn
    from migsafe.deploy.verdict import Verdict
    from migsafe.deploy.words import Observed
    from migsafe.tracker.facts import Author
    from migsafe.tracker.opening import Tracker
    from migsafe.tracker.store import Store

#: What says how far a release has come, where a rollout does.
SOURCE = "deploy"

#: For how long a step forward waits for somebody who writes to the tracker, in milliseconds: meanwhile nobody watches
#: the code, and whoever is refused watches on and tries again.
_HASTY = 1_000
_BACK = frozenset({DeploymentStatus.ABORTING, DeploymentStatus.ABORTED})


class Herald(Protocol):
    """Lays messages out in the transaction of what they tell of."""

    def tell(self, store: Store, deployment: Deployment, event: str, text: str, details: Mapping[str, Any]) -> None:
        """One event of a rollout, to all who want to hear of it."""


class Silence:
    """Nobody wants to hear of it."""

    def tell(self, store: Store, deployment: Deployment, event: str, text: str, details: Mapping[str, Any]) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a release is said to have come."""

    release: str
    status: RolloutStatus
    percent: int | None = None


class Journal:
    """Writes one rollout's rows.

    Attributes:
        deployment: as it was written last.
    """

    def __init__(
        self, deployment: Deployment, tracker: Tracker, author: Author, turn: RolloutTurn, herald: Herald
    ) -> None:
        self.deployment = deployment
        self._tracker = tracker
        self._author = author
        self._turn = turn
        self._herald = herald

    def entry(self, step: Step) -> DeploymentStep:
        """What is written of a step."""
        return self.deployment.steps[step.n - 1]

    def begin_step(self, step: Step, rollout: Rollout) -> None:
        """A step is about to be ordered; releases stand as they will be at its end before anything moves."""
        old = self.entry(step)
        self._write(
            replace(
                old,
                status=DeploymentStepStatus.RUNNING,
                attempts=old.attempts + 1,
                began_at=self._tracker.clock(),
                ended_at=None,
            ),
            standing_before(step, rollout),
            patience=_HASTY,
        )

    def reach_step(self, step: Step, seen: Observed) -> None:
        """The engine shows what a step wants; whoever finds less of it later knows that it was taken away."""
        self._write(replace(self.entry(step), observed=jotted(seen)), (), patience=_HASTY)

    def plan_again(self, step: Step) -> None:
        """A step begins anew, whatever was seen of it."""
        self._write(replace(self.entry(step), status=DeploymentStepStatus.PLANNED, observed=None), ())

    def is_sent_back(self) -> bool:
        """Whether somebody else has sent this rollout back meanwhile."""
        with self._tracker.reading() as ledger:
            last = last_deployment(ledger, self.deployment.environment)
        return last is not None and last.id == self.deployment.id and last.status in _BACK

    def end_step(self, step: Step, rollout: Rollout, seen: Observed, verdicts: Sequence[Verdict], note: str) -> None:
        """A step has come true, and what was watched in it is well."""
        done = replace(
            self.entry(step),
            status=DeploymentStepStatus.DONE,
            ended_at=self._tracker.clock(),
            observed=jotted(seen),
            verdicts=[asdict(one) for one in verdicts],
            note=note or None,
        )
        event = ("step", f"step {step.n}, {step.kind}: {note}")
        self._write(done, standing_after(step, rollout), event=event, alone=step.kind is Kind.RETIRE, patience=_HASTY)

    def fail_step(self, step: Step, why: str, verdicts: Sequence[Verdict]) -> None:
        """A step did not come true, or what was watched in it is not well."""
        failed = replace(
            self.entry(step),
            status=DeploymentStepStatus.FAILED,
            ended_at=self._tracker.clock(),
            verdicts=[asdict(one) for one in verdicts],
            note=why,
        )
        self._write(failed, ())

    def go_on(self, status: DeploymentStatus, *, event: str | None = None) -> None:
        """It goes on, or has come to its end, and needs no reason for that."""
        self._set(status, None, event, (), patience=_HASTY)

    def set(
        self,
        status: DeploymentStatus,
        reason: str | None,
        *,
        event: str | None = None,
        standing: Sequence[Standing] = (),
    ) -> None:
        """The rollout stands so from now on."""
        self._set(status, reason, event, standing)

    def _set(
        self,
        status: DeploymentStatus,
        reason: str | None,
        event: str | None,
        standing: Sequence[Standing],
        *,
        patience: int | None = None,
    ) -> None:
        after = replace(self.deployment, status=status, reason=reason, fence=self._turn.fence)
        with self._tracker.writing(self._author, patience=patience) as store:
            self._turn.check_fence(store.ledger)
            if not self._stands_already(store, after):
                set_deployment(store, self.deployment, status, fence=self._turn.fence, reason=reason)
                if event is not None:
                    self._herald.tell(store, after, event, reason or "", {})
            self._mark(store, standing)
        self.deployment = after

    def _write(
        self,
        entry: DeploymentStep,
        standing: Sequence[Standing],
        event: tuple[str, str] | None = None,
        *,
        alone: bool = False,
        patience: int | None = None,
    ) -> None:
        """
        Args:
            alone: the engine shows one version only: what earlier rollouts left behind is gone as well.
        """
        with self._tracker.writing(self._author, patience=patience) as store:
            self._turn.check_fence(store.ledger)
            if not self._is_written_already(store, entry):
                write_step(store, self.deployment, entry)
                if event is not None:
                    self._herald.tell(store, self.deployment, *event, {"step": entry.n, "kind": entry.kind})
            self._mark(store, standing)
            if alone:
                left = draining_releases(store.ledger, self.deployment.environment, SOURCE)
                self._mark(store, [Standing(one, RolloutStatus.ROLLED_BACK) for one in left])
        steps = tuple(entry if one.n == entry.n else one for one in self.deployment.steps)
        self.deployment = replace(self.deployment, steps=steps)

    def _stands_already(self, store: Store, after: Deployment) -> bool:
        """It was written, and the answer was lost with the connection: it is not said twice."""
        found = self._as_written(store)
        return found is not None and (found.status, found.reason, found.fence) == (
            after.status, after.reason, after.fence,
        )  # fmt: skip

    def _is_written_already(self, store: Store, entry: DeploymentStep) -> bool:
        """The same of a step: whoever has the turn is the only one who writes of it."""
        found = self._as_written(store)
        step = found.steps[entry.n - 1] if found is not None else None
        return step is not None and (step.status, step.attempts, step.observed) == (
            entry.status, entry.attempts, entry.observed,
        )  # fmt: skip

    def _as_written(self, store: Store) -> Deployment | None:
        """The rollout as the tracker has it; None where another one has come after it."""
        last = last_deployment(store.ledger, self.deployment.environment)
        return last if last is not None and last.id == self.deployment.id else None

    def _mark(self, store: Store, standing: Sequence[Standing]) -> None:
        for one in standing:
            store.mark(self.deployment.environment, one.release, one.status, percent=one.percent, source=SOURCE)


def standing_before(step: Step, rollout: Rollout) -> tuple[Standing, ...]:
    """What is said of releases before a step is ordered: whoever asks meanwhile must not hear too little."""
    if step.kind is Kind.STAGE:
        return (Standing(rollout.candidate, RolloutStatus.ROLLING, 0),)
    if step.kind is Kind.SHIFT:
        return (Standing(rollout.candidate, RolloutStatus.ROLLING, step.desired.weight),)
    return ()


def standing_after(step: Step, rollout: Rollout) -> tuple[Standing, ...]:
    """What is said of them once it has come true."""
    if step.kind is Kind.PROMOTE:
        new = Standing(rollout.candidate, RolloutStatus.DEPLOYED)
        old = (Standing(rollout.stable, RolloutStatus.DRAINING, 0),) if rollout.stable is not None else ()
        return (new, *old)
    if step.kind is Kind.RETIRE and rollout.stable is not None:
        return (Standing(rollout.stable, RolloutStatus.RETIRED),)
    return ()


def standing_on_the_way_back(rollout: Rollout) -> tuple[Standing, ...]:
    """What is said of them before traffic goes back; the candidate may go on with work of its own."""
    return tuple(_back(rollout))


def _back(rollout: Rollout) -> Iterator[Standing]:
    if rollout.stable is not None:
        yield Standing(rollout.stable, RolloutStatus.DEPLOYED)


def jotted(seen: Observed) -> dict[str, Any]:
    """What an engine showed, as JSON."""
    return {
        "stable": seen.stable,
        "candidate": seen.candidate,
        "weight": seen.weight,
        "motion": seen.motion.value,
        "ready": {name: [one.ready, one.wanted] for name, one in sorted(seen.ready.items())},
        "notes": list(seen.notes),
    }


def planned_steps(rollout: Rollout) -> tuple[DeploymentStep, ...]:
    """The rows of a rollout that begins."""
    return tuple(
        DeploymentStep(
            n=step.n, kind=step.kind.value, desired={**asdict(step.desired), "watched_ms": round(step.seconds * 1000)}
        )
        for step in rollout.steps
    )


def rollout_of(deployment: Deployment) -> Rollout:
    """A rollout as it was written down, whatever deploy.toml says by now."""
    steps = tuple(
        Step(
            n=row.n,
            kind=Kind(row.kind),
            desired=Desired(row.desired["stable"], row.desired["candidate"], row.desired["weight"]),
            seconds=row.desired["watched_ms"] / 1000,
        )
        for row in deployment.steps
    )
    return Rollout(stable=deployment.stable, candidate=deployment.release, steps=steps)
