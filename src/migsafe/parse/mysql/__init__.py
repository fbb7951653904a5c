"""MySQL and MariaDB: script → operations."""

from __future__ import annotations

from migsafe.model.operation import Operation
from migsafe.model.script import Script, Span
from migsafe.model.statement import ReadScript
from migsafe.parse.assemble import assemble
from migsafe.parse.lexer import mask
from migsafe.parse.mysql.cursor import MySqlCursor
from migsafe.parse.mysql.executable_comments import unwrap_executable_comments
from migsafe.parse.mysql.lexer import tokens
from migsafe.parse.mysql.reader import read_statement
from migsafe.parse.mysql.split import split


def read(script: Script) -> ReadScript:
    """Read a script for MySQL or MariaDB. Never raises: what is not understood is an `Unreadable` operation.

    The server is taken to run without NO_BACKSLASH_ESCAPES. Executable comments count as the SQL in them.
    """
    text = unwrap_executable_comments(mask(script.text, script.placeholders))

    def operations(span: Span) -> list[Operation]:
        return read_statement(MySqlCursor(text, tokens(text, span, script.placeholders)))

    return assemble(script, split(text), operations)
