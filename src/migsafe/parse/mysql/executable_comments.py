"""MySQL's executable comments: `/*!50003 … */` and MariaDB's `/*M! … */` hold SQL that the server runs.

MySQL 8.4 manual, 11.7 "Comments"; MariaDB documentation, "Comment Syntax". A dump puts whole triggers into them, so a
reader that takes them for comments misses statements without a sign.
"""

from __future__ import annotations

import re

#: No server has such a version: mysqldump of MariaDB writes `/*!999999\- enable the sandbox mode */` to be skipped.
_NEVER = 99_999

_TOKEN = re.compile(
    r"""
      (?P<quoted> '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`]|``)*` )
    | (?P<line> (?:\#|--(?=[\s\x00-\x1f]|\Z))[^\n]* )
    | (?P<open> /\*M?!(?P<version>\d{5,6}(?!\d))? )
    | (?P<comment> /\*.*?\*/ )
    | (?P<close> \*/ )
    """,
    re.VERBOSE | re.DOTALL,
)


def unwrap_executable_comments(text: str) -> str:
    """Blank the signs around executable comments, so that their SQL stands bare at the offsets where it stood.

    Returns:
        A text of the same length. An executable comment that nobody closes is left as it is, which makes it an
        unterminated comment for the lexer.
    """
    if "/*!" not in text and "/*M!" not in text:
        return text
    characters = list(text)
    opened: tuple[int, int] | None = None
    offset = 0
    while (match := _TOKEN.search(text, offset)) is not None:
        offset = match.end()
        if match.lastgroup == "close" and opened is not None:
            _blank(characters, *opened)
            _blank(characters, *match.span())
            opened = None
        elif match["open"] is not None:
            if opened is None and not _is_never_run(match["version"]):
                opened = match.span()
            else:
                offset = _end_of_comment(text, match.end())
    return "".join(characters)


def _is_never_run(version: str | None) -> bool:
    return version is not None and int(version) % 1_000_000 in (_NEVER, 999_999)


def _end_of_comment(text: str, offset: int) -> int:
    end = text.find("*/", offset)
    return len(text) if end < 0 else end + 2


def _blank(characters: list[str], start: int, end: int) -> None:
    characters[start:end] = " " * (end - start)
