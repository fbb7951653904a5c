"""Keeping what an approver has decided; who that was is the database's word where it knows roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from migsafe import __version__
from migsafe.tracker import tables as t

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from migsafe.tracker.facts import Author
    from migsafe.tracker.store import Store

Decision = Literal["approve", "reject"]

#: As many digits of a plan as an event's subject has.
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it is kept.

    Attributes:
        role: with which role its approver has logged in to the database; None in SQLite, which knows none.
        client: from where; None likewise.
    """

    at: datetime
    expires_at: datetime
    role: str | None = None
    client: str | None = None


def keep_decision(
    store: Store, approver: Author, plan: str, decision: Decision, *, lasts: timedelta, reason: str | None = None
) -> Decided:
    """Keep a decision on a plan that the tracker knows, with its event; a later one of the same approver replaces it.

    In Postgres the function of the tables' owner does it, which needs no other right, and the server's clock says when.

    Args:
        lasts: for how long it holds.

    Raises:
        TrackerRefusedError: when another role has decided under the approver's name, or this one may not approve.
    """
    if store.ledger.is_postgres:
        texts = (plan, approver.actor, decision, reason)
        row = store.ledger.call(
            "migsafe_approve",
            *(sa.cast(text, sa.Text) for text in texts),
            sa.cast(lasts, sa.Interval),
            *(sa.cast(text, sa.Text) for text in (approver.host or None, __version__)),
        )
        return Decided(row.decided_at, row.valid_until, row.as_role, row.from_client)
    return _keep(store, approver.actor, plan, Decided(store.now, store.now + lasts), decision, reason)


def _keep(store: Store, who: str, plan: str, decided: Decided, decision: Decision, reason: str | None) -> Decided:
    """As the function in Postgres does it, without roles."""
    c = t.approval.c
    key = {"plan_id": plan, "approver": who}
    values = {"decision": decision, "reason": reason, "at": decided.at, "expires_at": decided.expires_at}
    earlier = store.ledger.first(sa.select(c.decision).where(c.plan_id == plan, c.approver == who))
    if earlier is None:
        store.ledger.insert(t.approval, [{**key, **values}])
    else:
        store.replace(t.approval, key, {"decision": earlier.decision}, values)
    about = store.ledger.first(sa.select(t.contract.c.change_id, t.contract.c.env).where(t.contract.c.plan_id == plan))
    change, env = (about.change_id, about.env) if about is not None else ("?", None)
    said = {"approver": who, "decision": decision, "expires_at": decided.expires_at, "plan": plan}
    store.log("approval", f"{change} {plan[:_SHORT]}", after=said, env=env, reason=reason)
    return decided
