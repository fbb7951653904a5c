"""Patterns of paths, as build tools have them: `*` within a folder, `**` across folders."""

from __future__ import annotations

import re
from functools import lru_cache

_PIECE = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^]/]*\]|.", re.DOTALL)
_MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matches(pattern: str, path: str) -> bool:
    """Whether a path with forward slashes matches as a whole; a pattern that ends in `/` means all that is below."""
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    whole = pattern + "**" if pattern.endswith("/") else pattern
    return re.compile("".join(map(_translate, _PIECE.findall(whole))), re.DOTALL)


def _translate(piece: str) -> str:
    if piece in _MEANING:
        return _MEANING[piece]
    if not piece.startswith("[") or len(piece) == 1:
        return re.escape(piece)
    inner = piece[1:-1]
    negated = inner.startswith("!")
    letters = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner.removeprefix("!"))
    return f"[{'^/' if negated else ''}{letters}]"
