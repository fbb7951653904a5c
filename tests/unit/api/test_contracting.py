"""Deciding on contract plans from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_cases import plan
from migsafe import api
from migsafe.config import Config
from migsafe.contracts.errors import ContractRefusedError
from migsafe.contracts.keeping import keep
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.facts import Author
from migsafe.tracker.opening import NoTrackerError
from tracker_books import book_in

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A tracker that keeps one plan, made by mira."""
    keep(plan(), Author(actor="mira"), book_in(tmp_path).furnish().tracker)
    return Config(tracker=f"sqlite:{tmp_path / 'tracker.db'}")


def test_a_plan_is_shown_rejected_and_approved(config: Config) -> None:
    name = plan().short_id
    assert api.contract_plan(name, config).decisions == ()
    rejected = api.reject_contract(name, config, reason="not before the month's end", by="olga")
    assert (rejected.decision.decision, rejected.missing) == ("reject", 1)
    approved = api.approve_contract(name, config, reason="it is over", by="olga")
    assert (approved.decision.decision, approved.missing) == ("approve", 0)
    (decision,) = api.contract_plan(name, config).decisions
    assert (decision.approver, decision.decision, decision.reason) == ("olga", "approve", "it is over")


def test_its_author_does_not_approve_it(config: Config) -> None:
    with pytest.raises(ContractRefusedError, match="mira has made the plan"):
        api.approve_contract(plan().short_id, config, by="mira")


@pytest.mark.parametrize("decide", [api.contract_plan, api.approve_contract])
def test_a_plan_that_nobody_knows(config: Config, decide) -> None:  # type: ignore[no-untyped-def]  # either of them
    with pytest.raises(UnknownNameError, match='no contract plan "000000000000"'):
        decide("000000000000", config)


def test_without_a_tracker_there_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(NoTrackerError):
        api.contract_plan("000000000000", Config(tracker=f"sqlite:{tmp_path}/none.db"))
