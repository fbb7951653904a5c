"""Many writers of one process into one file."""

from __future__ import annotations

import sqlite3
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from migsafe.model.state import Environment
from migsafe.tracker.errors import TrackerBusyError
from migsafe.tracker.queueing import queued
from tracker_books import ME, book_in

if TYPE_CHECKING:
    from pathlib import Path


def in_another_thread(file: Path) -> str:
    """What a writer of another thread comes to, with hardly any patience."""
    came: list[str] = []

    def write() -> None:
        try:
            with queued(file, patience=0.01):
                came.append("its turn")
        except TrackerBusyError as error:
            came.append(error.message)

    thread = Thread(target=write)
    thread.start()
    thread.join()
    return came[0]


def test_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "tracker.db"
    with queued(file):
        assert "is being written by this very process" in in_another_thread(file)
        assert "is being written by this very process" in in_another_thread(tmp_path / "." / "tracker.db")
        assert in_another_thread(tmp_path / "others.db") == "its turn"
    assert in_another_thread(file) == "its turn"


def test_it_is_given_back_on_the_way_of_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), queued(tmp_path / "t.db"):
        raise ZeroDivisionError
    assert in_another_thread(tmp_path / "t.db") == "its turn"


def test_nobody_waits_for_oneself(tmp_path: Path) -> None:
    file = tmp_path / "t.db"
    with queued(file):
        with queued(file, patience=0):
            pass
        assert "this very process" in in_another_thread(file), "the outer one has it still"


def test_writers_wait_without_asking_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no patience of SQLite's at all, none of many is refused."""
    monkeypatch.setattr("migsafe.tracker.engines.PATIENCE", 0)
    book, start = book_in(tmp_path), Barrier(8)
    refused: list[Exception] = []

    def write(place: int) -> None:
        start.wait()
        for number in range(5):
            try:
                with book.tracker.writing(ME) as store:
                    store.put_environment(Environment(name=f"e{place}-{number}", protected=True))
            except TrackerBusyError as error:
                refused.append(error)

    threads = [Thread(target=write, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    with sqlite3.connect(book.address.file or "") as connection:
        assert connection.execute("select count(*) from migsafe_environment").fetchone() == (40,)
    connection.close()
