"""Whether a migration's file still says what it said, whatever became of its comments and its layout."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script

if TYPE_CHECKING:
    from migsafe.model.dialect import Dialect

#: Comments that say what is the way up, what the way back, and what runs without a transaction: goose, dbmate.
_MARK = re.compile(r"^[ \t]*--[ \t]*((?:\+goose|migrate:)[^\r\n]*?)[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
#: What need not be as it was between words; and what stands in quotes: constants, names, bodies of functions.
_TOKEN = re.compile(
    r"--[^\n]*|/\*(?![!+]).*?\*/|\s+"
    r"|(?P<quoted>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|(?P<dollar>\$\w*\$).*?(?P=dollar))",
    re.DOTALL,
)
#: Stands where something is left out; no SQL holds it.
_GAP = "\0"


def says_the_same(script: Script, before: str) -> bool:
    """Whether the file of a script means the same as another text of it.

    Args:
        script: one of the file's scripts.
        before: the file's text at another time.
    """
    now = script.source.text
    if now == before:
        return True
    if script.path.endswith(".py"):
        return _program(now) == _program(before)
    return _statements(now, script.dialect) == _statements(before, script.dialect)


def _statements(text: str, dialect: Dialect) -> list[str]:
    """All statements of a file, of both directions, one after the other, and the marks of tools between them."""
    said: list[str] = []
    for place, part in enumerate(_MARK.split(text)):
        if place % 2:
            said.append(part.lower())
            continue
        script = Script(Direction.UP, part, SourceText("", part), TransactionRule.NONE, dialect)
        said += [_worded(statement.text) for statement in read_script(script).statements]
    return said


def _worded(statement: str) -> str:
    """A statement without comments, layout and the case of its words; what stands in quotes stays as it is."""
    words: list[str] = []
    end = 0
    for token in _TOKEN.finditer(statement):
        words += [statement[end : token.start()].lower(), token["quoted"] or _GAP]
        end = token.end()
    return re.sub(f"{_GAP}+", " ", "".join((*words, statement[end:].lower()))).strip()


def _program(text: str) -> str:
    """A Python file without comments, docstrings and layout; its text where it is none."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return text
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
