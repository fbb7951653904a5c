"""How far each database is, as one tracker knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.state import Environment, StepStatus, Target, TargetName
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.facts import RunFacts, StepFacts
from migsafe.tracker.reading import read_known, read_target
from migsafe.tracker.whereabouts import StepName, Whereabouts, read_whereabouts
from tracker_books import NOW, Book, book_in

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.tracker.store import Store

NOTE = StepName(Phase.EXPAND, "003_note", "note")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = book_in(tmp_path).furnish()
    with made.writing() as store:
        store.put_target("production", Target(name="acme", dialect=Dialect.POSTGRES, identity="7/acme"))
    return made


def say(
    store: Store, target: str, status: StepStatus, step: StepFacts | None = None, environment: str = "production"
) -> None:
    facts = step or StepFacts(migration=NOTE.label, change=NOTE.change, phase=NOTE.phase)
    store.record(facts, RunFacts(where=TargetName(environment, target), status=status, at=NOW))


def read(book: Book, environment: str | None = "production") -> Whereabouts:
    with book.tracker.reading() as ledger:
        return read_whereabouts(ledger, environment)


def test_the_last_word_on_each_database_counts(book: Book) -> None:
    with book.writing() as store:
        say(store, "main", StepStatus.FAILED)
        say(store, "acme", StepStatus.DONE)
    with book.writing() as store:
        say(store, "main", StepStatus.DONE)
        say(store, "acme", StepStatus.REVERTED)
    assert read(book).runs == {"main": {NOTE: StepStatus.DONE}, "acme": {NOTE: StepStatus.REVERTED}}


def test_halves_of_a_contract_are_two(book: Book) -> None:
    half = StepFacts(migration="006_drop", change="note", phase=Phase.CONTRACT, part=Part.QUARANTINE)
    with book.writing() as store:
        say(store, "main", StepStatus.QUARANTINED, half)
    named = StepName(Phase.CONTRACT, "006_drop", "note", Part.QUARANTINE)
    assert read(book).runs == {"main": {named: StepStatus.QUARANTINED}}


def test_another_environment_says_nothing_here(book: Book) -> None:
    with book.writing() as store:
        store.put_environment(Environment(name="staging", protected=False))
        store.put_target("staging", Target(name="main", dialect=Dialect.POSTGRES))
        say(store, "main", StepStatus.DONE, environment="staging")
    assert read(book).runs == {}
    assert read(book, "nowhere").runs == {}
    with pytest.raises(UnknownNameError, match="knows 2 environments: production, staging"):
        read(book, None)


def test_the_only_environment_is_meant(book: Book, tmp_path: Path) -> None:
    with book.writing() as store:
        say(store, "main", StepStatus.DONE)
    assert read(book, None) == read(book)
    empty = Book(f"sqlite:{tmp_path / 'empty.db'}")
    assert read(empty, None) == Whereabouts(None, {})


def test_one_database_is_read_as_all_of_them_are(book: Book) -> None:
    with book.writing() as store:
        store.put_compatibility(TargetName("production", "acme"), floor="1.8.0")
    with book.tracker.reading() as ledger:
        known = read_known(ledger, NOW).state
        for name in ("main", "acme"):
            where = TargetName("production", name)
            assert read_target(ledger, where) == known.target(where)
        assert read_target(ledger, TargetName("production", "nowhere")) is None
