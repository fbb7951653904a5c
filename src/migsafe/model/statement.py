"""A script as it was read: its statements, what each does, and its comments."""

from __future__ import annotations

from dataclasses import dataclass

from migsafe.model.operation import Operation
from migsafe.model.script import Script, Span


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: where it stands, and its text without the comment signs."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        span: from its first token to its last, without the terminator.
        text: the script's text in that span.
        operations: what it does, in order; never empty for a statement that does anything.
        comments: those between the statement before (or the start of the script) and its first token.
        truncated: names in it that are longer than the database keeps, whole; operations have what is left of them.
    """

    span: Span
    text: str
    operations: tuple[Operation, ...]
    comments: tuple[Comment, ...] = ()
    truncated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadScript:
    """A script and its statements, in order.

    Attributes:
        comments: all comments outside of statements, in order: also those behind the last statement.
    """

    script: Script
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...] = ()
