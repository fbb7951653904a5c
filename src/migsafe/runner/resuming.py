"""What the journal says of a piece that was begun before; pure."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from migsafe.tracker.journal import PieceStatus

if TYPE_CHECKING:
    from migsafe.runner.pieces import Piece
    from migsafe.tracker.journal import PieceEntry


class Outlook(Enum):
    """What is to be done about a piece."""

    RUN = auto()
    """It has left nothing behind: it runs, or runs again."""
    DONE = auto()
    """It is behind us."""
    ASK_TRANSACTION = auto()
    """It was about to be committed: the server knows what became of the transaction."""
    PROBE = auto()
    """No transaction held it: only the catalogue tells how far it came."""
    EDITED = auto()
    """It is not the piece that was begun."""


def outlook_of(piece: Piece, entry: PieceEntry | None) -> Outlook:
    """What is to be done about a piece.

    Args:
        entry: what the journal has of it; None where it was never begun.
    """
    if entry is None:
        return Outlook.RUN
    if entry.sha != piece.sha:
        return Outlook.EDITED
    if entry.status in {PieceStatus.DONE, PieceStatus.SKIPPED}:
        return Outlook.DONE
    if piece.alone:
        return Outlook.PROBE  # also after a failure: what was cut off may have left something
    if entry.status is PieceStatus.RUNNING and entry.xid is not None:
        return Outlook.ASK_TRANSACTION
    return Outlook.RUN
