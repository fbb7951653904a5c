"""The cursor with SQLite's rules for names."""

from __future__ import annotations

from migsafe.model.dialect import Dialect
from migsafe.parse.cursor import PLACEHOLDER, QUOTED, STRING, WORD, Cursor
from migsafe.parse.lexer import Token


class SqliteCursor(Cursor):
    """Reads SQLite's tokens. All names compare without regard to case (ASCII only) and are folded to lower case.

    A string may stand for a name (sqlite.org, "Quirks, Caveats, and Gotchas": "Double-quoted String Literals Are
    Accepted" and its counterpart).
    """

    __slots__ = ()

    dialect = Dialect.SQLITE

    def fold(self, token: Token) -> str:
        """A name as SQLite compares it."""
        return token.text.lower()

    def sees_name(self) -> bool:
        """Whether a word, a quoted name or a placeholder comes next."""
        return self.kind() in (WORD, QUOTED, PLACEHOLDER)

    def identifier(self) -> str:
        """A name of one part, folded; also one in single quotes."""
        if self.kind() not in (WORD, QUOTED, PLACEHOLDER, STRING):
            self.stuck("a name")
        return self.fold(self.next())
