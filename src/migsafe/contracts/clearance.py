"""Whether a contract may run now: the plan as it was signed, against the plan as it is made now; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.contracts.differences import completed, drift, edits, surroundings_changed
from migsafe.contracts.values import ContractPlan, ContractStep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from migsafe.tracker.approving import Decision as Answer

_APPROVE, _REJECT = "approve", "reject"
#: What nobody can see from here, and whoever approved has believed: subscribers have the change already.
_BELIEVED = frozenset({"published-tables"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one person has said of a plan; their last word.

    Attributes:
        role: as whom they were logged in to the tracker; empty where nobody knows.
        expires_at: an approval counts until then.
    """

    approver: str
    decision: Answer
    at: datetime
    expires_at: datetime
    role: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPlan:
    """A plan as a tracker keeps it.

    Attributes:
        plan: as it was when it was made.
        author_role: as whom the author was logged in to the tracker; empty where nobody knows.
        made_at: approvals from before do not count.
    """

    plan: ContractPlan
    author: str
    made_at: datetime
    author_role: str = ""
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """The answer.

    Attributes:
        cleared: it may run.
        plan: as it is now; its steps are what may run, in order, those that are over left out by `steps`.
        why: what refuses it, one line; None where it is cleared.
        hint: what a person can do.
        notes: what has changed beside the plan, and does not matter to it.
        approved_by: whose approvals count.
    """

    cleared: bool
    plan: ContractPlan
    why: str | None = None
    hint: str | None = None
    notes: tuple[str, ...] = ()
    approved_by: tuple[str, ...] = field(default=())

    @property
    def steps(self) -> tuple[ContractStep, ...]:
        """What is left to run."""
        return tuple(step for step in self.plan.steps if not step.is_over)


@dataclass(frozen=True, slots=True)
class _Refusal(Exception):
    why: str
    hint: str | None = None


def clear(signed: SignedPlan | None, now_made: ContractPlan, now: datetime) -> Clearance:
    """Judge.

    Args:
        signed: the plan that was signed; the latest of its kind where none is the same, so that it can be said what
            has changed; None where there is none.
        now_made: the plan made anew, with what the database and the tracker say now.
        now: with its zone.
    """
    again = f"migsafe contract plan {now_made.change} --env {now_made.where.environment}"
    try:
        known = _known(signed, now_made, again)
        _same(known.plan, now_made, again)
        approved = _approved(known, now)
        _not_drifted(known.plan, now_made, again)
        _still_eligible(known.plan, now_made, again)
    except _Refusal as refused:
        return Clearance(cleared=False, plan=now_made, why=refused.why, hint=refused.hint)
    notes = surroundings_changed(known.plan, now_made)
    return Clearance(cleared=True, plan=now_made, notes=notes, approved_by=approved)


def standing_approvals(signed: SignedPlan, now: datetime) -> tuple[Decision, ...]:
    """Approvals that count: made for the plan as it is, not expired, not by its author, each by somebody else."""
    found: list[Decision] = []
    for one in sorted(signed.decisions, key=lambda one: one.at):
        counts = one.decision == _APPROVE and one.at >= signed.made_at and now < one.expires_at
        if counts and not is_author(signed, one.approver, one.role) and not any(_same_person(one, o) for o in found):
            found.append(one)
    return tuple(found)


def is_author(signed: SignedPlan, actor: str, role: str) -> bool:
    """Whether somebody has made the plan themselves: by the name that they give, or by the login that they have."""
    same_login = bool(role) and role == signed.author_role
    return _folded(actor) == _folded(signed.author) or same_login


def _known(signed: SignedPlan | None, now_made: ContractPlan, again: str) -> SignedPlan:
    if signed is None:
        part = f"the {now_made.part} of " if now_made.part else ""
        raise _Refusal(f"nobody has signed a plan for {part}{now_made.change} on {now_made.where}", again)
    return signed


def is_same(signed: ContractPlan, now_made: ContractPlan) -> bool:
    """Whether what would run is what was signed."""
    return signed.signed_hash == completed(now_made, signed).signed_hash


def _same(signed: ContractPlan, now_made: ContractPlan, again: str) -> None:
    if not is_same(signed, now_made):
        changed = "; ".join(edits(signed, now_made)) or "it is another plan"
        raise _Refusal(f"the plan {signed.short_id} was signed, and is not what would run: {changed}", again)


def _approved(signed: SignedPlan, now: datetime) -> tuple[str, ...]:
    plan = signed.plan
    for one in signed.decisions:
        if one.decision == _REJECT:
            said = f": {one.reason}" if one.reason else ""
            raise _Refusal(
                f"{one.approver} has rejected the plan {plan.short_id}{said}",
                f"they can take that back: migsafe contract approve {plan.short_id}",
            )
    approved = standing_approvals(signed, now)
    if len(approved) < plan.approvals_needed:
        raise _Refusal(_too_few(signed, approved, now), f"migsafe contract approve {plan.short_id} --by NAME")
    return tuple(one.approver for one in approved)


def _too_few(signed: SignedPlan, approved: Sequence[Decision], now: datetime) -> str:
    plan, needed = signed.plan, signed.plan.approvals_needed
    people = "one person" if needed == 1 else f"{needed} people, because data is lost"
    said = f"the plan {plan.short_id} must be approved by {people}"
    have = f"; {', '.join(one.approver for one in approved)} has approved it" if approved else ""
    return said + have + "".join(f"; {text}" for text in _void(signed, now))


def _void(signed: SignedPlan, now: datetime) -> list[str]:
    """Why approvals that were given do not count."""
    texts = []
    for one in signed.decisions:
        if one.decision != _APPROVE:
            continue
        if one.at < signed.made_at:
            texts.append(f"the approval of {one.approver} is older than the plan")
        elif now >= one.expires_at:
            texts.append(f"the approval of {one.approver} expired at {one.expires_at:%Y-%m-%d %H:%M} UTC")
        elif is_author(signed, one.approver, one.role):
            texts.append(f"{one.approver} has made the plan and cannot approve it")
    return texts


def _not_drifted(signed: ContractPlan, now_made: ContractPlan, again: str) -> None:
    if changed := drift(signed, now_made):
        raise _Refusal(
            f"the database is not what the plan {signed.short_id} was signed for: {'; '.join(changed[:3])}"
            + (f"; and {len(changed) - 3} more" if len(changed) > 3 else ""),
            again,
        )


def _still_eligible(signed: ContractPlan, now_made: ContractPlan, again: str) -> None:
    accepted = {(one.name, one.place) for one in signed.acknowledgements}
    believed = {key for key in accepted if key[0] in _BELIEVED}
    blockers = [one for one in now_made.blockers if (one.name, one.place) not in believed]
    if blockers:
        first, *others = blockers
        more = f"; and {len(others)} more" if others else ""
        raise _Refusal(f"{first.name}: {first.text}{more}", f"{again} shows all of it")
    new = [one for one in now_made.acknowledgements if (one.name, one.place) not in accepted]
    if new:
        raise _Refusal(f"nobody has accepted this yet: {new[0].text}", again)


def _same_person(one: Decision, other: Decision) -> bool:
    return _folded(one.approver) == _folded(other.approver) or (bool(one.role) and one.role == other.role)


def _folded(name: str) -> str:
    return name.strip().casefold()
