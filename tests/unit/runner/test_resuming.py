"""What is to be done about a piece, by what the journal has of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.runner.pieces import Piece, pieces_of
from migsafe.runner.resuming import Outlook, outlook_of
from migsafe.tracker.journal import PieceEntry, PieceStatus

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def piece(text: str) -> Piece:
    script = Script(Direction.UP, text, SourceText("a.sql", text), TransactionRule.NONE, Dialect.POSTGRES)
    return pieces_of(read_script(script))[0]


TABLE = piece("CREATE TABLE a (id int)")
INDEX = piece("CREATE INDEX CONCURRENTLY i ON a (id)")


def entry(of: Piece, status: PieceStatus, xid: str | None = None) -> PieceEntry:
    return PieceEntry(n=of.n, sha=of.sha, status=status, began_at=NOW, xid=xid)


@pytest.mark.parametrize(
    ("of", "status", "xid", "expected"),
    [
        (TABLE, PieceStatus.DONE, None, Outlook.DONE),
        (TABLE, PieceStatus.SKIPPED, None, Outlook.DONE),
        (TABLE, PieceStatus.RUNNING, None, Outlook.RUN),
        (TABLE, PieceStatus.RUNNING, "731", Outlook.ASK_TRANSACTION),
        (TABLE, PieceStatus.FAILED, None, Outlook.RUN),
        (TABLE, PieceStatus.FAILED, "731", Outlook.RUN),
        (INDEX, PieceStatus.DONE, None, Outlook.DONE),
        (INDEX, PieceStatus.RUNNING, None, Outlook.PROBE),
        (INDEX, PieceStatus.FAILED, None, Outlook.PROBE),
    ],
)
def test_outlook(of: Piece, status: PieceStatus, xid: str | None, expected: Outlook) -> None:
    assert outlook_of(of, entry(of, status, xid)) is expected


def test_what_was_never_begun_runs() -> None:
    assert outlook_of(TABLE, None) is Outlook.RUN
    assert outlook_of(INDEX, None) is Outlook.RUN


@pytest.mark.parametrize("status", list(PieceStatus))
def test_another_text_is_never_taken_for_the_one_that_was_begun(status: PieceStatus) -> None:
    assert outlook_of(TABLE, entry(INDEX, status)) is Outlook.EDITED
