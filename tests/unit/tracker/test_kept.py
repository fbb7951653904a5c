"""What is kept of a step when it runs, and what stands on a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.script import TransactionRule
from migsafe.model.state import Environment, StepStatus, Target, TargetName
from migsafe.tracker.backfills import know_step
from migsafe.tracker.errors import TrackerBrokenError
from migsafe.tracker.facts import RunFacts
from migsafe.tracker.kept import Kept, StandingStep, keep, kept_of, standing_steps
from tracker_books import MAIN, NOW, Book, book_in, step

if TYPE_CHECKING:
    from pathlib import Path

S = StepStatus
TEXT = Kept(
    checksum="v1:a",
    forward="ALTER TABLE users ADD COLUMN age int;",
    backward="ALTER TABLE users DROP COLUMN age;",
    forward_rule=TransactionRule.TOOL,
    backward_rule=TransactionRule.NONE,
    no_way_back=None,
)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_in(tmp_path).furnish()


def ran(
    book: Book, name: str, status: StepStatus, *, minute: int = 0, kept: Kept | None = TEXT, **facts: object
) -> None:
    """A step's next run."""
    with book.writing() as store:
        one = step(name, facts.pop("phase", Phase.EXPAND))  # type: ignore[arg-type]  # as the test says
        if kept is not None:
            keep(store, know_step(store, one), kept)
        at = NOW - timedelta(hours=1) + timedelta(minutes=minute)
        run = RunFacts(where=MAIN, status=status, at=at, checksum=kept.checksum if kept else "v1:other", source="run")
        store.record(one, replace(run, **facts))  # type: ignore[arg-type]  # as the test says


def standing(book: Book, where: TargetName = MAIN) -> dict[str, StandingStep]:
    with book.tracker.reading() as ledger:
        return {one.label: one for one in standing_steps(ledger, where)}


def test_what_is_kept_comes_back_as_it_was(book: Book) -> None:
    ran(book, "002", S.DONE)
    assert standing(book)["002"].kept == TEXT
    nothing = replace(TEXT, checksum="v1:b", backward=None, backward_rule=None, no_way_back="an enum value stays")
    ran(book, "003", S.DONE, kept=nothing)
    assert standing(book)["003"].kept == nothing


def test_a_text_is_kept_once(book: Book) -> None:
    with book.writing() as store:
        step_id = know_step(store, step("002"))
        assert keep(store, step_id, TEXT)
        assert not keep(store, step_id, TEXT)
        with pytest.raises(TrackerBrokenError):
            keep(store, step_id, replace(TEXT, forward="something else"))
        assert keep(store, step_id, replace(TEXT, checksum="v1:b", forward="something else"))
        assert kept_of(store.ledger, step_id, "v1:a") == TEXT
        assert kept_of(store.ledger, "nobody") is None


def test_the_text_that_ran_is_the_one_and_not_the_last_that_was_kept(book: Book) -> None:
    ran(book, "002", S.DONE)
    with book.writing() as store:
        keep(store, know_step(store, step("002")), replace(TEXT, checksum="v1:b", forward="another"))
    assert standing(book)["002"].kept == TEXT


def test_what_another_tool_brought_stands_without_a_text(book: Book) -> None:
    ran(book, "002", S.DONE, kept=None, source="adopt")
    found = standing(book)["002"]
    assert (found.kept, found.source, found.run_checksum) == (None, "adopt", "v1:other")


@pytest.mark.parametrize("status", list(S))
def test_what_has_left_something_stands(book: Book, status: StepStatus) -> None:
    if status in {S.REVERTED, S.PENDING}:
        ran(book, "002", S.DONE)
    if status is not S.PENDING:
        ran(book, "002", status, minute=1)
    leaves = {S.DONE, S.RUNNING, S.PARTIAL, S.QUARANTINED, S.PURGED, S.PENDING}
    assert ("002" in standing(book)) is (status in leaves)


def test_the_latest_comes_first(book: Book) -> None:
    for minute, name in enumerate(["003", "001", "002"]):
        ran(book, name, S.DONE, minute=minute)
    assert list(standing(book)) == ["002", "001", "003"]
    ran(book, "003", S.REVERTED, minute=5, backward=True)
    ran(book, "003", S.DONE, minute=6)
    assert list(standing(book)) == ["003", "002", "001"]


def test_a_way_back_that_goes_on_stands_and_says_so(book: Book) -> None:
    ran(book, "002", S.QUARANTINED, phase=Phase.CONTRACT)
    assert not standing(book)["002"].going_back
    ran(book, "002", S.RUNNING, minute=1, phase=Phase.CONTRACT, backward=True)
    found = standing(book)["002"]
    assert (found.going_back, found.status, found.stood) == (True, S.RUNNING, S.QUARANTINED)
    assert found.kept == TEXT


def test_a_way_back_that_failed_leaves_the_step_as_it_stood(book: Book) -> None:
    ran(book, "002", S.DONE)
    ran(book, "002", S.RUNNING, minute=1, backward=True)
    ran(book, "002", S.FAILED, minute=2, backward=True)
    found = standing(book)["002"]
    assert (found.going_back, found.status) == (False, S.DONE)
    ran(book, "002", S.RUNNING, minute=3, backward=True)
    ran(book, "002", S.REVERTED, minute=4, backward=True)
    assert standing(book) == {}


def test_other_databases_are_not_looked_at(book: Book) -> None:
    with book.writing() as store:
        store.put_environment(Environment(name="staging", protected=False))
        store.put_target("staging", Target(name="main", dialect=Dialect.POSTGRES))
    ran(book, "002", S.DONE)
    assert standing(book, TargetName("staging", "main")) == {}


def test_facts_of_the_step_come_along(book: Book) -> None:
    with book.writing() as store:
        quarantine = replace(step("004", Phase.CONTRACT), part=Part.QUARANTINE)
        store.record(quarantine, RunFacts(where=MAIN, status=S.QUARANTINED, at=NOW, source="run"))
    found = standing(book)["004"]
    assert (found.phase, found.part, found.change, found.release) == (Phase.CONTRACT, Part.QUARANTINE, "users", "1.8.0")
