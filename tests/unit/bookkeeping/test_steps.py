"""Which database is meant, before it is made known and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.bookkeeping.steps import Where, know_target, name_target
from migsafe.config import Config
from migsafe.model.dialect import Dialect
from migsafe.model.state import Target, TargetName
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.names import Names
from tracker_books import Book, book_in


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A tracker that knows production/main."""
    return book_in(tmp_path).furnish()


def named(book: Book, where: Where) -> TargetName:
    with book.tracker.reading() as ledger:
        return name_target(Names(ledger), where)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (Where(environment="production"), TargetName("production", "main")),
        (Where(environment="production", create=True), TargetName("production", "main")),
        (Where(environment="production", target="main"), TargetName("production", "main")),
        (Where(environment="production", target="eu", create=True), TargetName("production", "eu")),
        (Where(environment="staging", create=True), TargetName("staging", "main")),
        (Where(environment="staging", target="eu", create=True), TargetName("staging", "eu")),
    ],
)
def test_a_rehearsal_names_the_database_that_is_made_known(book: Book, where: Where, name: TargetName) -> None:
    assert named(book, where) == name
    with book.writing() as store:
        assert know_target(store, where, Config()) == name
    assert named(book, Where(environment=name.environment, target=name.target)) == name


@pytest.mark.parametrize(
    "where",
    [
        Where(environment="staging"),
        Where(environment="staging", target="main"),
        Where(environment="production", target="eu"),
    ],
)
def test_what_nobody_knows_is_refused_where_it_is_not_to_be_made(book: Book, where: Where) -> None:
    with pytest.raises(UnknownNameError):
        named(book, where)
    with pytest.raises(UnknownNameError), book.writing() as store:
        know_target(store, where, Config())


def test_one_of_several_has_to_be_named(book: Book) -> None:
    with book.writing() as store:
        store.put_target("production", Target(name="eu", dialect=Dialect.POSTGRES))
    with pytest.raises(UnknownNameError, match="2 databases"):
        named(book, Where(environment="production", create=True))
