"""The rows of a release plan, in their words: what is done, what must be so, and what is done where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migsafe.deploy.plan_values import PlanKind, PlanStep
from migsafe.deploy.rollout import Kind
from migsafe.deploy.words import Strategy
from migsafe.model.phase import Phase
from migsafe.preflight.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.deploy.facts import Carried, ReleaseFacts, SchemaFacts
    from migsafe.deploy.plan_values import SchemaPhase, Standing
    from migsafe.deploy.rollout import Rollout, Step
    from migsafe.deploy.settings import DeploySettings
    from migsafe.deploy.words import Capabilities


def plan_steps(
    settings: DeploySettings,
    capabilities: Capabilities,
    release: ReleaseFacts,
    schema: SchemaFacts,
    rollout: Rollout,
) -> tuple[PlanStep, ...]:
    """Every step of a release: those that move code, and those around them that change the schema."""
    way = _Way(settings, rollout, capabilities)
    rows = (*_before(settings, release, schema), *_rollout(way, schema), *_after(release, schema))
    return tuple(PlanStep(n=n, **row) for n, row in enumerate(rows, 1))


_Row = dict[str, Any]

#: Longer names of migrations are broken within a word by a table.
_LONG_NAME = 32


def _before(settings: DeploySettings, release: ReleaseFacts, schema: SchemaFacts) -> Iterator[_Row]:
    versions = " and ".join(dict.fromkeys(filter(None, (*release.running, release.release))))
    yield _Row(
        kind=PlanKind.PREFLIGHT,
        title="look at everything, move nothing",
        gate=f"{settings.provider} is there; {versions} can live on the schema",
        on_failure="nothing was moved",
    )
    expand = schema.of(Phase.EXPAND)
    if expand is not None:
        yield _Row(
            kind=PlanKind.EXPAND,
            title=f"expand the schema: {_count(expand)}",
            gate="every database has had them, by the tracker",
            on_failure="leave it, or take it back with migsafe backward",
            by=command("expand", release),
            database="expanded",
            standing="done" if expand.is_done else "due",
        )


@dataclass(frozen=True, slots=True)
class _Way:
    """What the rows of a rollout are worded by."""

    settings: DeploySettings
    rollout: Rollout
    capabilities: Capabilities

    @property
    def keeps_warm(self) -> bool:
        """The old version goes on running beside the new one until it is retired."""
        beside = self.settings.strategy in {Strategy.CANARY, Strategy.BLUE_GREEN}
        return beside and self.capabilities.keeps_old_warm

    @property
    def passed(self) -> str:
        """The gate of whatever is watched."""
        names = ", ".join(str(check.values.get("name")) for check in self.settings.checks)
        return f"{'check passes' if len(self.settings.checks) == 1 else 'checks pass'}: {names}"

    @property
    def back(self) -> str:
        """What is done where it does not hold."""
        stable = self.rollout.stable
        if stable is None:
            return "stop; there is no version to go back to"
        if self.settings.strategy is Strategy.RECREATE:
            return f"start {stable} again: a second gap"
        if self.settings.strategy is Strategy.ROLLING:
            return f"instance by instance back to {stable}"
        return f"all traffic back to {stable} at once"


def _rollout(way: _Way, schema: SchemaFacts) -> Iterator[_Row]:
    phase: SchemaPhase = "expanded" if schema.of(Phase.EXPAND) is not None else "as it was"
    for step in way.rollout.steps:
        yield {
            "kind": PlanKind(step.kind.value),
            "desired": step.desired,
            "seconds": step.seconds,
            "database": phase,
            **_ROWS[step.kind](way, step),
        }


def _soak(way: _Way, _: Step) -> _Row:
    return _Row(
        title=f"watch {way.rollout.stable} on the schema as it is now",
        gate=way.passed,
        on_failure="stop; migsafe backward may take the expand back",
    )


def _stage(way: _Way, _: Step) -> _Row:
    probes = way.settings.probes
    smoke = f", and {' '.join(probes.smoke)} answers" if probes.smoke else ""
    return _Row(
        title=f"start {way.rollout.candidate}, with no traffic",
        gate=f"{probes.readiness} answers on every instance{smoke}",
        on_failure=f"end {way.rollout.candidate}; no traffic has moved",
        at_most=way.settings.ready_within,
    )


def _shift(way: _Way, step: Step) -> _Row:
    title = _SHIFT_TITLES[way.settings.strategy]
    return _Row(
        title=title.format(new=way.rollout.candidate, weight=step.desired.weight),
        gate=way.passed,
        on_failure=way.back,
    )


_SHIFT_TITLES = {
    Strategy.CANARY: "{weight} % of traffic to {new}",
    Strategy.BLUE_GREEN: "all traffic to {new} at once",
    Strategy.ROLLING: "{weight} % of instances to {new}",
    Strategy.RECREATE: "end all old instances, then start {new}: a gap",
}


def _promote(way: _Way, _: Step) -> _Row:
    return _Row(
        title=f"{way.rollout.candidate} becomes the stable version",
        gate=f"{way.settings.provider} shows it",
        on_failure=way.back,
    )


def _bake(way: _Way, _: Step) -> _Row:
    warm = f", with {way.rollout.stable} kept warm" if way.keeps_warm else ""
    return _Row(title=f"bake {way.rollout.candidate}{warm}", gate=way.passed, on_failure=way.back)


def _retire(way: _Way, _: Step) -> _Row:
    return _Row(
        title=f"end {way.rollout.stable}" if way.keeps_warm else f"end what is left of {way.rollout.stable}",
        gate=f"only {way.rollout.candidate} is left",
        on_failure=f"try again: {way.rollout.stable} has no traffic",
    )


_ROWS = {
    Kind.SOAK: _soak,
    Kind.STAGE: _stage,
    Kind.SHIFT: _shift,
    Kind.PROMOTE: _promote,
    Kind.BAKE: _bake,
    Kind.RETIRE: _retire,
}


def _after(release: ReleaseFacts, schema: SchemaFacts) -> Iterator[_Row]:
    migrate = schema.of(Phase.MIGRATE)
    if migrate is not None:
        yield from _migrate(release, migrate)
    contract = schema.of(Phase.CONTRACT)
    if contract is not None:
        change = contract.changes[0] if len(contract.changes) == 1 else "CHANGE"
        yield _Row(
            kind=PlanKind.CONTRACT,
            title=f"contract: {_count(contract)}" if contract.steps else f"contract: {', '.join(contract.changes)}",
            gate="nobody older has run for long enough, and a plan that others approved",
            on_failure="until it has run nothing is gone; what is purged does not come back",
            by=f"migsafe contract plan {change} --env {release.environment} --url ADDRESS",
            database="contracted",
            standing="done" if contract.steps and contract.is_done else "later",
        )


def _migrate(release: ReleaseFacts, migrate: Carried) -> Iterator[_Row]:
    standing: Standing = "done" if migrate.is_done else "later"
    yield _Row(
        kind=PlanKind.MIGRATE,
        title=f"migrate the data: {_count(migrate)}",
        gate="in batches, within the budget for lag and locks",
        on_failure="it waits or stops where it is; the same command goes on",
        by=command("migrate", release),
        database="migrated",
        standing=standing,
    )
    yield _Row(
        kind=PlanKind.VERIFY,
        title=f"verify {', '.join(migrate.changes) or 'the data'}",
        gate="every check of the change holds; for its contract, within a day",
        on_failure="repair the rows, migrate again",
        by=f"migsafe status --env {release.environment}",
        database="migrated",
        standing=standing,
    )


def command(phase: str, release: ReleaseFacts, target: str | None = None) -> str:
    """How a phase of a release is run."""
    where = f" --target {target}" if target is not None else ""
    return f"migsafe run {phase} --release {release.release} --env {release.environment}{where} --url ADDRESS"


def _count(carried: Carried) -> str:
    if max(map(len, carried.steps), default=0) > _LONG_NAME:  # a table cannot hold them; what is due is named below it
        return counted(len(carried.steps), "migration")
    shown = ", ".join(carried.steps[:3])
    return shown if len(carried.steps) <= 3 else f"{shown} and {len(carried.steps) - 3} more"
