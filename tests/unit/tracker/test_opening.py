"""One line for each reason why a tracker is refused, and nothing written."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from migsafe.errors import ExitCode, MigsafeError
from migsafe.tracker import engines, upgrade, versions
from migsafe.tracker.address import read_address
from migsafe.tracker.errors import TrackerAwayError, TrackerBusyError, TrackerRefusedError
from migsafe.tracker.identity import same_database
from migsafe.tracker.opening import NoTrackerError, Tracker
from migsafe.tracker.upgrade import rebind_tracker, upgrade_tracker
from migsafe.tracker.versions import VERSION
from tracker_books import ME, NOW, Book, book_in


def alter(book: Book, sql: str) -> None:
    assert book.address.file is not None
    with closing(sqlite3.connect(book.address.file)) as connection, connection:
        connection.execute(sql)


def refusal(book: Book) -> MigsafeError:
    with pytest.raises(MigsafeError) as refused, book.tracker.writing(ME):
        pytest.fail("it was opened")
    assert "\n" not in f"{refused.value.message}{refused.value.hint}"
    return refused.value


def test_it_is_made_once(tmp_path: Path) -> None:
    address = read_address(f"sqlite:{tmp_path}/deep/down/tracker.db")
    assert upgrade_tracker(address, ME).before == 0
    again = upgrade_tracker(address, ME)
    assert (again.before, again.after) == (VERSION, VERSION)
    with Tracker(address).reading() as ledger:
        assert [event.kind for event in ledger.events()] == ["upgrade"]
        assert len(ledger.meta()["installation"]) == 36


def test_none_is_made_by_reading(tmp_path: Path) -> None:
    tracker = Tracker(read_address(f"sqlite:{tmp_path}/tracker.db"))
    with pytest.raises(NoTrackerError, match="there is no tracker at") as refused, tracker.reading():
        pass
    assert "migsafe tracker upgrade --tracker sqlite:" in str(refused.value.hint)
    assert list(tmp_path.iterdir()) == []


def test_one_that_was_open_and_is_not_there_any_more_is_away(tmp_path: Path) -> None:
    """Whoever is told to make a new one in the middle of a run loses what the old one knows."""
    address = read_address(f"sqlite:{tmp_path}/tracker.db")
    with (
        pytest.raises(TrackerAwayError, match="was there when this began") as away,
        Tracker(address, seen=True).reading(),
    ):
        pass
    assert away.value.exit_code is ExitCode.ENVIRONMENT
    assert "upgrade" not in str(away.value.hint)
    (tmp_path / "tracker.db").touch()  # a file, and no tracker in it
    with pytest.raises(TrackerAwayError), Tracker(address, seen=True).reading():
        pass


def test_a_newer_and_an_older_one(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    alter(book, f"update migsafe_meta set v = '{VERSION + 1}' where k = 'version'")
    assert "is of a newer migsafe" in refusal(book).message
    with pytest.raises(TrackerRefusedError, match="newer"):
        upgrade_tracker(book.address, ME)
    alter(book, "update migsafe_meta set v = '1' where k = 'version'")
    error = refusal(book)
    assert "is of an older migsafe" in error.message
    assert error.hint == "migsafe tracker upgrade"
    assert error.exit_code == ExitCode.REFUSED


def test_an_old_one_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = read_address(f"sqlite:{tmp_path}/tracker.db")
    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "VERSION", 1)
        patch.setattr(upgrade, "upgrades", lambda dialect: versions.upgrades(dialect)[:1])
        upgrade_tracker(address, ME, clock=lambda: NOW)
    with pytest.raises(TrackerRefusedError, match="older migsafe: its version is 1"), Tracker(address).reading():
        pass
    assert upgrade_tracker(address, ME, clock=lambda: NOW).before == 1
    with Tracker(address).reading() as ledger:
        assert [event.kind for event in ledger.events()] == ["upgrade", "upgrade"]


def test_the_environment_that_it_is_of(tmp_path: Path) -> None:
    book = Book(f"sqlite:{tmp_path}/tracker.db", environment="production")
    with Tracker(book.address, "production").reading():
        pass
    with pytest.raises(TrackerRefusedError, match="is that of production, and this is about staging"):  # noqa: SIM117
        with Tracker(book.address, "staging").reading():
            pass
    with pytest.raises(TrackerRefusedError, match="that of production, not of staging"):
        upgrade_tracker(book.address, ME, environment="staging")
    rebind_tracker(book.address, ME, reason="restored", environment="staging")
    with Tracker(book.address, "staging").reading() as ledger:
        assert list(ledger.events())[-1].facts["reason"] == "restored"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("7/shop", "7/shop", True),
        ("7/shop", "8/shop", False),
        ("7/shop", "7/shop2", False),
        ("?/shop", "7/shop", True),
        ("?/shop", "7/orders", False),
    ],
)
def test_what_a_role_may_not_ask_for_is_no_difference(one: str, other: str, *, same: bool) -> None:
    assert same_database(one, other) is same_database(other, one) is same


def test_what_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "tracker.db"
    file.write_text("a poem, and a long one, which is no database at all" * 40)
    with pytest.raises(TrackerAwayError, match="file is not a database"), Tracker(read_address(str(file))).reading():
        pass


def test_a_database_without_a_tracker(tmp_path: Path) -> None:
    file = tmp_path / "app.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table users (id integer)")
    with pytest.raises(NoTrackerError), Tracker(read_address(str(file))).reading():
        pass


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    book = book_in(tmp_path).furnish()
    with pytest.raises(TrackerRefusedError, match="may not be written"), book.tracker.reading() as ledger:
        ledger.connection.exec_driver_sql("delete from migsafe_meta")


def test_two_writers_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = book_in(tmp_path).furnish()
    monkeypatch.setattr(engines, "PATIENCE", 100)
    with book.writing() as store:
        store.add_release("2.0.0")
        with pytest.raises(TrackerBusyError, match="is being written by somebody else"), book.writing():
            pass
    assert book.known().state.releases[-1].name == "2.0.0"


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    book = book_in(tmp_path).furnish()
    before, failed = len(book.kinds()), []

    def write(name: str) -> None:
        try:
            with book.writing() as store:
                store.add_release(name)
        except MigsafeError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(f"2.{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(book.kinds()) == before + 6
    with book.tracker.reading() as ledger:
        assert sorted(event.seq for event in ledger.events()) == list(range(1, before + 7))
    assert len({one.name for one in book.known().state.releases}) == 9


def test_whoever_is_in_a_hurry_is_refused_sooner_and_told_after_how_long(tmp_path: Path) -> None:
    book = book_in(tmp_path).furnish()
    with (
        book.writing(),
        pytest.raises(TrackerBusyError, match=r"for more than 0\.1 s"),
        book.tracker.writing(ME, patience=100),
    ):
        pass
