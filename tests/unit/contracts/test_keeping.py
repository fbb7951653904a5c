"""Approving and rejecting plans that a tracker in a file keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from contract_cases import gate, plan, purge, step
from migsafe.config import Config
from migsafe.contracts.clearance import clear
from migsafe.contracts.errors import ContractRefusedError
from migsafe.contracts.keeping import decide, keep, show_plan, signed_for
from migsafe.tracker import tables as t
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.facts import Author
from tracker_books import NOW, Book, book_in

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.contracts.clearance import Clearance
    from migsafe.contracts.keeping import Decided
    from migsafe.contracts.values import ContractPlan

MIRA, OLGA, PAVEL = (Author(actor=name, host="laptop") for name in ("mira", "olga", "pavel"))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_in(tmp_path).furnish()


@pytest.fixture
def config(tmp_path: Path, book: Book) -> Config:
    return Config(tracker=f"sqlite:{tmp_path / 'tracker.db'}")


def decided(one: ContractPlan, who: Author, config: Config, *, hours: float = 0, **said: object) -> Decided:
    def clock():
        return NOW + timedelta(hours=hours)

    return decide(one.short_id, who, config, clock=clock, **{"approve": True, **said})  # type: ignore[arg-type]  # as the test says


def cleared(book: Book, now_made: ContractPlan, *, hours: float = 1) -> Clearance:
    moment = NOW + timedelta(hours=hours)
    with book.tracker.reading() as ledger:
        return clear(signed_for(ledger, now_made, moment), now_made, moment)


def test_from_kept_to_cleared(book: Book, config: Config) -> None:
    assert not cleared(book, plan()).cleared
    assert keep(plan(), MIRA, book.tracker)
    assert not keep(plan(), PAVEL, book.tracker), "it is there, and stays mira's"
    assert "must be approved by one person" in (cleared(book, plan()).why or "")
    done = decided(plan(), OLGA, config)
    assert (done.missing, done.decision.expires_at) == (0, NOW + timedelta(hours=72))
    assert cleared(book, plan()).approved_by == ("olga",)
    assert "expired" in (cleared(book, plan(), hours=72).why or "")


def test_its_author_is_refused_and_nothing_is_written(book: Book, config: Config) -> None:
    keep(plan(), MIRA, book.tracker)
    with pytest.raises(ContractRefusedError, match=r"(?i)mira *has made the plan"):
        decided(plan(), Author(actor="Mira "), config)
    assert show_plan(plan().short_id, config).decisions == ()


def test_two_people_where_data_is_lost(book: Book, config: Config) -> None:
    keep(purge(), MIRA, book.tracker)
    assert decided(purge(), OLGA, config).missing == 1
    assert decided(purge(), OLGA, config, hours=1).missing == 1, "the same person twice is one"
    assert not cleared(book, purge()).cleared
    assert decided(purge(), PAVEL, config).missing == 0
    assert cleared(book, purge(), hours=2).approved_by == ("pavel", "olga")


def test_a_later_rejection_voids_and_can_be_taken_back(book: Book, config: Config) -> None:
    keep(plan(), MIRA, book.tracker)
    decided(plan(), OLGA, config)
    decided(plan(), PAVEL, config, hours=0.5, approve=False, reason="not today")
    assert "pavel has rejected the plan" in (cleared(book, plan()).why or "")
    decided(plan(), PAVEL, config, hours=0.75)
    assert cleared(book, plan()).cleared
    assert book.kinds().count("approval") == 3


def test_the_author_may_reject(book: Book, config: Config) -> None:
    keep(plan(), MIRA, book.tracker)
    decided(plan(), OLGA, config)
    decided(plan(), MIRA, config, approve=False, reason="I was wrong")
    assert not cleared(book, plan()).cleared


def test_what_must_be_accepted_is_accepted_in_words(book: Book, config: Config) -> None:
    asking = plan(gates=(gate("acknowledge", "function-bodies", "f names it"),))
    keep(asking, MIRA, book.tracker)
    with pytest.raises(ContractRefusedError, match="this must be accepted: f names it"):
        decided(asking, OLGA, config)
    assert decided(asking, OLGA, config, accepted=True).missing == 0
    assert cleared(book, asking).cleared


def test_a_plan_that_is_made_anew_after_a_drift_needs_its_own_approval(book: Book, config: Config) -> None:
    drifted = plan(facts=(*plan().facts, "view v uses users.name"))
    keep(plan(), MIRA, book.tracker)
    decided(plan(), OLGA, config)
    assert "new: view v" in (cleared(book, drifted).why or "")
    assert keep(drifted, MIRA, book.tracker)
    assert "must be approved" in (cleared(book, drifted).why or "")
    decided(drifted, OLGA, config)
    assert cleared(book, drifted).cleared
    assert cleared(book, plan()).cleared, "when the view is gone again, the first approval is good"


def test_an_edit_is_explained_by_the_plan_that_was_approved(book: Book, config: Config) -> None:
    keep(plan(), MIRA, book.tracker)
    decided(plan(), OLGA, config)
    assert "step 1 has other backward" in (cleared(book, plan(steps=(step(backward=()),))).why or "")


def test_a_plan_that_was_edited_in_the_tracker_is_none(book: Book, config: Config) -> None:
    keep(plan(), MIRA, book.tracker)
    with book.writing() as store:
        row = store.ledger.first(sa.select(t.contract.c.body))
        assert row is not None
        store.ledger.write(t.contract.update().values(body=row.body.replace("_migsafe_q_name", "email")))
    with pytest.raises(ContractRefusedError, match="has been edited since"):
        show_plan(plan().short_id, config)
    with pytest.raises(ContractRefusedError, match="has been edited since"):
        decided(plan(), OLGA, config)


def test_an_unknown_plan(book: Book, config: Config) -> None:
    keep(plan(), MIRA, book.tracker)
    with pytest.raises(UnknownNameError):
        decide("000000000000", OLGA, config, approve=True)
