"""The cursor with MySQL's rules for names."""

from __future__ import annotations

from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.parse.cursor import PLACEHOLDER, QUOTED, STRING, WORD, Cursor
from migsafe.parse.lexer import Token


class MySqlCursor(Cursor):
    """Reads MySQL's tokens.

    Columns, indexes, constraints and routines compare without regard to case and are folded to lower case; tables,
    views, triggers and databases keep theirs, since it depends on the server's file system (MySQL 8.4 manual, 11.2.3
    "Identifier Case Sensitivity"). A string in double quotes may be a name, as it is under ANSI_QUOTES.
    """

    __slots__ = ()

    dialect = Dialect.MYSQL

    def fold(self, token: Token) -> str:
        """A name that compares without regard to case."""
        return token.text.lower()

    def sees_name(self) -> bool:
        """Whether a word, a quoted name or a placeholder comes next."""
        return self.kind() in (WORD, QUOTED, PLACEHOLDER) or self._sees_double_quotes()

    def identifier(self) -> str:
        """A name of one part, folded."""
        return self._name_token().text.lower()

    def cased_identifier(self) -> str:
        """A name of one part, as written: of a table, trigger, event or database."""
        return self._name_token().text

    def qualified_name(self) -> QualifiedName:
        """The name of a table or view, perhaps with its database, as written."""
        schema, name = None, self.cased_identifier()
        while self.take("."):
            schema, name = name, self.cased_identifier()
        return QualifiedName(name, schema)

    def routine_name(self) -> QualifiedName:
        """The name of a procedure or function: folded, its database as written."""
        name = self.qualified_name()
        return QualifiedName(name.name.lower(), name.schema)

    def option_value(self) -> str:
        """What follows an option: `[=] value`; a word, string, number or a group, in lower case."""
        self.take("=")
        if self.word() == "(":
            return self.group().source.lower()
        sign = self.take_any("-", "+") or ""
        return sign + self.next().text.lower()

    def account(self) -> str:
        """A user or role: `'name'@'host'`, CURRENT_USER(), as written without quotes."""
        token = self.next()
        name = token.text
        if not self.at_end and self.tokens[self.at].text.startswith("@"):
            name += self.next().text.replace("'", "").replace("`", "").replace('"', "")
        elif self.take("(", ")"):
            name += "()"
        return name

    def _sees_double_quotes(self) -> bool:
        return self.kind() == STRING and self.text[self.tokens[self.at].start] == '"'

    def _name_token(self) -> Token:
        if not self.sees_name():
            self.stuck("a name")
        return self.next()
