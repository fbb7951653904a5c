"""Whether a release may start on a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.phase import Phase
from migsafe.model.state import StepStatus
from migsafe.tracker.guarding import judge
from tracker_books import MAIN, Book, book_in, ran, step

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_in(tmp_path).furnish()


def answer(book: Book, release: str) -> tuple[str, str]:
    verdict = judge(book.known(), release, MAIN)
    return verdict.answer, verdict.why


def test_every_release_works_on_a_schema_that_nobody_has_contracted(book: Book) -> None:
    assert answer(book, "1.7.0") == ("yes", "the schema of production/main works with every release so far")


def test_a_schema_that_is_ahead_by_expands_works(book: Book) -> None:
    with book.writing() as store:
        store.record(step("002", release="1.9.0"), ran())
        store.record(step("003", Phase.MIGRATE, release="1.9.0"), ran())
    assert answer(book, "1.8.0")[0] == "yes"


def test_below_the_floor(book: Book) -> None:
    with book.writing() as store:
        store.record(step("004", Phase.CONTRACT, release="1.9.0"), ran(floor="1.8.0"))
    assert answer(book, "1.7.0") == ("no", "the schema of production/main works with 1.8.0 and later releases only")
    assert answer(book, "1.8.0")[0] == "yes"


@pytest.mark.parametrize("status", [StepStatus.FAILED, StepStatus.PENDING, StepStatus.PARTIAL])
def test_above_the_ceiling_its_own_expand_is_not_there(book: Book, status: StepStatus) -> None:
    with book.writing() as store:
        store.record(step("002", release="1.8.0"), ran(status))
    assert answer(book, "1.7.0")[0] == "yes"
    assert answer(book, "1.8.0") == ("no", f"002, which 1.8.0 needs, is {status} on production/main")
    assert answer(book, "1.9.0")[0] == "no"


def test_a_ceiling_that_somebody_has_set(book: Book) -> None:
    with book.writing() as store:
        store.put_compatibility(MAIN, floor=None, ceiling="1.8.0")
    assert [answer(book, release)[0] for release in ("1.7.0", "1.8.0", "1.9.0")] == ["yes", "yes", "no"]


def test_nobody_can_tell(book: Book) -> None:
    assert answer(book, "1.8")[1].startswith("nobody knows the place of 1.8 among the releases; did you mean 1.8.0")
    with book.writing() as store:
        store.describe(step("002", release="1.8.0"))
    assert answer(book, "1.8.0") == (
        "unknown",
        "nobody has said whether 002, which 1.8.0 needs, has run on production/main",
    )
    assert answer(book, "1.7.0")[0] == "yes"


def test_a_contract_without_a_floor_leaves_it_open_and_a_no_wins(book: Book) -> None:
    with book.writing() as store:
        store.record(step("004", Phase.CONTRACT, release="1.9.0"), ran())
    assert answer(book, "1.9.0")[0] == "yes"  # it carries the contract itself
    assert answer(book, "1.8.0")[0] == "unknown"
    with book.writing() as store:
        store.record(step("005", Phase.CONTRACT, release=None), ran())
    assert answer(book, "1.9.0")[0] == "unknown"  # nobody knows which release carries that one
    with book.writing() as store:
        store.put_compatibility(MAIN, floor="1.8.0", doubt="005 took something away")
    assert answer(book, "1.7.0")[0] == "no"
    assert answer(book, "1.8.0") == ("unknown", "005 took something away")


def test_a_floor_that_is_no_known_release(book: Book) -> None:
    with book.writing() as store:
        store.put_compatibility(MAIN, floor="nightly")
    assert answer(book, "1.8.0")[0] == "unknown"
