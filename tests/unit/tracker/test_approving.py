"""Decisions in a file, which knows no roles."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from migsafe.tracker import tables as t
from migsafe.tracker.approving import Decided, keep_decision
from migsafe.tracker.columns import spell_moment
from migsafe.tracker.events import prove
from migsafe.tracker.facts import Author
from tracker_books import NOW, Book, book_in

if TYPE_CHECKING:
    from pathlib import Path

ADA = Author(actor="ada", host="desk")
PLAN = {
    "plan_id": "a" * 64, "change_id": "users", "env": "production", "target": "main", "body": "{}",
    "fingerprint": "f" * 64, "approvals_needed": 1, "author": "mira", "made_at": NOW,
}  # fmt: skip


def said_of(decision: str, *, hours: int) -> dict[str, str]:
    expires = spell_moment(NOW + timedelta(hours=hours))
    return {"approver": "ada", "decision": decision, "expires_at": expires, "plan": "a" * 64}


def furnished(folder: Path) -> Book:
    book = book_in(folder).furnish()
    with book.writing() as store:
        store.ledger.insert(t.contract, [PLAN])
    return book


def test_a_decision_is_kept_with_its_event(tmp_path: Path) -> None:
    book = furnished(tmp_path)
    with book.tracker.approving(ADA) as store:
        decided = keep_decision(store, ADA, "a" * 64, "approve", lasts=timedelta(hours=72), reason="looked well")
    assert decided == Decided(NOW, NOW + timedelta(hours=72), None, None)
    with book.tracker.reading() as ledger:
        (kept,) = ledger.rows(sa.select(t.approval))
        events = list(ledger.events())
    assert (kept.approver, kept.decision, kept.reason, kept.db_role) == ("ada", "approve", "looked well", None)
    assert (events[-1].kind, events[-1].actor, events[-1].environment) == ("approval", "ada", "production")
    assert (events[-1].client, events[-1].facts["reason"]) == (None, "looked well")
    assert (events[-1].subject, events[-1].facts["to"]) == (f"users {'a' * 12}", said_of("approve", hours=72))
    prove(events)


def test_a_later_decision_replaces_the_earlier_one_and_both_are_in_the_history(tmp_path: Path) -> None:
    book = furnished(tmp_path)
    for answer in ("approve", "reject"):
        with book.tracker.approving(ADA) as store:
            keep_decision(store, ADA, "a" * 64, answer, lasts=timedelta(hours=1))
    with book.tracker.reading() as ledger:
        assert [row.decision for row in ledger.rows(sa.select(t.approval))] == ["reject"]
    assert book.kinds()[-2:] == ["approval", "approval"]
