"""Contract plans as the tracker keeps them: only ever added, found by their first digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.state import TargetName
from migsafe.tracker.contract_plans import KeptPlan, find_plan, keep_plan, plans_for
from migsafe.tracker.errors import UnknownNameError
from tracker_books import MAIN, NOW, Book, book_in

if TYPE_CHECKING:
    from pathlib import Path

ONE, OTHER = "3df5006651de" + "0" * 52, "3df5006699aa" + "0" * 52


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_in(tmp_path).furnish()


def kept(plan_id: str = ONE, *, where: TargetName = MAIN, body: str = "{}") -> KeptPlan:
    return KeptPlan(
        plan_id=plan_id, change="users", where=where, body=body, fingerprint="f" * 64, approvals_needed=1,
        author="mira", made_at=NOW,
    )  # fmt: skip


def keep(book: Book, plan: KeptPlan) -> bool:
    with book.writing() as store:
        return keep_plan(store, plan)


def find(book: Book, said: str) -> KeptPlan:
    with book.tracker.reading() as ledger:
        return find_plan(ledger, said)


def test_a_plan_is_kept_once_with_an_event(book: Book) -> None:
    assert keep(book, kept())
    assert not keep(book, kept(body="another text"))
    assert find(book, ONE) == kept()
    assert book.kinds().count("contract") == 1


def test_the_event_holds_the_hash_and_not_the_whole_plan(book: Book) -> None:
    keep(book, kept(body="x" * 10_000))
    with book.tracker.reading() as ledger:
        last = list(ledger.events())[-1]
    assert ONE in last.detail
    assert len(last.detail) < 1_000
    assert last.subject == f"users {ONE[:12]}"


@pytest.mark.parametrize("said", [ONE[:12], ONE[:10], ONE.upper()[:12], f" {ONE} "])
def test_the_first_digits_name_it(book: Book, said: str) -> None:
    keep(book, kept())
    assert find(book, said).plan_id == ONE


@pytest.mark.parametrize(
    ("said", "what", "hint"),
    [
        ("3df500", '2 plans begin with "3df500"', ONE[:12]),
        ("3df5006651df", 'no contract plan "3df5006651df"', f"did you mean {ONE[:12]}?"),
        ("3df5", 'no contract plan "3df5"', "the latest is"),
        ("", 'no contract plan ""', "the latest is"),
        ("%", 'no contract plan "%"', "the latest is"),
    ],
)
def test_an_unknown_plan_gets_the_nearest(book: Book, said: str, what: str, hint: str) -> None:
    keep(book, kept())
    keep(book, kept(OTHER))
    with pytest.raises(UnknownNameError) as unknown:
        find(book, said)
    assert unknown.value.message == what
    assert hint in (unknown.value.hint or "")


def test_without_any_plan_the_command_that_makes_one_is_named(book: Book) -> None:
    with pytest.raises(UnknownNameError) as unknown:
        find(book, ONE)
    assert "migsafe contract plan CHANGE" in (unknown.value.hint or "")


def test_a_plan_is_for_a_database_that_the_tracker_knows(book: Book) -> None:
    with pytest.raises(UnknownNameError):
        keep(book, kept(where=TargetName("production", "second")))
    with pytest.raises(UnknownNameError):
        keep(book, kept(where=TargetName("staging", "main")))


def test_plans_of_a_change_on_a_database(book: Book) -> None:
    keep(book, kept())
    keep(book, kept(OTHER))
    with book.tracker.reading() as ledger:
        assert {one.plan_id for one in plans_for(ledger, "users", MAIN)} == {ONE, OTHER}
        assert plans_for(ledger, "orders", MAIN) == ()
        assert plans_for(ledger, "users", TargetName("production", "second")) == ()
