"""Where the body of a stored program ends, when semicolons inside of it do not end the statement.

MySQL 8.4 manual, 15.6 "Compound Statement Syntax". The mysql client leaves this to DELIMITER; tools that send a file as
it is (golang-migrate, goose, Flyway) let the server find the end, and so does this module.
"""

from __future__ import annotations

from collections.abc import Sequence

from migsafe.parse.lexeme import Lexeme, LexemeKind

_PROGRAMS = {"PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"}
_OTHER_OBJECTS = {
    "TABLE", "VIEW", "INDEX", "DATABASE", "SCHEMA", "USER", "ROLE", "SERVER", "TABLESPACE", "SEQUENCE", "TEMPORARY",
    "UNIQUE", "FULLTEXT", "SPATIAL",
}  # fmt: skip
_OPENERS = {"BEGIN", "CASE", "LOOP", "WHILE"}
_AFTER_END = {"IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR"}
_ENDS_THE_SEARCH_FOR_THEN = {";", "WHEN", "ELSE", "ELSEIF", "END"}


def is_program(lexemes: Sequence[Lexeme]) -> bool:
    """Whether a statement that begins like this has a body: CREATE PROCEDURE, ALTER EVENT, BEGIN NOT ATOMIC."""
    words = [lexeme.word for lexeme in lexemes if lexeme.kind is not LexemeKind.COMMENT]
    if words[:3] == ["BEGIN", "NOT", "ATOMIC"]:
        return True
    if not words or words[0] not in ("CREATE", "ALTER"):
        return False
    kind = next((word for word in words if word in _PROGRAMS or word in _OTHER_OBJECTS), "")
    return kind in _PROGRAMS


def program_end(lexemes: Sequence[Lexeme], start: int) -> int | None:
    """The index of the semicolon that ends the program whose first lexeme is at `start`.

    Returns:
        The number of lexemes when the program runs to the end of the script; None when a block is never closed.
    """
    depth = 0
    index = start
    while index < len(lexemes):
        word = _keyword(lexemes, index)
        if word == ";" and depth <= 0:
            return index
        if word == "END":
            depth -= 1
            index += _keyword(lexemes, index + 1) in _AFTER_END
        elif _opens_block(lexemes, index, word):
            depth += 1
        index += 1
    return len(lexemes) if depth <= 0 else None


def _keyword(lexemes: Sequence[Lexeme], index: int) -> str:
    """The word at `index`, unless it is a column of something: `NEW.end`."""
    if index >= len(lexemes) or (index and lexemes[index - 1].word == "."):
        return ""
    return lexemes[index].word


def _opens_block(lexemes: Sequence[Lexeme], index: int, word: str) -> bool:
    if word in _OPENERS:
        return True
    following = _keyword(lexemes, index + 1)
    if word == "REPEAT":
        return following != "("
    return word == "IF" and _is_if_statement(lexemes, index)


def _is_if_statement(lexemes: Sequence[Lexeme], index: int) -> bool:
    """Whether the IF has a THEN: it is neither the function IF(…) nor IF [NOT] EXISTS."""
    cursor = index + 1
    if _is_existence_clause(lexemes, cursor):
        return False
    parentheses = cases = 0
    while cursor < len(lexemes):
        word = _keyword(lexemes, cursor)
        parentheses += (word == "(") - (word == ")")
        if word == "CASE":
            cases += 1
        elif word == "END" and cases:
            cases -= 1
        elif parentheses == 0 and cases == 0:
            if word == "THEN":
                return True
            if word in _ENDS_THE_SEARCH_FOR_THEN:
                return False
        if parentheses < 0:
            return False
        cursor += 1
    return False


def _is_existence_clause(lexemes: Sequence[Lexeme], cursor: int) -> bool:
    """IF EXISTS name, IF NOT EXISTS name; but IF EXISTS (SELECT …) THEN is a statement."""
    cursor += _keyword(lexemes, cursor) == "NOT"
    return _keyword(lexemes, cursor) == "EXISTS" and _keyword(lexemes, cursor + 1) != "("
