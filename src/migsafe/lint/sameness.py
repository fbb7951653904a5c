"""Whether a migration's file still says what it said, whatever became of its comments and its layout."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from migsafe.model.evidence import normalised
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script

if TYPE_CHECKING:
    from migsafe.model.dialect import Dialect


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
    """All statements of a file, of both directions, one after the other."""
    script = Script(Direction.UP, text, SourceText("", text), TransactionRule.NONE, dialect)
    return [normalised(statement.text) for statement in read_script(script).statements]


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
