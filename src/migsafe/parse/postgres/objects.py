"""Kinds of objects as statements spell them, and the names that follow each."""

from __future__ import annotations

from migsafe.model.names import QualifiedName
from migsafe.model.operation import ObjectKind
from migsafe.parse.cursor import SYMBOL, Cursor

#: Longest first, so that MATERIALIZED VIEW is not taken for something else.
_WORDS = sorted(
    [
        *((tuple(kind.value.upper().split()), kind) for kind in ObjectKind if kind is not ObjectKind.OTHER),
        (("USER", "MAPPING"), ObjectKind.OTHER),
        (("USER",), ObjectKind.ROLE),
        (("GROUP",), ObjectKind.ROLE),
        (("PROCEDURAL", "LANGUAGE"), ObjectKind.LANGUAGE),
        (("TRUSTED", "LANGUAGE"), ObjectKind.LANGUAGE),
        (("TRUSTED", "PROCEDURAL", "LANGUAGE"), ObjectKind.LANGUAGE),
        (("OPERATOR", "CLASS"), ObjectKind.OPERATOR),
        (("OPERATOR", "FAMILY"), ObjectKind.OPERATOR),
        (("TEXT", "SEARCH", "CONFIGURATION"), ObjectKind.TEXT_SEARCH),
        (("TEXT", "SEARCH", "DICTIONARY"), ObjectKind.TEXT_SEARCH),
        (("TEXT", "SEARCH", "PARSER"), ObjectKind.TEXT_SEARCH),
        (("TEXT", "SEARCH", "TEMPLATE"), ObjectKind.TEXT_SEARCH),
        (("DEFAULT", "CONVERSION"), ObjectKind.CONVERSION),
        (("LARGE", "OBJECT"), ObjectKind.OTHER),
        (("TRANSFORM",), ObjectKind.OTHER),
        (("PARAMETER",), ObjectKind.OTHER),
    ],
    key=lambda entry: -len(entry[0]),
)
_BY_FIRST: dict[str, list[tuple[tuple[str, ...], ObjectKind]]] = {}
for _words, _kind in _WORDS:
    _BY_FIRST.setdefault(_words[0], []).append((_words, _kind))

CODE_KINDS = frozenset({ObjectKind.FUNCTION, ObjectKind.PROCEDURE, ObjectKind.ROUTINE, ObjectKind.AGGREGATE})


def take_kind(cursor: Cursor) -> tuple[ObjectKind, str] | None:
    """Move past the words of a kind of object; returns the kind and the words in lower case."""
    for words, kind in _BY_FIRST.get(cursor.word(), ()):
        if cursor.take(*words):
            return kind, " ".join(words).lower()
    return None


def expect_kind(cursor: Cursor) -> tuple[ObjectKind, str]:
    """The same, or be stuck."""
    return take_kind(cursor) or cursor.stuck("a kind of object")


def read_arguments(cursor: Cursor) -> tuple[str, ...] | None:
    """`(integer, text)` behind the name of a function, as folded text; None where it is left out."""
    if cursor.word() != "(":
        return None
    return tuple(" ".join(item.source.lower().split()) for item in cursor.group().items())


def read_operator(cursor: Cursor) -> QualifiedName:
    """The name of an operator, perhaps with its schema."""
    schema = None
    if cursor.sees_name():
        schema = cursor.identifier()
        cursor.expect(".")
    symbols = []
    while cursor.kind() == SYMBOL and cursor.word() not in ("(", ",", ")"):
        token = cursor.next()
        symbols.append(token.text)
    if not symbols:
        cursor.stuck("an operator")
    return QualifiedName("".join(symbols), schema)


def skip_object_name(cursor: Cursor, kind: ObjectKind, words: str) -> QualifiedName:
    """Read the name of one object of a kind, with whatever belongs to it: arguments, `ON table`, `USING method`."""
    if words in ("operator class", "operator family"):
        name = cursor.qualified_name()
        cursor.expect("USING")
        cursor.identifier()
        return name
    if kind is ObjectKind.OPERATOR:
        name = read_operator(cursor)
        cursor.group()
        return name
    if kind is ObjectKind.CAST:
        return QualifiedName(cursor.group().source)
    if words == "transform":
        cursor.expect("FOR")
        name = cursor.qualified_name()
        cursor.expect("LANGUAGE")
        cursor.identifier()
        return name
    if words == "user mapping":
        return _user_mapping(cursor)
    if words == "large object":
        return QualifiedName(cursor.next().text)
    name = cursor.qualified_name()
    if kind in CODE_KINDS:
        read_arguments(cursor)
    return name


def _user_mapping(cursor: Cursor) -> QualifiedName:
    cursor.expect("FOR")
    name = cursor.qualified_name()
    cursor.expect("SERVER")
    cursor.identifier()
    return name
