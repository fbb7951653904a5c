"""Contract plans and what was decided on them, as the tracker keeps them: both are only ever added, with events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from migsafe.config.nearest import did_you_mean
from migsafe.model.state import TargetName
from migsafe.tracker import tables as t
from migsafe.tracker.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from migsafe.tracker.approving import Decision
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

#: As many digits as tell plans apart for people.
SHORT = 12
_FEWEST_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDecision:
    """What one person said last of a plan; `role` is whom the database saw, None where it knows no roles."""

    approver: str
    decision: Decision
    at: datetime
    expires_at: datetime
    role: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlan:
    """A plan.

    Attributes:
        body: the document.
        role: as whom its author was logged in to the database; None where it knows no roles.
        decisions: of each person the last one, the oldest first.
    """

    plan_id: str
    change: str
    where: TargetName
    body: str
    fingerprint: str
    approvals_needed: int
    author: str
    made_at: datetime
    role: str | None = None
    decisions: tuple[KeptDecision, ...] = ()


def keep_plan(store: Store, plan: KeptPlan) -> bool:
    """Keep a plan; whether it was not there already. One that is there stays as it is, with what was decided on it.

    Raises:
        UnknownNameError: when nobody knows the database.
    """
    store.names.target(store.names.environment(plan.where.environment), plan.where.target)
    c = t.contract.c
    if store.ledger.first(sa.select(c.plan_id).where(c.plan_id == plan.plan_id)) is not None:
        return False
    row: dict[str, Any] = {
        "plan_id": plan.plan_id,
        "change_id": plan.change,
        "env": plan.where.environment,
        "target": plan.where.target,
        "body": plan.body,
        "fingerprint": plan.fingerprint,
        "approvals_needed": plan.approvals_needed,
        "author": plan.author,
        "made_at": store.now,
    }
    store.ledger.insert(t.contract, [row])
    said = {"plan": plan.plan_id, "fingerprint": plan.fingerprint, "target": plan.where.target}
    subject = f"{plan.change} {plan.plan_id[:SHORT]}"
    store.log("contract", subject, after=said, env=plan.where.environment)
    return True


def find_plan(ledger: Ledger, said: str) -> KeptPlan:
    """The plan that a person means by the first digits of its name.

    Raises:
        UnknownNameError: when there is none, or there are several.
    """
    c = t.contract.c
    known = [row.plan_id for row in ledger.rows(sa.select(c.plan_id).order_by(c.made_at.desc()))]
    wanted = said.strip().lower()
    fitting = [name for name in known if name.startswith(wanted)] if len(wanted) >= _FEWEST_DIGITS else []
    if len(fitting) != 1:
        shown = [name[:SHORT] for name in fitting or known]
        what = f'{len(fitting)} plans begin with "{said}"' if fitting else f'no contract plan "{said}"'
        hint = ", ".join(shown[:5]) if fitting else did_you_mean(wanted[:SHORT], shown, otherwise=_latest(ledger))
        raise UnknownNameError(what, hint=hint)
    return _plans(ledger, c.plan_id == fitting[0])[0]


def plans_for(ledger: Ledger, change: str, where: TargetName) -> tuple[KeptPlan, ...]:
    """All plans of a change for a database, the latest first."""
    c = t.contract.c
    return _plans(ledger, c.change_id == change, c.env == where.environment, c.target == where.target)


def _latest(ledger: Ledger) -> str:
    c = t.contract.c
    row = ledger.first(sa.select(c.plan_id, c.change_id).order_by(c.made_at.desc()).limit(1))
    if row is None:
        return "there is none yet: migsafe contract plan CHANGE --env ENV --url ADDRESS makes one"
    return f"the latest is {row.plan_id[:SHORT]} of {row.change_id}"


def _plans(ledger: Ledger, *condition: sa.ColumnElement[bool]) -> tuple[KeptPlan, ...]:
    c = t.contract.c
    rows = ledger.rows(sa.select(t.contract).where(*condition).order_by(c.made_at.desc(), c.plan_id))
    return tuple(
        KeptPlan(
            plan_id=row.plan_id,
            change=row.change_id,
            where=TargetName(row.env, row.target),
            body=row.body,
            fingerprint=row.fingerprint,
            approvals_needed=row.approvals_needed,
            author=row.author,
            made_at=row.made_at,
            role=row.db_role,
            decisions=tuple(_decisions(ledger, row.plan_id)),
        )
        for row in rows
    )


def _decisions(ledger: Ledger, plan_id: str) -> Sequence[KeptDecision]:
    c = t.approval.c
    rows = ledger.rows(sa.select(t.approval).where(c.plan_id == plan_id).order_by(c.at, c.approver))
    return [
        KeptDecision(
            approver=row.approver,
            decision=row.decision,
            at=row.at,
            expires_at=row.expires_at,
            role=row.db_role,
            reason=row.reason,
        )
        for row in rows
    ]
