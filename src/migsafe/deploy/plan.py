"""A release plan: every step of a release in its order, with its gate and what happens when it fails. Pure.

What moves traffic is a step of the coordinator. What changes the schema is not: those steps stand in the plan with the
command that does them, and are gates to the steps behind them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migsafe.deploy.checks.pacing import spell_seconds
from migsafe.deploy.plan_refusals import refuse_plan
from migsafe.deploy.plan_rollout import rollout_of
from migsafe.deploy.plan_rows import command, plan_steps
from migsafe.deploy.plan_values import PlanKind, PlanStep, ReleasePlan
from migsafe.deploy.rollout import Kind
from migsafe.deploy.words import Strategy
from migsafe.model.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from migsafe.deploy.facts import ReleaseFacts, SchemaFacts
    from migsafe.deploy.rollout import Rollout
    from migsafe.deploy.settings import DeploySettings
    from migsafe.deploy.words import Capabilities
    from migsafe.model.state import TargetName

__all__ = ["PlanKind", "PlanStep", "ReleasePlan", "make_plan"]

_DAY = 86_400.0


def make_plan(
    settings: DeploySettings, capabilities: Capabilities, release: ReleaseFacts, schema: SchemaFacts
) -> ReleasePlan:
    """The plan of a release.

    Args:
        capabilities: of the engine that `settings` names.

    Raises:
        PlanRefusedError: when the engine cannot do it, or a release that runs cannot live on the schema; with all
            reasons.
    """
    refuse_plan(settings, capabilities, release, schema)
    rollout = rollout_of(settings, capabilities, release.release, release.stable)
    return ReleasePlan(
        release=release.release,
        environment=release.environment,
        stable=release.stable,
        strategy=settings.strategy,
        provider=settings.provider,
        steps=plan_steps(settings, capabilities, release, schema, rollout),
        rollout=rollout,
        settings=_settings(settings),
        waits=tuple(_waits(release, schema)),
        warnings=tuple(_warnings(settings, release, schema, rollout)),
    )


def _waits(release: ReleaseFacts, schema: SchemaFacts) -> Iterator[str]:
    yield from schema.unsettled
    expand = schema.of(Phase.EXPAND)
    for where, due in (expand.due if expand is not None else {}).items():
        said = command("expand", release, _named(where, schema))
        yield f"{', '.join(due)} of expand has not run on {where}: {said}"
    for verdict in dict.fromkeys((*schema.now, *schema.expanded)):
        if verdict.answer == "unknown":
            yield f"nobody can tell whether {verdict.release} works on {verdict.where}: {verdict.why}"


def _warnings(settings: DeploySettings, release: ReleaseFacts, schema: SchemaFacts, rollout: Rollout) -> Iterator[str]:
    yield from settings.warnings
    if settings.probes.smoke and all(step.kind is not Kind.STAGE for step in rollout.steps):
        pages = " ".join(settings.probes.smoke)
        yield f"{settings.strategy}: no version is ready before it has traffic, so {pages} is not asked first"
    if release.stable is None:
        yield (
            f"the tracker knows of no release that runs on {release.environment}: this is planned as the first one; "
            "migsafe release mark says which one runs"
        )
    if settings.strategy is Strategy.RECREATE and release.stable is not None:
        yield "recreate: nobody is served between the end of the old version and the start of the new one"
    if (stale := _unrehearsed(release.rehearsed_at, release.now, settings.rehearsed_within)) is not None:
        yield f"{stale}: migsafe deploy rehearse --env {release.environment}"
    yield from schema.no_way_back
    yield from _behind(release, schema)
    yield from schema.notes


def _behind(release: ReleaseFacts, schema: SchemaFacts) -> Iterator[str]:
    """Data of earlier releases that is not carried over: a fix may go out meanwhile, code that reads it may not."""
    migrate = schema.of(Phase.MIGRATE)
    for where, due in (migrate.due if migrate is not None else {}).items():
        if earlier := [one for one in due if migrate is not None and one in migrate.of_earlier]:
            said = command("migrate", release, _named(where, schema))
            yield (
                f"{', '.join(earlier)} of an earlier release has not run on {where}: if {release.release} reads what "
                f"it writes, {said} comes first"
            )


def _named(where: TargetName, schema: SchemaFacts) -> str | None:
    """A database as commands name it; None where there is only one."""
    return where.target if len(schema.databases) > 1 else None


def _unrehearsed(at: datetime | None, now: datetime, within: float) -> str | None:
    if at is None:
        return "the way back was never tried here"
    past = (now - at).total_seconds()
    return f"the way back was last tried {_days(past)} ago" if past > within else None


def _days(seconds: float) -> str:
    return f"{seconds / _DAY:.0f} d" if seconds >= _DAY else spell_seconds(seconds)


def _settings(settings: DeploySettings) -> dict[str, Any]:
    """What decides what is done; messages decide nothing."""
    return {
        "deploy": {
            "steps": list(settings.steps),
            "ready_within": settings.ready_within,
            "on_inconclusive": settings.on_inconclusive,
            "rehearsed_within": settings.rehearsed_within,
        },
        "probes": {
            "readiness": settings.probes.readiness,
            "liveness": settings.probes.liveness,
            "smoke": list(settings.probes.smoke),
        },
        "provider": dict(settings.provider_table.values),
        "checks": [dict(check.values) for check in settings.checks],
    }
