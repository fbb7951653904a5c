"""Pieces and a reader of statements → a `ReadScript`, for MySQL and SQLite."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from migsafe.model.operation import Operation, Unreadable
from migsafe.model.script import Script, Span
from migsafe.model.statement import ReadScript, Statement
from migsafe.parse.cursor import Stuck
from migsafe.parse.split import Piece, PieceKind, Split

ReadStatement = Callable[[Span], Sequence[Operation]]


def assemble(script: Script, split: Split, read_statement: ReadStatement) -> ReadScript:
    """Read each piece by itself, so that what cannot be read hides nothing beside it.

    Args:
        read_statement: the operations of the statement in a span; it raises `Stuck` where it does not understand.
    """
    statements = [
        Statement(
            piece.span, script.text[slice(*piece.span)], tuple(_operations(piece, read_statement)), piece.comments
        )
        for piece in split.pieces
    ]
    return ReadScript(script, tuple(statements), split.comments)


def _operations(piece: Piece, read_statement: ReadStatement) -> Sequence[Operation]:
    if piece.kind is not PieceKind.STATEMENT:
        return [Unreadable(span=piece.span, reason=piece.problem)]
    try:
        return read_statement(piece.span)
    except Stuck as error:
        return [Unreadable(span=piece.span, reason=error.reason)]
    except RecursionError:
        return [Unreadable(span=piece.span, reason="parentheses are nested too deep")]
