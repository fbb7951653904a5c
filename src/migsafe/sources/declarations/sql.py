"""Declarations of SQL migrations: comments before the first statement of the way up.

    -- migsafe: phase=contract change=users-full-name release=2026.11

What a tool writes at a file's head may stand before it: its marks (they are comments), `BEGIN;`, psql's `\\set`.
Where a migration has two files, the one of the way up is asked; one that says something in the wrong place is told so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.declaration import SILENT, Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.script import Position
from migsafe.sources.declarations.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.script import Script

_MARK = "migsafe:"
#: What may stand before a declaration and is no comment.
_PASSED = re.compile(r"\s+|;|(?i:BEGIN|START\s+TRANSACTION)(?:\s+(?i:TRANSACTION|WORK))?\s*;|\\[^\n]*")
_LINE = re.compile(r"--(?P<text>[^\r\n]*)")
_LINE_OF_MYSQL = re.compile(r"(?:--(?=\s|\Z)|\#)(?P<text>[^\r\n]*)")
_EDGE = re.compile(r"/\*|\*/")
#: A comment line that would be a declaration if it stood at the head.
_MISPLACED = re.compile(
    r"^[ \t]*(?:--|\#|/\*)[ \t]*migsafe:[ \t]*(?:phase|change|of|release|part)[ \t]*=", re.MULTILINE
)


def declared_in_scripts(up: Script | None, down: Script | None) -> Declaration:
    """What the scripts of one migration declare."""
    first = up or down
    if first is None:
        return SILENT
    declared = _declared(first)
    if up is not None and declared is SILENT and down is not None and _declared(down) is not SILENT:
        return Declaration(place=Position(1, 1), problem="stands in the way down: only that of the way up counts")
    return declared


def _declared(script: Script) -> Declaration:
    if _MARK not in script.text:
        return SILENT
    words, end = Words(), 0
    for text, start, end in _head(script.text, script.dialect):  # noqa: B007  # where the head ends is used below
        words.comment(text, script.position(start))
    declaration = words.declaration()
    misplaced = _MISPLACED.search(script.text, end) if script.text.find(_MARK, end) >= 0 else None
    if misplaced is None or declaration.problem:
        return declaration
    place = declaration.place or script.position(misplaced.start())
    return replace(declaration, place=place, problem="has a part behind the first statement: it counts only before it")


def _head(text: str, dialect: Dialect) -> Iterator[tuple[str, int, int]]:
    """The comments before the first statement: their text without comment signs, their start and their end."""
    line = _LINE_OF_MYSQL if dialect is Dialect.MYSQL else _LINE
    at = 0
    while at < len(text):
        if passed := _PASSED.match(text, at):
            at = passed.end()
        elif comment := line.match(text, at):
            yield comment["text"], at, comment.end()
            at = comment.end()
        elif text.startswith("/*", at) and not text.startswith("/*!", at):
            end = _block_end(text, at, nested=dialect is Dialect.POSTGRES)
            yield text[at + 2 : end].removesuffix("*/"), at, end
            at = end
        else:
            return


def _block_end(text: str, start: int, *, nested: bool) -> int:
    """Where a block comment ends; only Postgres nests them (manual of PostgreSQL 18, 4.1.5)."""
    depth = 0
    for edge in _EDGE.finditer(text, start):
        if edge.group() == "*/":
            depth -= 1
        elif nested or depth == 0:
            depth += 1
        if depth == 0:
            return edge.end()
    return len(text)
