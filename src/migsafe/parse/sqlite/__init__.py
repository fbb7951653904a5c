"""SQLite: script → operations."""

from __future__ import annotations

from migsafe.model.operation import Operation
from migsafe.model.script import Script, Span
from migsafe.model.statement import ReadScript
from migsafe.parse.assemble import assemble
from migsafe.parse.lexer import mask
from migsafe.parse.sqlite.cursor import SqliteCursor
from migsafe.parse.sqlite.lexer import tokens
from migsafe.parse.sqlite.reader import read_statement
from migsafe.parse.sqlite.split import split


def read(script: Script) -> ReadScript:
    """Read a script for SQLite. Never raises: what is not understood is an `Unreadable` operation."""
    text = mask(script.text, script.placeholders)

    def operations(span: Span) -> list[Operation]:
        return read_statement(SqliteCursor(text, tokens(text, span, script.placeholders)))

    return assemble(script, split(text), operations)
