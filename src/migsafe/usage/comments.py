"""Comments of the languages that a project is written in, written over with blanks, so that all places stay."""

from __future__ import annotations

import re

#: A string of any of the languages: it may hold what looks like a comment.
STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""'
    r"|'''(?:[^\\]|\\.)*?'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r"|`(?:[^`\\]|\\.)*`",
    re.DOTALL,
)
_COMMENTS = {
    "c": r"//[^\n]*|/\*.*?\*/",
    "hash": r"(?:(?<=\s)|^)\#[^\n{][^\n]*",
    "sql": r"--[^\n]*|/\*.*?\*/",
    "markup": r"<!--.*?-->|\{\#.*?\#\}|\{\{!--.*?--\}\}|\{/\*.*?\*/\}",
}
_SUFFIXES = {
    ".html": "markup", ".htm": "markup", ".xml": "markup", ".jinja": "markup", ".j2": "markup", ".hbs": "markup",
    ".mustache": "markup", ".liquid": "markup", ".twig": "markup", ".sql": "sql", ".json": "none", ".txt": "none",
}  # fmt: skip
#: Languages whose apostrophes are quotes; in texts for people they are apostrophes.
_QUOTING = frozenset({"c", "sql"})


def style_of(suffix: str, programs: dict[str, str]) -> str:
    """How comments are written in files with a suffix: "c", "hash", "sql", "markup" or "none"."""
    return programs.get(suffix) or _SUFFIXES.get(suffix, "hash")


def blanked(text: str, style: str) -> str:
    """The text with its comments blank."""
    if style not in _COMMENTS:
        return text
    return _pattern(style).sub(lambda found: _blank(found.group()) if found["comment"] else found.group(), text)


def _pattern(style: str) -> re.Pattern[str]:
    if style not in _PATTERNS:
        comment = f"(?P<comment>{_COMMENTS[style]})"
        strings = f"|{STRING.pattern}" if style in _QUOTING else ""
        _PATTERNS[style] = re.compile(comment + strings, re.DOTALL | re.MULTILINE)
    return _PATTERNS[style]


_PATTERNS: dict[str, re.Pattern[str]] = {}


def _blank(comment: str) -> str:
    return re.sub(r"[^\n]", " ", comment)
