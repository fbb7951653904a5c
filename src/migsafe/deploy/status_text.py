"""How rollouts stand, for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.decide import spell
from migsafe.preflight.words import duration
from migsafe.tracker.lease import spell_holder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.deploy.status import Standing
    from migsafe.tracker.deployments import Deployment, DeploymentStep

_SIGNS = {"planned": " ", "running": ">", "done": "+", "failed": "x", "skipped": "-"}


def spell_standing(standing: Standing) -> str:
    """The last rollout with its steps, those before it in a line each, and what to do now."""
    return "\n".join(_lines(standing)) + "\n"


def _lines(standing: Standing) -> Iterator[str]:
    shows = spell(standing.seen) if standing.seen is not None else f"unknown: {standing.unseen}"
    yield f"{standing.environment}: the engine shows {shows}"
    for note in standing.seen.notes if standing.seen is not None else ():
        yield f"  {note}"
    if standing.holder is not None:
        yield f"at work: {spell_holder(standing.holder)}"
    elif standing.was_cut_off:
        yield "at work: nobody; whoever was at it was cut off"
    if not standing.deployments:
        yield "no rollout was ever begun here"
    for place, one in enumerate(standing.deployments):
        yield ""
        yield _spell_deployment(one)
        if place == 0:
            yield from (f"  {_spell_step(step)}" for step in one.steps)
    yield ""
    if standing.rehearsed_at is not None:
        yield f"the way back was last tried at {standing.rehearsed_at:%Y-%m-%d %H:%M} UTC"
    else:
        yield "the way back was never tried here: migsafe deploy rehearse"
    if standing.next is not None:
        yield f"next: {standing.next}"


def _spell_deployment(one: Deployment) -> str:
    what = "rehearsal of " if one.rehearsal else ""
    when = f"{one.began_at:%Y-%m-%d %H:%M:%S} UTC"
    lasted = f", {duration((one.ended_at - one.began_at).total_seconds())}" if one.ended_at is not None else ""
    reason = f": {one.reason}" if one.reason else ""
    return (
        f"no. {one.n}  {what}{one.stable or 'nothing'} → {one.release}  {one.strategy} on {one.provider}  "
        f"{one.status}{reason}  (by {one.actor}, {when}{lasted})"
    )


def _spell_step(step: DeploymentStep) -> str:
    weight = f" {step.desired['weight']} %" if step.kind == "shift" else ""
    lasted = ""
    if step.began_at is not None and step.ended_at is not None:
        lasted = f"  {duration((step.ended_at - step.began_at).total_seconds())}"
    note = f"  {step.note}" if step.note else ""
    return f"{_SIGNS[step.status.value]} {step.n}. {step.kind}{weight}{lasted}{note}"
