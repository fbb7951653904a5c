"""From what a worker says of a migration to a script: SQL, the way back to the Python file, and its ignores.

An ignore is a comment on the operation's lines or above them:

    # migsafe: ignore drop-column reason="never deployed"
    op.drop_column("users", "nick")

It goes into the script as an SQL comment before the first statement of that operation. So does the marker of a
migration without a way back, wherever it stands and in both directions:

    # migsafe: irreversible reason="the old rows were wrong"
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.script import Direction, Gap, Script, Segment, SourceText, Span, TransactionRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.model.dialect import Dialect
    from migsafe.sources.rendering.messages import Rendered, Statement

_IGNORE = re.compile(r"#\s*(migsafe:\s*(?:ignore|irreversible)\b.*)")
_IRREVERSIBLE = re.compile(r"migsafe:\s*irreversible\b")
_WAYS_BACK = frozenset({"downgrade", "database_backwards", "backwards", "reverse"})
_LINE_COMMENT_AT_END = re.compile(r"--[^\n]*\Z")


class _Lines(NamedTuple):
    """Lines of a file, both included."""

    first: int
    last: int

    def has(self, line: int) -> bool:
        return self.first <= line <= self.last


class _Ignore(NamedTuple):
    """An ignore comment: its text, its place in the file, and the lines of the operation that it is about."""

    text: str
    offset: int
    line: int
    about: _Lines


@dataclass(frozen=True)
class PythonFile:
    """A migration's file, and what of it stands outside of the SQL: its ignores."""

    source: SourceText

    @cached_property
    def ignores(self) -> tuple[_Ignore, ...]:
        """All ignore comments, in order."""
        if "migsafe:" not in self.source.text:
            return ()
        return tuple(self._ignores())

    def _ignores(self) -> Iterator[_Ignore]:
        anchors = self._statements
        for line, column, text in _comments(self.source.text):
            match = _IGNORE.match(text)
            if match:
                yield _Ignore(match[1], self.source.offset(line, column), line, _anchor(anchors, line))

    @cached_property
    def _tree(self) -> ast.Module:
        try:
            return ast.parse(self.source.text)
        except (SyntaxError, ValueError):
            return ast.Module([], [])

    @cached_property
    def _statements(self) -> tuple[_Lines, ...]:
        """The lines of each statement; of a compound one, those before its body."""
        nodes = (node for node in ast.walk(self._tree) if isinstance(node, ast.stmt | ast.Call))
        return tuple(sorted(_lines_of(node) for node in nodes))

    @cached_property
    def way_back(self) -> _Lines | None:
        """The lines of the function that leads back."""
        for node in self._tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in _WAYS_BACK:
                return _Lines(node.lineno, node.end_lineno or node.lineno)
        return None


def build_script(rendered: Rendered, file: PythonFile, dialect: Dialect, transaction: TransactionRule | None) -> Script:
    """One direction of a migration.

    Args:
        transaction: what the user says; it wins over what the worker says.
    """
    direction = Direction(rendered["direction"])
    text = _Text(file.source)
    waiting = _ignores_for(direction, file, rendered["statements"])
    for statement in rendered["statements"]:
        for ignore in [one for one in waiting if one.about.has(statement["line"])]:
            text.add(f"-- {ignore.text}\n", ignore.offset)
            waiting.remove(ignore)
        text.add_statement(statement)
    for ignore in waiting:
        text.add(f"-- {ignore.text}\n", ignore.offset)
    gaps = tuple(text.gap(broken["line"], broken["column"], broken["reason"]) for broken in [rendered["gap"]] if broken)
    rule = TransactionRule.TOOL if rendered["transaction"] == "tool" else TransactionRule.NONE
    return Script(
        direction=direction,
        text="".join(text.pieces),
        source=file.source,
        transaction=transaction or rule,
        dialect=dialect,
        segments=tuple(text.segments) or (Segment(0, 0, verbatim=False),),
        rendered=True,
        gaps=gaps,
    )


class _Text:
    """A script's text while it grows, and where each piece comes from."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._length = 0
        self.pieces: list[str] = []
        self.segments: list[Segment] = []

    def add(self, text: str, source_offset: int) -> None:
        self.segments.append(Segment(self._length, source_offset, verbatim=False))
        self.pieces.append(text)
        self._length += len(text)

    def add_statement(self, statement: Statement) -> None:
        """A statement with its terminator, which must not vanish in a comment at its end."""
        sql = statement["sql"].strip().rstrip(";").rstrip()
        if sql:
            end = "\n;\n" if _LINE_COMMENT_AT_END.search(sql) else ";\n"
            self.add(sql + end, self._source.offset(statement["line"], statement["column"]))

    def gap(self, line: int, column: int, reason: str) -> Gap:
        """The end of the text as the place where something is missing."""
        self.segments.append(Segment(self._length, self._source.offset(line, column), verbatim=False))
        return Gap(Span(self._length, self._length), reason)


def _ignores_for(direction: Direction, file: PythonFile, statements: Sequence[Statement]) -> list[_Ignore]:
    """Those of one direction: in the function that leads back, those of the way back; elsewhere where they hit."""
    lines = {statement["line"] for statement in statements}

    def belongs(ignore: _Ignore) -> bool:
        if _IRREVERSIBLE.match(ignore.text):
            return True
        if file.way_back is not None and file.way_back.has(ignore.line):
            return direction is Direction.DOWN
        return direction is Direction.UP or any(ignore.about.has(line) for line in lines)

    return [ignore for ignore in file.ignores if belongs(ignore)]


def _comments(text: str) -> Iterator[tuple[int, int, str]]:
    """Line, column and text of every comment of a Python file, up to where it is no longer Python."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.start[1] + 1, token.string
    except (tokenize.TokenError, SyntaxError):
        return


def _lines_of(node: ast.stmt | ast.Call) -> _Lines:
    if not hasattr(node, "body"):
        return _Lines(node.lineno, node.end_lineno or node.lineno)
    head = (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt | ast.excepthandler))
    ends = (getattr(part, "end_lineno", 0) for child in head for part in ast.walk(child))
    return _Lines(node.lineno, max([node.lineno, *ends]))


def _anchor(anchors: Sequence[_Lines], line: int) -> _Lines:
    """The innermost statement or call on a comment's line, else the first one below it."""
    around = [one for one in anchors if one.has(line)]
    if around:
        return min(around, key=lambda one: one.last - one.first)
    below = [one for one in anchors if one.first > line]
    return below[0] if below else _Lines(line, line)
