"""Migrations as a tool keeps them: files, directions, transaction rules, and exact places in the text."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from migsafe.model.declaration import SILENT, Declaration
from migsafe.model.dialect import Dialect


class Span(NamedTuple):
    """A half-open range of code points, `start` included and `end` not."""

    start: int
    end: int


class Position(NamedTuple):
    """A place in a file as a person counts: line and column from 1, columns in code points."""

    line: int
    column: int


@dataclass(frozen=True)
class SourceText:
    """A file as it is on disk, and where its lines begin."""

    path: str
    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(index + 1 for index, char in enumerate(self.text) if char == "\n")
        return starts

    def position(self, offset: int) -> Position:
        """The line and column of a code point offset; past the end it is the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def offset(self, line: int, column: int) -> int:
        """The code point offset of a line and column (from 1); past a line's or the file's end it is that end."""
        if line > len(self._line_starts):
            return len(self.text)
        start = self._line_starts[max(line, 1) - 1]
        return start + max(0, min(column - 1, len(self.line(line))))

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its line break; empty past the end."""
        if not 1 <= number <= len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")


class Direction(StrEnum):
    """Which way a script takes the database."""

    UP = "up"
    DOWN = "down"


class TransactionRule(StrEnum):
    """Who opens a transaction around a script's statements."""

    TOOL = "tool"
    """The tool wraps the whole script in one transaction."""
    NONE = "none"
    """Each statement commits by itself unless the script says BEGIN."""
    IMPLICIT = "implicit"
    """The script is sent as one simple query: several statements are one implicit transaction, a single one is none
    (PostgreSQL 18 manual, 54.2.2.1 "Multiple Statements in a Simple Query")."""
    UNLESS_FORBIDDEN = "unless-forbidden"
    """The tool wraps the script, unless it holds a statement that the database refuses inside a transaction."""


class Segment(NamedTuple):
    """From `script_start` on, the script's text comes from `source_start` of the file.

    A verbatim segment maps code point by code point; another (a placeholder's value, SQL rendered from Python)
    maps as a whole to where it came from.
    """

    script_start: int
    source_start: int
    verbatim: bool


class Gap(NamedTuple):
    """A place from which no SQL came although something runs there; `span` is empty, in the script's text."""

    span: Span
    reason: str


@dataclass(frozen=True)
class Script:
    """One direction of one migration: the SQL that the server gets, and the way back to the file.

    Attributes:
        text: the SQL. Where a file holds more than this script (sections, directives), the rest is blanked with
            spaces, so that offsets in `text` are offsets in the file.
        segments: only where `text` is not the file's own text at the same offsets; sorted by `script_start`.
        placeholders: spans of `text` that the tool fills in and that have no configured value.
        rendered: the text was made by running the file, which is a program: no piece of it stands there.
        gaps: where a program that makes the SQL could not be followed; what it does from there on is unknown.
    """

    direction: Direction
    text: str
    source: SourceText
    transaction: TransactionRule
    dialect: Dialect
    segments: tuple[Segment, ...] = ()
    placeholders: tuple[Span, ...] = ()
    rendered: bool = False
    gaps: tuple[Gap, ...] = ()

    @property
    def path(self) -> str:
        """The file, as it is shown to people."""
        return self.source.path

    def source_offset(self, offset: int) -> int:
        """Where in the file the script's code point `offset` comes from."""
        if not self.segments:
            return offset
        index = bisect_right(self.segments, offset, key=lambda segment: segment.script_start) - 1
        segment = self.segments[max(index, 0)]
        return segment.source_start + (offset - segment.script_start if segment.verbatim else 0)

    def position(self, offset: int) -> Position:
        """The file's line and column of the script's code point `offset`."""
        return self.source.position(self.source_offset(offset))

    def extent(self, span: Span) -> tuple[Position, Position]:
        """Where a span begins and ends in the file; in a program, the rest of the line that makes it."""
        start = self.position(span.start)
        if not self.rendered:
            return start, self.position(max(span.start, span.end))
        return start, Position(start.line, max(start.column, len(self.source.line(start.line).rstrip()) + 1))


@dataclass(frozen=True)
class Migration:
    """One step of a project's history, in both directions where the tool keeps both.

    Attributes:
        id: what the tool calls it (version, revision, folder name); unique in its layout.
        repeatable: runs again whenever its text changes, after all others (Flyway `R__`).
        checksummed: the tool refuses to run when the file has changed since.
        declaration: what it says of its phase, change and release.
        needs: the migrations that must run before it, where the tool keeps a graph.
        follows: those of them that lie on its own line: several where it merges branches, none where it begins one.
        labels: the names of the branch that begins with it.
        piece_of: the migration that a tool has written into several, this one among them; None where it is whole.
    """

    id: str
    path: str
    up: Script | None = None
    down: Script | None = None
    repeatable: bool = False
    checksummed: bool = False
    declaration: Declaration = SILENT
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    piece_of: str | None = None

    @property
    def scripts(self) -> tuple[Script, ...]:
        """The scripts that exist, the way up first."""
        return tuple(script for script in (self.up, self.down) if script is not None)


@dataclass(frozen=True)
class UnreadableFile:
    """A file of a layout that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class MigrationSet:
    """All migrations of one layout, in the order in which the tool runs them."""

    tool: str
    root: str
    dialect: Dialect
    migrations: tuple[Migration, ...]
    unreadable: tuple[UnreadableFile, ...] = field(default=())
