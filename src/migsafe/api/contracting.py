"""Planning how something old goes, for people to sign, and what they decide on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.config import Config

if TYPE_CHECKING:
    from migsafe.contracts.clearance import SignedPlan
    from migsafe.contracts.keeping import Decided, Planned
    from migsafe.sources.writing import WrittenFile


def plan_contract(
    change: str,
    config: Config | None = None,
    *,
    environment: str,
    url: str,
    target: str | None = None,
    subscribers_ready: bool = False,
    dry_run: bool = False,
    by: str | None = None,
) -> Planned:
    """Make the plan of the half of a change's contract that is due; the tracker keeps it unless it is blocked.

    Args:
        url: the database, which is only read: `env:NAME`, the name of a service, or an address without a password.
        target: which of the environment's databases that is; the only one when None.
        subscribers_ready: subscribers of logical replication have the changes of tables already.
        dry_run: nothing is kept.
        by: who makes it, and cannot approve it; the CI's user, else the login, when None.

    Raises:
        UnknownNameError: when nobody knows the change, the environment or the database.
        UsageError: when the change has no contract, or the address cannot be used.
        ContractRefusedError: when the contract is over there.
        EnvironmentFailedError: when the database or the tracker cannot be reached.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.contracts import keeping

    request = keeping.PlanRequest(
        change=change, environment=environment, url=url, target=target, subscribers_ready=subscribers_ready
    )
    return keeping.plan_contract(request, author(by), config or Config(), dry_run=dry_run)


def write_contract(planned: Planned, config: Config | None = None) -> tuple[WrittenFile, ...]:
    """Write the steps that are due as migrations in the project's layout, all or none; those that are there stay.

    Raises:
        ContractRefusedError: when the plan is blocked.
        UsageError: when the layout takes no new migrations, or one of the files is there already.
    """
    from datetime import UTC, datetime

    from migsafe.contracts import writing

    return writing.write_contract(planned.made, config or Config(), datetime.now(UTC))


def contract_plan(plan: str, config: Config | None = None) -> SignedPlan:
    """A plan as it was made, with what people have decided on it.

    Args:
        plan: the first digits of its hash.

    Raises:
        UnknownNameError: when there is none, or there are several.
        ContractRefusedError: when it has been edited in the tracker.
        TrackerRefusedError: when there is no tracker, or it may not be used.
        TrackerAwayError: when it cannot be reached.
    """
    from migsafe.contracts.keeping import show_plan

    return show_plan(plan, config or Config())


def approve_contract(
    plan: str,
    config: Config | None = None,
    *,
    accepted: bool = False,
    reason: str | None = None,
    by: str | None = None,
) -> Decided:
    """Approve a plan as it is; for as long as the configuration says, and not by its author.

    Args:
        plan: the first digits of its hash.
        accepted: whoever approves has read what the plan says that must be accepted.
        reason: why, for the record.
        by: who approves; the CI's user, else the login, when None.

    Raises:
        UnknownNameError: when there is no such plan, or there are several.
        ContractRefusedError: when the approver has made the plan, or it must be accepted first.
        TrackerRefusedError: when the role may not approve, or another one has decided under this name.
        TrackerAwayError: when the tracker cannot be reached.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.contracts.keeping import decide

    return decide(plan, author(by), config or Config(), approve=True, reason=reason, accepted=accepted)


def reject_contract(plan: str, config: Config | None = None, *, reason: str, by: str | None = None) -> Decided:
    """Reject a plan: nobody runs it until whoever has rejected it approves it.

    Args:
        plan: the first digits of its hash.
        reason: why.
        by: who rejects; the CI's user, else the login, when None.

    Raises:
        UnknownNameError: when there is no such plan, or there are several.
        ContractRefusedError: when it has been edited in the tracker.
        TrackerRefusedError: when the role may not decide, or another one has decided under this name.
        TrackerAwayError: when the tracker cannot be reached.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.contracts.keeping import decide

    return decide(plan, author(by), config or Config(), approve=False, reason=reason)
