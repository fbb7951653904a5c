"""The reader of Postgres scripts, versions 14 to 18."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.statement import ReadScript, Statement
from migsafe.parse.postgres.long_names import long_names
from migsafe.parse.postgres.statements import read_piece
from migsafe.parse.split import split

if TYPE_CHECKING:
    from migsafe.model.script import Script


def read(script: Script) -> ReadScript:
    """Read a Postgres script. Never raises: a statement that is not understood becomes an `Unreadable` operation."""
    found = split(script.text, script.placeholders)
    templates = sorted((*script.placeholders, *found.templates))
    statements = tuple(
        Statement(
            span=piece.span,
            text=script.text[slice(*piece.span)],
            operations=read_piece(script.text, piece, templates),
            comments=piece.comments,
            truncated=long_names(script.text, piece.span, templates),
        )
        for piece in found.pieces
    )
    return ReadScript(script, statements, found.comments)
