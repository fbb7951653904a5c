"""From values to `migsafe.state/1`: equal facts give equal text, whatever order they come in."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from migsafe import __version__
from migsafe.evidence.state.canonical import canonical
from migsafe.evidence.state.integrity import digest_of, hmac_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.model.state import (
        Change,
        Check,
        Environment,
        NodeReading,
        Rollout,
        Run,
        StateDocument,
        StatisticsFact,
        Step,
        Target,
        TargetName,
    )

SCHEMA = "migsafe.state/1"

_WIDTH = 119


def write_state(document: StateDocument, *, key: bytes | None = None) -> str:
    """The document as JSON, in pure ASCII, sorted, and sealed anew.

    Args:
        key: makes the HMAC; none is written without it.
    """
    value = _said(_document(in_order(document)))
    body = canonical(value)
    value["digest"] = digest_of(body)
    if key is not None:
        value["hmac"] = hmac_of(body, key)
    return _rendered(value) + "\n"


def in_order(document: StateDocument) -> StateDocument:
    """The same facts in the order in which they are written: by name, by time; releases keep their own."""
    place = {release.name: index for index, release in enumerate(document.releases)}
    return replace(
        document,
        environments=tuple(
            sorted((_environment_in_order(each, place) for each in document.environments), key=lambda each: each.name)
        ),
        changes=tuple(sorted(document.changes, key=lambda change: change.id)),
        steps=tuple(sorted((_step_in_order(step) for step in document.steps), key=_step_key)),
        checks=tuple(sorted(document.checks, key=_check_key)),
        statistics=tuple(
            sorted((_fact_in_order(fact) for fact in document.statistics),
                   key=lambda fact: (fact.object, fact.where, fact.since, fact.until))
        ),
    )  # fmt: skip


def _environment_in_order(environment: Environment, place: Mapping[str, int]) -> Environment:
    targets = (replace(target, nodes=tuple(sorted(target.nodes))) for target in environment.targets)
    return replace(
        environment,
        targets=tuple(sorted(targets, key=lambda target: target.name)),
        rollouts=tuple(sorted(environment.rollouts, key=lambda each: (place.get(each.release, -1), each.release))),
    )


def _step_in_order(step: Step) -> Step:
    return replace(step, runs=tuple(sorted(step.runs, key=lambda run: run.where)))


def _step_key(step: Step) -> tuple[str, int, str, str, str]:
    return (step.change or "", step.phase.order, step.part or "", step.migration or "", step.name or "")


def _check_key(check: Check) -> tuple[str, str, TargetName, datetime, bool, str]:
    return (check.change, check.name, check.where, check.at, check.ok, json.dumps(check.observed))


def _fact_in_order(fact: StatisticsFact) -> StatisticsFact:
    return replace(fact, readings=tuple(sorted(fact.readings, key=lambda reading: reading.node)))


def _rendered(value: object, margin: str = "", before: int = 0) -> str:
    """JSON for people too: what has room on one line stands on one.

    Args:
        before: how many characters stand before it on its line.
    """
    line = json.dumps(value)
    has_room = margin != "" and len(margin) + before + len(line) <= _WIDTH
    if not isinstance(value, dict | list) or not value or has_room:
        return line
    inner = margin + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {_rendered(each, inner, len(name) + 4)}" for name, each in value.items()]
        return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{margin}}}"
    return "[\n" + ",\n".join(inner + _rendered(each, inner) for each in value) + f"\n{margin}]"


def _said(value: Any) -> Any:
    """The value without members that are null: nothing is said by them."""
    if isinstance(value, dict):
        return {name: _said(member) for name, member in value.items() if member is not None}
    return [_said(each) for each in value] if isinstance(value, list) else value


def _document(document: StateDocument) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "migsafe": __version__,
        "exported": _time(document.exported),
        "installation": document.installation,
        "chain": {"head": document.chain.head, "events": document.chain.events},
        "releases": [
            {"name": release.name, "day": release.day.isoformat() if release.day else None}
            for release in document.releases
        ],
        "environments": [_environment(environment) for environment in document.environments],
        "changes": [_change(change) for change in document.changes],
        "steps": [_step(step) for step in document.steps],
        "checks": [_check(check) for check in document.checks],
        "statistics": [_fact(fact) for fact in document.statistics],
    }


def _environment(environment: Environment) -> dict[str, Any]:
    return {
        "name": environment.name,
        "protected": environment.protected,
        "rollback_to": environment.rollback_to,
        "targets": [_target(target) for target in environment.targets],
        "rollouts": [_rollout(rollout) for rollout in environment.rollouts],
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "dialect": target.dialect.value,
        "identity": target.identity,
        "floor": target.floor,
        "nodes": list(target.nodes),
    }


def _rollout(rollout: Rollout) -> dict[str, Any]:
    return {
        "release": rollout.release,
        "status": rollout.status.value,
        "percent": rollout.percent,
        "full_at": _time(rollout.full_at),
        "retired_at": _time(rollout.retired_at),
        "source": rollout.source,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "state": change.state.value,
        "kind": change.kind.value if change.kind else None,
        "objects": list(change.objects),
        "owner": change.owner,
        "introduced_in": change.introduced_in,
        "due": change.due.isoformat() if change.due else None,
        "due_release": change.due_release,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "migration": step.migration,
        "name": step.name,
        "change": step.change,
        "phase": step.phase.value,
        "part": step.part.value if step.part else None,
        "release": step.release,
        "runs": [_run(run) for run in step.runs],
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "environment": run.environment,
        "target": run.target,
        "status": run.status.value,
        "at": _time(run.at),
        "checksum": run.checksum,
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "change": check.change,
        "name": check.name,
        "environment": check.environment,
        "target": check.target,
        "ok": check.ok,
        "at": _time(check.at),
        "observed": check.observed,
    }


def _fact(fact: StatisticsFact) -> dict[str, Any]:
    return {
        "object": fact.object,
        "environment": fact.environment,
        "target": fact.target,
        "use": fact.use.value,
        "since": _time(fact.since),
        "until": _time(fact.until),
        "calls": fact.calls,
        "readings": [_reading(reading) for reading in fact.readings],
    }


def _reading(reading: NodeReading) -> dict[str, Any]:
    return {
        "node": reading.node,
        "reads_all": reading.reads_all,
        "stats_reset": _time(reading.stats_reset),
        "evicted": reading.evicted,
    }


def _time(moment: datetime | None) -> str | None:
    """RFC 3339, in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
