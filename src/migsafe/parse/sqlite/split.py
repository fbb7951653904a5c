"""A SQLite script → its statements: bodies of triggers, and commands of the sqlite3 shell."""

from __future__ import annotations

import re

from migsafe.parse.lexeme import Lexeme, LexemeKind, PieceCollector, lexemes
from migsafe.parse.split import Split
from migsafe.parse.sqlite.lexer import PATTERN

_SHELL_COMMAND = re.compile(r"[^\n]*")
_UNCLOSED_BODY = "the body of a trigger that no END closes"


def split(text: str) -> Split:
    """Cut a script into statements as SQLite does. Never raises."""
    collector = PieceCollector()
    found = list(lexemes(PATTERN, text))
    index = 0
    while index < len(found):
        if found[index].kind is LexemeKind.COMMENT:
            collector.add(found[index])
            index += 1
        elif _is_shell_command(text, found[index]):
            index = _shell_command(text, found, index, collector)
        else:
            index = _statement(found, index, collector)
    return collector.finish()


def _is_shell_command(text: str, lexeme: Lexeme) -> bool:
    return lexeme.word == "." and (lexeme.start == 0 or text[lexeme.start - 1] == "\n")


def _shell_command(text: str, found: list[Lexeme], start: int, collector: PieceCollector) -> int:
    """Collect what stands on the line of a `.command`."""
    line = _SHELL_COMMAND.match(text, found[start].start)
    end = line.end() if line else found[start].end
    index = start
    while index < len(found) and found[index].start < end:
        collector.add(found[index])
        index += 1
    collector.close("a command of the sqlite3 shell")
    return index


def _statement(found: list[Lexeme], start: int, collector: PieceCollector) -> int:
    """Collect the statement whose first lexeme is at `start`; returns the index behind its terminator."""
    depth = 0
    in_trigger = _is_trigger(found[start : start + 4])
    index = start
    while index < len(found):
        word = found[index].word
        if word == ";" and depth <= 0:
            break
        if in_trigger and found[index - 1].word != ".":
            depth += (word in ("BEGIN", "CASE")) - (word == "END")
        collector.add(found[index])
        index += 1
    collector.close(_UNCLOSED_BODY if depth > 0 else "")
    return index + 1


def _is_trigger(head: list[Lexeme]) -> bool:
    words = [lexeme.word for lexeme in head if lexeme.kind is not LexemeKind.COMMENT]
    return words[:1] == ["CREATE"] and "TRIGGER" in words[1:3]
