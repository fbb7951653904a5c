"""Whether a step that was begun has come to its end without anybody having said so; asked, and nothing is written.

A process that is killed between the commit of a step's last piece and the record of it leaves a step that says it runs.
What is left of such a step is its record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.runner.probes import Answer, probe_statement
from migsafe.runner.resuming import Outlook, outlook_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migsafe.postgres.connection import Session
    from migsafe.runner.pieces import Piece
    from migsafe.tracker.journal import PieceEntry

COMMITTED = "committed"


def transaction_status(session: Session, xid: str) -> str | None:
    """What became of a transaction: "committed", "aborted" or "in progress"; None where the server has forgotten it.

    PostgreSQL 18 manual, "Transaction ID and Snapshot Information Functions".

    Args:
        session: on the database of that transaction, in no transaction.

    Raises:
        StatementFailedError: when the server cannot tell.
    """
    answer: str | None = session.query("select pg_xact_status(%s::text::xid8)", (xid,))[0][0]
    session.rollback()
    return answer


def is_behind_us(session: Session, pieces: Sequence[Piece], entries: Mapping[int, PieceEntry]) -> bool:
    """Whether every piece of a step has happened.

    Args:
        session: on the database, in no transaction.
        entries: what the journal has of the pieces, by their place.

    Raises:
        StatementFailedError: when the server cannot tell.
    """
    return bool(pieces) and all(_has_happened(session, piece, entries.get(piece.n)) for piece in pieces)


def _has_happened(session: Session, piece: Piece, entry: PieceEntry | None) -> bool:
    match outlook_of(piece, entry):
        case Outlook.DONE:
            return True
        case Outlook.ASK_TRANSACTION:
            assert entry is not None, "it has an id"
            return transaction_status(session, entry.xid or "") == COMMITTED
        case Outlook.PROBE:
            try:
                return probe_statement(session, piece.statements[0]).answer is Answer.DONE
            finally:
                session.rollback()
        case _:
            return False
