"""A release plan as a document, `migsafe.deploy-plan/1`, and the hash that says whether two plans do the same."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from migsafe import __version__
from migsafe.deploy.redaction import Redaction
from migsafe.evidence.state.canonical import canonical

if TYPE_CHECKING:
    from migsafe.deploy.plan_values import PlanStep, ReleasePlan
    from migsafe.deploy.rollout import Desired

SCHEMA = "migsafe.deploy-plan/1"


def render_json(plan: ReleasePlan) -> str:
    """The plan as one JSON document, in pure ASCII."""
    return json.dumps(document(plan), indent=2) + "\n"


def document(plan: ReleasePlan) -> dict[str, Any]:
    """The plan as values that JSON knows, without passwords and tokens that somebody has written into deploy.toml."""
    return {
        "schema": SCHEMA,
        "migsafe": __version__,
        "id": plan.plan_id,
        "release": plan.release,
        "environment": plan.environment,
        "stable": plan.stable,
        "strategy": plan.strategy.value,
        "provider": plan.provider,
        "watched_seconds": _number(plan.watched),
        "waits": list(plan.waits),
        "warnings": list(plan.warnings),
        "steps": [_step(step) for step in plan.steps],
        "settings": Redaction().document(_plain(plan.settings)),
    }


def plan_id(plan: ReleasePlan) -> str:
    """The SHA-256 of what a plan does, over the canonical form of `hashed_body`."""
    return hashlib.sha256(canonical(hashed_body(plan))).hexdigest()


def hashed_body(plan: ReleasePlan) -> dict[str, Any]:
    """What is hashed: what moves code, by which rules.

    What the schema has had already is not in it: it is asked again at each step, and a plan is the same before and
    after its expand. Fractions are texts, and times whole milliseconds, so that there is one way to write them.
    """
    return {
        "schema": SCHEMA,
        "release": plan.release,
        "environment": plan.environment,
        "stable": plan.stable,
        "strategy": plan.strategy.value,
        "provider": plan.provider,
        "steps": [
            {"kind": step.kind.value, "desired": _desired(step.desired), "milliseconds": round(step.seconds * 1000)}
            for step in plan.rollout.steps
        ],
        "settings": _whole(plan.settings),
    }


def _step(step: PlanStep) -> dict[str, Any]:
    return {
        "n": step.n,
        "kind": step.kind.value,
        "title": step.title,
        "desired": None if step.desired is None else _desired(step.desired),
        "gate": step.gate,
        "on_failure": step.on_failure,
        "seconds": _number(step.seconds),
        "at_most_seconds": None if step.at_most is None else _number(step.at_most),
        "database": step.database,
        "by": step.by,
        "standing": step.standing,
    }


def _desired(desired: Desired) -> dict[str, Any]:
    return {"stable": desired.stable, "candidate": desired.candidate, "weight": desired.weight}


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 3)


def _plain(value: Any) -> Any:
    """What TOML holds as JSON holds it: dates become texts, and so do numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | bool | int | float) or value is None else str(value)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(one) for one in value]
    if isinstance(value, float):
        return repr(value)
    return value if isinstance(value, str | bool | int) or value is None else str(value)
