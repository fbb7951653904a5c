"""Names that Postgres cuts: operations hold what is left of them, so that the whole names must be kept apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.names import POSTGRES_NAME_BYTES
from migsafe.parse.cursor import QUOTED, WORD, Stuck
from migsafe.parse.lexer import lexer_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.model.script import Span

_PERHAPS_A_NAME = re.compile(r'"(?:[^"]|"")+"|[^\W\d][\w$]{15,}')


def long_names(text: str, span: Span, templates: Sequence[Span] = ()) -> tuple[str, ...]:
    """The names in a part of a script that are longer than 63 bytes, folded but whole, each once.

    Strings and comments hold no names; whether a word is a name at all or a keyword does not matter: no keyword is so
    long. The text is cut into tokens only where something in it looks like one.
    """
    if not any(_is_long(match[0]) for match in _PERHAPS_A_NAME.finditer(text, span.start, span.end)):
        return ()
    try:
        tokens = lexer_for(Dialect.POSTGRES).tokens(text, span, templates)
    except Stuck:
        return ()
    names = (
        token.text.lower() if token.kind == WORD else token.text for token in tokens if token.kind in (WORD, QUOTED)
    )
    return tuple(dict.fromkeys(name for name in names if _is_long(name)))


def _is_long(name: str) -> bool:
    return len(name.encode()) > POSTGRES_NAME_BYTES
