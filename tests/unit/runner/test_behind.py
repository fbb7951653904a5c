"""Whether a step that was begun has happened, though nobody has said so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.runner import behind
from migsafe.runner.behind import is_behind_us
from migsafe.runner.pieces import Piece, pieces_of
from migsafe.runner.probe_answers import Answer, Probe
from migsafe.tracker.journal import PieceEntry, PieceStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.postgres.connection import Session

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TEXT = "DROP INDEX CONCURRENTLY i; ALTER TABLE a DROP COLUMN b"
SCRIPT = Script(Direction.UP, TEXT, SourceText("a.sql", TEXT), TransactionRule.NONE, Dialect.POSTGRES)
INDEX, COLUMN = pieces_of(read_script(SCRIPT))
DONE = PieceStatus.DONE


class Server:
    """A session on a server that remembers one transaction."""

    def __init__(self, status: str | None = None) -> None:
        self._status = status
        self.in_transaction = False

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        assert "pg_xact_status" in sql
        assert tuple(parameters) == ("731",)
        self.in_transaction = True
        return [(self._status,)]

    def rollback(self) -> None:
        self.in_transaction = False


def entry(of: Piece, status: PieceStatus, xid: str | None = None) -> PieceEntry:
    return PieceEntry(n=of.n, sha=of.sha, status=status, began_at=NOW, xid=xid)


def ask(*entries: PieceEntry, status: str | None = None) -> bool:
    server = Server(status)
    answer = is_behind_us(cast("Session", server), (INDEX, COLUMN), {one.n: one for one in entries})
    assert not server.in_transaction
    return answer


def test_every_piece_must_have_happened() -> None:
    assert ask(entry(INDEX, DONE), entry(COLUMN, DONE))
    assert not ask(entry(INDEX, DONE))
    assert not ask()
    assert not is_behind_us(cast("Session", Server()), (), {}), "a step without pieces has nothing to show"


@pytest.mark.parametrize(
    ("status", "is_behind"), [("committed", True), ("aborted", False), ("in progress", False), (None, False)]
)
def test_the_server_knows_a_transaction(status: str | None, is_behind: bool) -> None:
    running = entry(COLUMN, PieceStatus.RUNNING, "731")
    assert ask(entry(INDEX, DONE), running, status=status) is is_behind


def test_a_transaction_whose_id_was_never_noted_was_never_committed() -> None:
    assert not ask(entry(INDEX, DONE), entry(COLUMN, PieceStatus.RUNNING))


@pytest.mark.parametrize("answer", list(Answer))
def test_the_catalogue_knows_what_stood_alone(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind, "probe_statement", lambda session, statement: Probe(answer, "as it is"))
    assert ask(entry(INDEX, PieceStatus.RUNNING), entry(COLUMN, DONE)) is (answer is Answer.DONE)


def test_another_text_has_not_happened() -> None:
    assert not ask(entry(INDEX, DONE), PieceEntry(n=2, sha=INDEX.sha, status=DONE, began_at=NOW))
