"""What makes a release plan impossible, whatever is done before it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.deploy.errors import DeployRefusedError
from migsafe.deploy.plan_rollout import instance_shares
from migsafe.deploy.words import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.deploy.facts import ReleaseFacts, SchemaFacts
    from migsafe.deploy.settings import DeploySettings
    from migsafe.deploy.words import Capabilities


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason.

    Attributes:
        hint: what a person can do about it.
    """

    text: str
    hint: str | None = None


class PlanRefusedError(DeployRefusedError):
    """There is no safe plan for this release here.

    Attributes:
        refusals: every reason; the message has all of them, the hint is of the first.
    """

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        self.refusals = refusals
        hint = next((one.hint for one in refusals if one.hint is not None), None)
        super().__init__("; ".join(one.text for one in refusals), hint=hint)


def refuse_plan(
    settings: DeploySettings, capabilities: Capabilities, release: ReleaseFacts, schema: SchemaFacts
) -> None:
    """Refuse what no gate could ever let through.

    Raises:
        PlanRefusedError: with all reasons.
    """
    found = (*_engine(settings, capabilities), *_release(release), *_schema(release, schema))
    if found:
        raise PlanRefusedError(tuple(dict.fromkeys(found)))


def _engine(settings: DeploySettings, capabilities: Capabilities) -> Iterator[Refusal]:
    if settings.strategy not in capabilities.strategies:
        able = [one.value for one in Strategy if one in capabilities.strategies]
        yield Refusal(
            f"{settings.provider} cannot do {settings.strategy} as {settings.path} describes it",
            f"it can do {', '.join(able)}" if able else None,
        )
    elif settings.strategy is Strategy.CANARY:
        yield from _weights(settings, capabilities)


def _weights(settings: DeploySettings, capabilities: Capabilities) -> Iterator[Refusal]:
    if capabilities.weights == "none" and settings.steps != (100,):
        yield Refusal(f"{settings.provider} gives a version all of the traffic or none", 'strategy = "blue-green"')
    if capabilities.weights != "replicas":
        return
    able = instance_shares(capabilities.replicas)
    if missing := [weight for weight in settings.steps if weight not in able]:
        shares = f"{', '.join(f'{weight} %' for weight in missing)}"
        instances = f"{capabilities.replicas} instance{'' if capabilities.replicas == 1 else 's'}"
        yield Refusal(
            f"{shares} of the traffic cannot be had from {instances} of {settings.provider}",
            f"steps = {list(able)}, more instances, or an engine that splits requests",
        )


def _release(release: ReleaseFacts) -> Iterator[Refusal]:
    if release.stable == release.release:
        yield Refusal(f"{release.release} has the traffic of {release.environment} already")


def _schema(release: ReleaseFacts, schema: SchemaFacts) -> Iterator[Refusal]:
    if not schema.databases:
        yield Refusal(
            f"the tracker knows no database of {release.environment}: nobody can tell which code works there",
            "migsafe adopt, or migsafe run, makes one known",
        )
    for verdict in schema.now:
        if verdict.answer == "no":
            yield Refusal(
                f"{verdict.release} runs and does not work on {verdict.where}: {verdict.why}",
                "bring that to an end first: migsafe status",
            )
    known_bad = {(one.release, one.where) for one in schema.now if one.answer == "no"}
    for verdict in schema.expanded:
        if verdict.answer == "no" and (verdict.release, verdict.where) not in known_bad:
            yield Refusal(
                f"{verdict.release} would not work on {verdict.where}: {verdict.why}",
                f"migsafe guard --release {verdict.release} --env {release.environment} says the same",
            )
