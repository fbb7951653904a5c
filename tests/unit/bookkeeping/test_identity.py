"""A database that is seen first is known by its identity ever after."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.bookkeeping.identity import known_as_another
from migsafe.model.state import TargetName
from migsafe.tracker.reading import read_target
from tracker_books import MAIN, Book, book_in


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A tracker that knows production/main, and nobody has looked which database that is."""
    return book_in(tmp_path).furnish()


def identity_of_main(book: Book) -> str | None:
    with book.tracker.reading() as ledger:
        known = read_target(ledger, MAIN)
    assert known is not None
    return known.identity


def test_what_is_seen_first_is_written_down_where_there_is_a_store(book: Book) -> None:
    with book.tracker.reading() as ledger:
        assert known_as_another(ledger, MAIN, "7/shop") is None
    assert identity_of_main(book) is None
    with book.writing() as store:
        assert known_as_another(store.ledger, MAIN, "7/shop", store) is None
    assert identity_of_main(book) == "7/shop"


@pytest.mark.parametrize(
    ("identity", "other"), [("7/shop", None), ("?/shop", None), (None, None), ("8/shop", "7/shop"), ("7/eu", "7/shop")]
)
def test_another_database_is_told_by_its_identity(book: Book, identity: str | None, other: str | None) -> None:
    with book.writing() as store:
        known_as_another(store.ledger, MAIN, "7/shop", store)
        assert known_as_another(store.ledger, MAIN, identity, store) == other
    assert identity_of_main(book) == "7/shop", "the first one stands"


def test_a_name_that_is_not_known_is_no_other_database(book: Book) -> None:
    with book.writing() as store:
        assert known_as_another(store.ledger, TargetName("production", "eu"), "7/shop", store) is None
