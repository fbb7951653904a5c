"""The text of somebody's query, fit for a log: what it does is shown, what it holds is not."""

from __future__ import annotations

import re

from migsafe.postgres.redact import redact

_LONGEST = 200
_HIDDEN = "'…'"

#: Comments and quoted names are found too, so that an apostrophe in one of them begins no text. The server cuts a query
#: at `track_activity_query_size`: what does not end is a text until the end.
_PIECES = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<name> "(?:[^"]|"")*(?:"|\Z) )
  | (?P<escaped> \b[eE]'(?:[^'\\]|''|\\.)*(?:'|\\?\Z) )
  | (?P<text> '(?:[^']|'')*(?:'|\Z) )
  | (?P<dollar> (?<![\w$]) \$(?P<tag>(?:[^\W\d]\w*)?)\$ .*? (?:\$(?P=tag)\$|\Z) )
    """,
    re.VERBOSE | re.DOTALL,
)


def spell_query(query: str) -> str:
    """On one line, without comments, with `'…'` for every text, cut where it is long."""
    plain = " ".join(redact(_PIECES.sub(_piece, query)).split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def _piece(match: re.Match[str]) -> str:
    if match["comment"] is not None:
        return " "
    return match[0] if match["name"] is not None else _HIDDEN
