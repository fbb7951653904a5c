"""A contract plan as a document: `migsafe.contract/1`, out and in again.

What is read back is held against its own hash: a document that was edited is no plan any more.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from migsafe import __version__
from migsafe.contracts.errors import ContractRefusedError
from migsafe.contracts.values import ContractPlan

SCHEMA = "migsafe.contract/1"


def render_json(plan: ContractPlan) -> str:
    """The plan as one JSON document, in pure ASCII."""
    return json.dumps(document(plan), indent=2) + "\n"


def document(plan: ContractPlan) -> dict[str, Any]:
    """The plan as values that JSON knows, with what follows from it for those who only read."""
    return {
        "schema": SCHEMA,
        "migsafe": __version__,
        "id": plan.plan_id,
        "hash": plan.signed_hash,
        "fingerprint": plan.fingerprint,
        "verdict": plan.verdict.value,
        "approvals_needed": plan.approvals_needed,
        "point_of_no_return": plan.point_of_no_return,
        "plan": _plain(plan),
    }


def read_plan(text: str) -> ContractPlan:
    """The plan of a document.

    Raises:
        ContractRefusedError: when it is none, or says something else than when it was written.
    """
    try:
        values = json.loads(text)
        if values["schema"] != SCHEMA:
            raise ValueError(f"its schema is {values['schema']!r}")
        plan = _read(ContractPlan, values["plan"])
        known = values["id"]
    except (ValueError, KeyError, TypeError) as error:
        raise ContractRefusedError(f"that is no {SCHEMA}: {error}", hint="make the plan anew") from None
    assert isinstance(plan, ContractPlan), "read as one"
    if plan.plan_id != known:
        raise ContractRefusedError(
            f"the plan that is kept as {known[:12]} has been edited since", hint="make the plan anew"
        )
    return plan


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in sorted(value.items())}
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _read(kind: Any, value: Any) -> Any:
    """A value of a type that `_plain` has made plain."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return None if value is None else _read(next(one for one in arguments if one is not type(None)), value)
    if origin is tuple:
        return tuple(_read(arguments[0], part) for part in value)
    if origin is Literal:
        return _one_of(arguments, value)
    if origin is not None:  # a mapping of texts
        return dict(value)
    if kind is datetime:
        return datetime.fromisoformat(value).astimezone(UTC)
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        return _members(kind, value)
    return kind(value) if issubclass(kind, Enum) else value


def _members(kind: Any, value: dict[str, Any]) -> Any:
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind)] if is_dataclass(kind) else list(kind._fields)
    return kind(**{name: _read(hints[name], value[name]) for name in names if name in value})


def _one_of(known: tuple[Any, ...], value: Any) -> Any:
    if value not in known:
        raise ValueError(f"{value!r} is none of {', '.join(map(str, known))}")
    return value
