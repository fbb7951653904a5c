"""What is signed, and what it depends on: two SHA-256, over bytes that any language can make again.

Hashed are statements, the ways back, checks, the target, the identity of the objects and the thresholds of gates.
Evidence is attached and not hashed, since it is judged again when the plan runs; no time is in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from migsafe.evidence.state.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.contracts.values import ContractPlan, ContractStep, TakenObject
    from migsafe.model.plan import Check

SIGNED = "migsafe.contract-signed/1"


def plan_id(plan: ContractPlan) -> str:
    """The SHA-256 of what is signed, of the fingerprint, and of what whoever signs must accept.

    A plan that is made anew after a drift is another one, which nobody has approved yet.
    """
    accepted = sorted({f"{one.name} {one.place}" for one in plan.acknowledgements})
    body = {"signed": signed_hash(plan), "fingerprint": plan.fingerprint, "accepted": accepted}
    return hashlib.sha256(canonical(body)).hexdigest()


def signed_hash(plan: ContractPlan) -> str:
    """The SHA-256 of what is signed, in hexadecimal digits."""
    return hashlib.sha256(canonical(signed_body(plan))).hexdigest()


def signed_body(plan: ContractPlan) -> dict[str, Any]:
    """What is signed, as values that JSON knows.

    A step's place in files is not: a step that is written as a migration says what it said before.
    """
    return {
        "schema": SIGNED,
        "change": plan.change,
        "part": plan.part.value if plan.part else None,
        "target": {
            "environment": plan.where.environment,
            "name": plan.where.target,
            "database": plan.database,
        },
        "objects": [_object(one) for one in sorted(plan.objects, key=lambda one: (one.name, one.column or ""))],
        "steps": [_step(step) for step in plan.steps],
        "thresholds": asdict(plan.thresholds),
        "approvals": plan.approvals_needed,
    }


def fingerprint(facts: Sequence[str]) -> str:
    """The SHA-256 of what a plan depends on; the order of the lines does not count."""
    return hashlib.sha256(canonical({"facts": sorted(set(facts))})).hexdigest()


def _object(one: TakenObject) -> dict[str, Any]:
    return {"kind": one.kind, "name": one.name, "column": one.column, "number": one.number, "type": one.type}


def _step(step: ContractStep) -> dict[str, Any]:
    return {
        "statements": [one.sql for one in step.statements],
        "transaction": step.transaction,
        "backward": list(step.backward),
        "back_rows": step.back_rows,
        "before": [_check(check) for check in step.before],
        "verify": [_check(check) for check in step.verify],
        "hold_days": step.hold_days,
        "loses_data": step.loses_data,
    }


def _check(check: Check) -> dict[str, Any]:
    return {"name": check.name, "sql": check.sql, "expected": check.expected, "as_role": check.as_role}
