"""Keeps plans in the tracker, and what people decide on them; the shell around the pure rules of who may."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from migsafe.contracts.clearance import (
    Clearance,
    Decision,
    SignedPlan,
    clear,
    is_author,
    is_same,
    standing_approvals,
)
from migsafe.contracts.document import read_plan, render_json
from migsafe.contracts.errors import ContractRefusedError
from migsafe.contracts.making import Asked, Made, make_plan
from migsafe.contracts.values import ContractPlan, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.config import Config
    from migsafe.model.state import Check, StateDocument, TargetName
    from migsafe.postgres.connection import Session
    from migsafe.tracker.approving import Decision as Answer
    from migsafe.tracker.contract_plans import KeptPlan
    from migsafe.tracker.deployments import Deployment
    from migsafe.tracker.facts import Author
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.opening import Tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What `migsafe contract plan` asks for.

    Attributes:
        target: the only one of the environment when None.
    """

    change: str
    environment: str
    url: str
    target: str | None = None
    subscribers_ready: bool = False


@dataclass(frozen=True)
class Planned:
    """A plan that was made.

    Attributes:
        kept: whether the tracker has it: a blocked one is not kept, since there is nothing to sign.
        new: whether it was not there before.
    """

    made: Made
    kept: bool = False
    new: bool = False

    @property
    def plan(self) -> ContractPlan:
        """The plan itself."""
        return self.made.plan


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that was kept, and what the plan still lacks.

    Attributes:
        missing: how many people must approve besides.
    """

    signed: SignedPlan
    decision: Decision
    missing: int


def plan_contract(
    request: PlanRequest,
    author: Author,
    config: Config,
    *,
    dry_run: bool = False,
    clock: Callable[[], datetime] | None = None,
) -> Planned:
    """Make a plan, and keep it in the tracker unless it is blocked or only tried.

    Raises:
        UnknownNameError: when nobody knows the change, the environment or the database.
        ContractRefusedError: when the contract is over there.
        EnvironmentFailedError: when the database or the tracker cannot be reached.
    """
    from migsafe.bookkeeping.place import open_tracker
    from migsafe.postgres.address import resolve_address
    from migsafe.postgres.connection import Timeouts, connect

    dsn = resolve_address(request.url, option="--url")
    replicas = tuple(resolve_address(one, option="--replica") for one in config.replicas)
    tracker = open_tracker(config, request.environment, clock=clock)
    where, state, rollout = _place(tracker, request.environment, request.target)
    with connect(dsn, autocommit=True, timeouts=Timeouts()) as session:
        asked = Asked(
            change=request.change,
            where=where,
            state=state,
            now=tracker.clock(),
            author=author.actor,
            replicas=replicas,
            subscribers_ready=request.subscribers_ready,
            rollout=rollout,
        )
        made = make_plan(config, asked, session)
    if dry_run or made.plan.verdict is Verdict.BLOCKED:
        return Planned(made)
    return Planned(made, kept=True, new=keep(made.plan, author, tracker, made.verifications))


def keep(plan: ContractPlan, author: Author, tracker: Tracker, verifications: Sequence[Check] = ()) -> bool:
    """Keep a plan in the tracker; whether it was not there already.

    Args:
        verifications: what was verified for it; after a quarantine nobody can verify it again.
    """
    from migsafe.tracker.contract_plans import keep_plan

    with tracker.writing(author) as store:
        for check in verifications:
            store.record_check(check)
        return keep_plan(store, _kept(replace(plan, author=author.actor, made_at=store.now)))


def show_plan(said: str, config: Config) -> SignedPlan:
    """A plan that the tracker keeps, by the first digits of its name.

    Raises:
        UnknownNameError: when there is none, or there are several.
        ContractRefusedError: when it has been edited in the tracker.
    """
    from migsafe.bookkeeping.place import open_tracker

    with open_tracker(config).reading() as ledger:
        return _find(ledger, said)


def decide(
    said: str,
    approver: Author,
    config: Config,
    *,
    approve: bool,
    reason: str | None = None,
    accepted: bool = False,
    clock: Callable[[], datetime] | None = None,
) -> Decided:
    """Approve a plan, or reject it.

    Args:
        said: the first digits of the plan's name.
        accepted: whoever approves has read what must be accepted.

    Raises:
        UnknownNameError: when there is no such plan, or there are several.
        ContractRefusedError: when the approver has made the plan, or it must be accepted first.
        TrackerRefusedError: when the role may not approve, or another one has decided under this name.
    """
    from migsafe.bookkeeping.place import open_tracker
    from migsafe.tracker.approving import keep_decision

    tracker = open_tracker(config, clock=clock)
    with tracker.approving(approver) as store:
        signed = _find(store.ledger, said)
        if approve:
            _refuse_to_approve(signed, approver.actor, store.ledger.role(), accepted=accepted)
        lasts = timedelta(seconds=signed.plan.thresholds.approval)
        answer: Answer = "approve" if approve else "reject"
        keep_decision(store, approver, signed.plan.plan_id, answer, lasts=lasts, reason=reason)
        signed = _find(store.ledger, signed.plan.plan_id)
    decision = next(one for one in signed.decisions if one.approver == approver.actor)
    missing = signed.plan.approvals_needed - len(standing_approvals(signed, decision.at))
    return Decided(signed, decision, max(0, missing))


def clear_contract(
    config: Config, change: str, where: TargetName, session: Session, ledger: Ledger, state: StateDocument,
    now: datetime | None = None, *, subscribers_ready: bool = False,
) -> Clearance:  # fmt: skip
    """Whether the half of a change's contract that is due may run on a database now.

    Args:
        session: on that database, with no transaction open, in autocommit.
        ledger: the tracker, for reading.
        state: what the tracker knows.
        now: the machine's clock when None.

    Raises:
        UsageError: when nobody knows the change, or it has no contract.
        NothingDueError: when the contract is over there.
    """
    from migsafe.postgres.address import resolve_address
    from migsafe.tracker.deployments import deployment_under_way

    moment = now or datetime.now(UTC)
    asked = Asked(
        change=change,
        where=where,
        state=state,
        now=moment,
        replicas=tuple(resolve_address(one, option="--replica") for one in config.replicas),
        subscribers_ready=subscribers_ready,
        rollout=deployment_under_way(ledger, where.environment),
    )
    made = make_plan(config, asked, session).plan
    return clear(signed_for(ledger, made, moment), made, moment)


def signed_for(ledger: Ledger, made: ContractPlan, now: datetime) -> SignedPlan | None:
    """The kept plan that a plan made anew is held against: one that clears it, else the nearest to it.

    The same half is nearer than another one, the same text nearer than an edited one, the latest nearer than others.
    """
    from migsafe.tracker.contract_plans import plans_for

    known = [_signed(one) for one in plans_for(ledger, made.change, made.where)]
    same = [one for one in known if is_same(one.plan, made)]
    exact = [one for one in same if one.plan.plan_id == made.plan_id]
    candidates = [*exact, *same]
    cleared = next((one for one in candidates if clear(one, made, now).cleared), None)
    part = [one for one in known if one.plan.part is made.part]
    approved = [one for one in (*same, *part) if standing_approvals(one, now)]
    return cleared or next(iter((*exact, *approved, *same, *part)), None)


def _place(
    tracker: Tracker, environment: str, target: str | None
) -> tuple[TargetName, StateDocument, Deployment | None]:
    from migsafe.tracker.deployments import deployment_under_way
    from migsafe.tracker.names import Names
    from migsafe.tracker.reading import read_known

    with tracker.reading() as ledger:
        names = Names(ledger)
        where = names.target(names.environment(environment), target)
        return where, read_known(ledger, tracker.clock()).state, deployment_under_way(ledger, where.environment)


def _find(ledger: Ledger, said: str) -> SignedPlan:
    from migsafe.tracker.contract_plans import find_plan

    return _signed(find_plan(ledger, said))


def _refuse_to_approve(signed: SignedPlan, actor: str, role: str, *, accepted: bool) -> None:
    plan = signed.plan
    if is_author(signed, actor, role):
        by_name = actor.strip().casefold() == signed.author.strip().casefold()
        who = actor if by_name else f"the role {role}, as {signed.author},"
        raise ContractRefusedError(
            f"{who} has made the plan {plan.short_id}, and its author cannot approve it",
            hint="somebody else approves it, with a login of their own: --by NAME says who that is",
        )
    if plan.acknowledgements and not accepted:
        texts = "; ".join(one.text for one in plan.acknowledgements)
        raise ContractRefusedError(f"this must be accepted: {texts}", hint="say --accept")


def _kept(plan: ContractPlan) -> KeptPlan:
    from migsafe.tracker.contract_plans import KeptPlan

    assert plan.made_at is not None, "set by whoever keeps it"
    return KeptPlan(
        plan_id=plan.plan_id,
        change=plan.change,
        where=plan.where,
        body=render_json(plan),
        fingerprint=plan.fingerprint,
        approvals_needed=plan.approvals_needed,
        author=plan.author,
        made_at=plan.made_at,
    )


def _signed(kept: KeptPlan) -> SignedPlan:
    plan = read_plan(kept.body)
    if (plan.plan_id, plan.fingerprint) != (kept.plan_id, kept.fingerprint):
        raise ContractRefusedError(f"the plan {kept.plan_id[:12]} has been edited in the tracker", hint="make it anew")
    return SignedPlan(
        plan=plan,
        author=kept.author,
        author_role=kept.role or "",
        made_at=kept.made_at,
        decisions=tuple(
            Decision(
                approver=one.approver,
                decision=one.decision,
                at=one.at,
                expires_at=one.expires_at,
                role=one.role or "",
                reason=one.reason,
            )
            for one in kept.decisions
        ),
    )
