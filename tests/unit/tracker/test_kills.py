"""A process that dies after any write leaves a tracker that is as it was before, or as it is afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from migsafe.tracker.address import read_address
from migsafe.tracker.events import prove
from migsafe.tracker.reading import read_known
from migsafe.tracker.upgrade import upgrade_tracker
from tracker_books import ME, NOW, Book, book_in, copy_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are made by fork")

#: For each file of its arguments: a process that writes into it, and dies behind its first, second, third … write.
_WRITERS = """
import json, os, sys
import sqlalchemy as sa
from migsafe.model.phase import Phase
from migsafe.model.state import RolloutStatus
from tracker_books import Book, ran, step

count = dies_after = 0

@sa.event.listens_for(sa.Engine, "after_cursor_execute")
def die(connection, cursor, statement, *_):
    global count
    if statement.split()[0].upper() in {"INSERT", "UPDATE", "DELETE", "CREATE"}:
        count += 1
        if count == dies_after:
            os._exit(9)

def write(file):
    book = Book(f"sqlite:{file}")
    with book.writing() as store:
        store.mark("production", "1.8.0", RolloutStatus.DEPLOYED)
        store.record(step("004", Phase.CONTRACT), ran())

codes = []
for dies_after, file in enumerate(sys.argv[1:], start=1):
    if (child := os.fork()) == 0:
        write(file)
        os._exit(0)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(codes))
"""


def die_in_each(files: list[Path]) -> list[int]:
    """How each of the writers came to its end: 9 for a violent one."""
    path = Path(__file__).parents[2]
    command = [sys.executable, "-c", _WRITERS, *map(str, files)]
    done = subprocess.run(command, cwd=path, env={"PYTHONPATH": str(path)}, check=True, capture_output=True, text=True)
    codes: list[int] = json.loads(done.stdout)
    return codes


def test_after_each_write(tmp_path: Path) -> None:
    whole = book_in(tmp_path).furnish()
    before = whole.known()
    books = [copy_of(whole, tmp_path / f"{number}.db") for number in range(1, 11)]
    codes = die_in_each([book.address.file for book in books if book.address.file])
    deaths = codes.count(9)
    assert deaths >= 7, "a writer that writes so little proves nothing"
    assert codes == [9] * deaths + [0] * (len(books) - deaths)
    for book in books[:deaths]:
        assert book.known() == before
        with book.tracker.reading() as ledger:
            prove(ledger.events())
    after = books[-1].known().state
    assert [len(part) for part in (after.steps, after.changes, after.environments[0].rollouts)] == [1, 1, 1]
    assert books[-1].kinds()[-6:] == ["rollout", "step", "change", "run", "compat", "change"]


def test_while_it_is_made(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.db" for number in range(1, 16)]
    assert set(die_in_each(files)) == {9}
    for file in (files[0], files[4], files[-1]):
        address = read_address(f"sqlite:{file}")
        assert upgrade_tracker(address, ME, clock=lambda: NOW).before == 0
        with Book(f"sqlite:{file}").tracker.reading() as ledger:
            assert prove(ledger.events()).events == 1
            assert read_known(ledger, NOW).state.environments == ()
