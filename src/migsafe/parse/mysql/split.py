"""A MySQL script → its statements: DELIMITER, and the bodies of stored programs."""

from __future__ import annotations

import re

from migsafe.parse.lexeme import Lexeme, LexemeKind, PieceCollector, lexemes
from migsafe.parse.mysql.blocks import is_program, program_end
from migsafe.parse.mysql.lexer import lexeme_pattern
from migsafe.parse.split import Split

_DELIMITER_ARGUMENT = re.compile(r"[ \t]*(?P<quote>['\"`]?)(?P<delimiter>[^\s'\"`]*)(?P=quote)[^\n]*")
_DEFAULT = ";"
_HEAD_LENGTH = 16
_UNCLOSED_BODY = "the body of a stored program that no END closes"


def split(text: str) -> Split:
    """Cut a script into statements as the mysql client and the server do. Never raises.

    Args:
        text: SQL whose executable comments are already unwrapped.
    """
    collector = PieceCollector()
    offset, delimiter = 0, _DEFAULT
    while True:
        found = list(lexemes(lexeme_pattern(delimiter), text, offset))
        command = _collect(found, delimiter, collector)
        if command is None:
            return collector.finish()
        argument = _DELIMITER_ARGUMENT.match(text, command.end)
        if argument is None or not argument["delimiter"]:
            collector.add(command)
            collector.close("DELIMITER without a delimiter behind it")
            offset = command.end
        else:
            offset, delimiter = argument.end(), argument["delimiter"]


def _collect(found: list[Lexeme], delimiter: str, collector: PieceCollector) -> Lexeme | None:
    """Collect statements up to a DELIMITER command, which is returned, or up to the end."""
    index = 0
    while index < len(found):
        lexeme = found[index]
        if lexeme.kind is LexemeKind.COMMENT:
            collector.add(lexeme)
            index += 1
        elif lexeme.word == "DELIMITER":
            collector.close()
            return lexeme
        else:
            index = _statement(found, index, delimiter, collector)
    return None


def _statement(found: list[Lexeme], start: int, delimiter: str, collector: PieceCollector) -> int:
    """Collect the statement whose first lexeme is at `start`; returns the index behind its terminator."""
    end, problem = _end_of_statement(found, start, delimiter)
    for lexeme in found[start:end]:
        collector.add(lexeme)
    collector.close(problem)
    return end + 1


def _end_of_statement(found: list[Lexeme], start: int, delimiter: str) -> tuple[int, str]:
    """The index of the terminator, and what is wrong.

    A client's delimiter ends a stored program, and nothing else does; other statements end at semicolons as well, since
    the server gets several of them at once.
    """
    terminators = {delimiter, _DEFAULT}
    if is_program(found[start : start + _HEAD_LENGTH]):
        if delimiter == _DEFAULT:
            return _end_of_program(found, start)
        terminators = {delimiter}
    for index in range(start, len(found)):
        if found[index].word in terminators:
            return index, ""
    return len(found), ""


def _end_of_program(found: list[Lexeme], start: int) -> tuple[int, str]:
    visible = [index for index in range(start, len(found)) if found[index].kind is not LexemeKind.COMMENT]
    end = program_end([found[index] for index in visible], 0)
    if end is None:
        return len(found), _UNCLOSED_BODY
    return (visible[end] if end < len(visible) else len(found)), ""
