"""A floor and a ceiling that a person says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.bookkeeping.asked import Bound
from migsafe.bookkeeping.bounds import Bounded, say_bound
from migsafe.bookkeeping.overview import guard_release
from migsafe.config import Config
from migsafe.errors import UsageError
from migsafe.model.phase import Phase
from migsafe.model.state import Target
from migsafe.tracker.errors import TrackerRefusedError, UnknownNameError
from migsafe.tracker.reading import Compatibility
from tracker_books import MAIN, ME, Book, book_in, ran, step

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return book_in(tmp_path).furnish()


def config(book: Book) -> Config:
    return Config(tracker=f"sqlite:{book.address.file}")


def say(book: Book, side: str, release: str | None, **more: str) -> Bounded:
    bound = Bound(**{"side": side, "release": release, "environment": "production", "reason": "by hand", **more})
    return say_bound(bound, ME, config(book))


def test_what_is_said_is_what_guard_goes_by(book: Book) -> None:
    done = say(book, "floor", "1.8.0")
    assert (done.changed, done.where) == (True, MAIN)
    assert (done.before, done.after) == (Compatibility(), Compatibility(floor="1.8.0"))
    say(book, "ceiling", "1.8.0")
    answers = {release: guard_release(release, config(book)).answer for release in ("1.7.0", "1.8.0", "1.9.0")}
    assert answers == {"1.7.0": "no", "1.8.0": "yes", "1.9.0": "no"}
    assert guard_release("1.8.0", config(book)).why.endswith("works from 1.8.0 to 1.8.0")
    say(book, "floor", None)
    assert guard_release("1.7.0", config(book)).why.endswith("works up to 1.8.0")


def test_the_same_again_writes_nothing(book: Book) -> None:
    say(book, "floor", "1.8.0")
    events = len(book.kinds())
    assert not say(book, "floor", "1.8.0").changed
    assert len(book.kinds()) == events


def test_a_floor_ends_the_doubt_and_a_ceiling_does_not(book: Book) -> None:
    with book.writing() as store:
        store.record(step("004", Phase.CONTRACT), ran())
    assert say(book, "ceiling", "1.9.0").after.doubt is not None
    done = say(book, "floor", "1.8.0")
    assert done.before.doubt is not None
    assert done.after == Compatibility("1.8.0", "1.9.0")


def test_why_and_by_whom_is_in_the_history(book: Book) -> None:
    say(book, "floor", "1.8.0", reason="004 ran by hand")
    with book.tracker.reading() as ledger:
        last = list(ledger.events())[-1]
    assert (last.kind, last.actor, last.facts["reason"]) == ("compat", "mira", "004 ran by hand")


@pytest.mark.parametrize(
    ("side", "release", "more", "error", "words"),
    [
        ("floor", "1.8.1", {}, UnknownNameError, 'no release "1.8.1" is known'),
        ("floor", "1.8.0", {"environment": "produktion"}, UnknownNameError, "no environment"),
        ("ceiling", "1.8.0", {"target": "other"}, UnknownNameError, "no database of production"),
        ("floor", "1.8.0", {"reason": " "}, UsageError, "a floor is said for a reason"),
        ("ceiling", "1.7.0", {}, TrackerRefusedError, "no release would work on production/main"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    book: Book, side: str, release: str, more: dict[str, str], error: type[Exception], words: str
) -> None:
    say(book, "floor", "1.8.0")
    events = len(book.kinds())
    with pytest.raises(error, match=words):
        say(book, side, release, **more)
    assert len(book.kinds()) == events


def test_of_several_databases_one_is_named(book: Book) -> None:
    from migsafe.model.dialect import Dialect

    with book.writing() as store:
        store.put_target("production", Target(name="eu", dialect=Dialect.POSTGRES))
    with pytest.raises(UnknownNameError, match="production has 2 databases"):
        say(book, "floor", "1.8.0")
    assert str(say(book, "floor", "1.8.0", target="eu").where) == "production/eu"
    assert guard_release("1.7.0", config(book), target="main").answer == "yes"
