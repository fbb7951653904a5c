"""A plan as a document: the contract `migsafe.plan/1`, whose schema is `schema/plan-1.json`.

It holds all steps, also those of the contract that are not written as migrations before they are due.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from migsafe import __version__
from migsafe.errors import UsageError
from migsafe.model.names import QualifiedName
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import Backfill, ChangeKind, ChangePlan, Check, PlanStep

SCHEMA = "migsafe.plan/1"

_FOLDER = Path("migsafe", "changes")


def document_path(change: str) -> Path:
    """Where the plan of a change is kept, from the folder of the configuration on."""
    return _FOLDER / f"{change}.json"


def render_json(plan: ChangePlan) -> str:
    """The plan as one JSON document, in pure ASCII."""
    return json.dumps(document(plan), indent=2) + "\n"


def document(plan: ChangePlan) -> dict[str, Any]:
    """The plan as values that JSON knows."""
    return {
        "schema": SCHEMA,
        "migsafe": __version__,
        "change": plan.change,
        "kind": plan.kind.value,
        "objects": list(plan.objects),
        "arguments": [{"name": name, "value": value} for name, value in plan.arguments],
        "promises": list(plan.promises),
        "code": list(plan.code),
        "steps": [_step(step) for step in plan.steps],
    }


def read_plan(text: str, *, name: str = "the plan") -> ChangePlan:
    """The plan of a document.

    Args:
        name: what errors call it.

    Raises:
        UsageError: when it is no document of this version.
    """
    try:
        return _plan(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{name} is no {SCHEMA}: {_reason(error)}", hint="let migsafe plan write it again") from None


def read_plans(root: Path) -> tuple[ChangePlan, ...]:
    """The plans that a project keeps, by the names of their files.

    Args:
        root: the folder of the configuration, or the top of the working tree.

    Raises:
        UsageError: when one of them is no document of this version, or cannot be read.
    """
    folder = root / _FOLDER
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    return tuple(read_plan(_text_of(file), name=str(file)) for file in files)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None


def _reason(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def _plan(values: dict[str, Any]) -> ChangePlan:
    if values["schema"] != SCHEMA:
        raise ValueError(f"its schema is {values['schema']!r}")
    return ChangePlan(
        change=values["change"],
        kind=ChangeKind(values["kind"]),
        objects=tuple(values["objects"]),
        arguments=tuple((one["name"], one["value"]) for one in values["arguments"]),
        promises=tuple(values["promises"]),
        code=tuple(values["code"]),
        steps=tuple(_read_step(one) for one in values["steps"]),
    )


def _step(step: PlanStep) -> dict[str, Any]:
    values = {one.name: getattr(step, one.name) for one in fields(PlanStep)}
    for name in ("forward", "backward"):
        values[name] = list(values[name])
    for name in ("before", "verify"):
        values[name] = [{one.name: getattr(check, one.name) for one in fields(Check)} for check in values[name]]
    for name in ("backfill", "backward_backfill"):
        values[name] = _backfill(values[name])
    return values


def _read_step(values: dict[str, Any]) -> PlanStep:
    known = {one.name: values[one.name] for one in fields(PlanStep) if one.name in values}
    known["phase"] = Phase(known["phase"])
    known["part"] = None if known.get("part") is None else Part(known["part"])
    for name in ("forward", "backward"):
        known[name] = tuple(known.get(name, ()))
    for name in ("before", "verify"):
        known[name] = tuple(Check(**check) for check in known.get(name, ()))
    for name in ("backfill", "backward_backfill"):
        known[name] = _read_backfill(known.get(name))
    return PlanStep(**known)


def _backfill(backfill: Backfill | None) -> dict[str, Any] | None:
    if backfill is None:
        return None
    return {
        "table": {"schema": backfill.table.schema, "name": backfill.table.name},
        "key": list(backfill.key),
        "assignments": [{"column": column, "expression": text} for column, text in backfill.assignments],
        "needs_work": backfill.needs_work,
        "settings": [{"name": name, "value": value} for name, value in backfill.settings],
        "insert": backfill.insert,
    }


def _read_backfill(values: dict[str, Any] | None) -> Backfill | None:
    if values is None:
        return None
    return Backfill(
        table=QualifiedName(values["table"]["name"], values["table"]["schema"]),
        key=tuple(values["key"]),
        assignments=tuple((one["column"], one["expression"]) for one in values["assignments"]),
        needs_work=values["needs_work"],
        settings=tuple((one["name"], one["value"]) for one in values["settings"]),
        insert=values["insert"],
    )
