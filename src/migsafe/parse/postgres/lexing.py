"""A cursor on a part of a Postgres script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.parse.cursor import Cursor
from migsafe.parse.lexer import lexer_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.model.script import Span


def cursor_on(text: str, span: Span, templates: Sequence[Span] = ()) -> Cursor:
    """Cut `span` of the script into tokens.

    Raises:
        Stuck: when that is not possible.
    """
    return Cursor(text, lexer_for(Dialect.POSTGRES).tokens(text, span, templates))
