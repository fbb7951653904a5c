"""MySQL's data types (MySQL 8.4 manual, chapter 13 "Data Types")."""

from __future__ import annotations

from migsafe.model.operation import DataType
from migsafe.parse.cursor import PLACEHOLDER, WORD
from migsafe.parse.mysql.cursor import MySqlCursor

_SECOND_WORDS = {
    "DOUBLE": ("PRECISION",),
    "CHARACTER": ("VARYING", "LARGE"),
    "CHAR": ("VARYING", "BYTE"),
    "NATIONAL": ("CHAR", "CHARACTER", "VARCHAR"),
    "NCHAR": ("VARYING", "VARCHAR"),
    "LONG": ("VARCHAR", "VARBINARY", "CHAR"),
}
_ATTRIBUTES = ("UNSIGNED", "SIGNED", "ZEROFILL")
_CHARACTER_ATTRIBUTES = ("ASCII", "UNICODE", "BYTE", "COMPRESSED")


def read_type(cursor: MySqlCursor) -> tuple[DataType, str | None]:
    """A type as a column definition writes it, for example `varchar(36) CHARACTER SET ascii`, `int unsigned`.

    Returns:
        The type, its attributes UNSIGNED and ZEROFILL in the name; and the character set where one is given.
    """
    name = _type_words(cursor)
    modifiers: tuple[str, ...] = ()
    if cursor.word() == "(":
        modifiers = tuple(item.source for item in cursor.group().items())
    while word := cursor.take_any(*_ATTRIBUTES):
        name += f" {word.lower()}" if word != "SIGNED" else ""
    return DataType(name, modifiers), _character_set(cursor)


def _type_words(cursor: MySqlCursor) -> str:
    if cursor.kind() not in (WORD, PLACEHOLDER):
        cursor.stuck("a type")
    first = cursor.next()
    words = [first.text.lower()]
    last = first.word
    while word := cursor.take_any(*_SECOND_WORDS.get(last, ())):
        words.append(word.lower())
        last = word if words[0] == "national" else ""
    return " ".join(words)


def _character_set(cursor: MySqlCursor) -> str | None:
    found = None
    while True:
        if cursor.take("CHARACTER", "SET") or cursor.take("CHARSET") or cursor.take("CHAR", "SET"):
            found = cursor.option_value()
        elif word := cursor.take_any(*_CHARACTER_ATTRIBUTES):
            found = word.lower()
        elif cursor.take("BINARY"):
            found = "binary"
        else:
            return found
