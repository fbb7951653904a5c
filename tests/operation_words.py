"""Operations in one readable line each, for fixtures that say what a statement must become.

All fields that differ from their default are said, except spans; what cannot be told from its text alone (the facts of
an expression) has tests of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import DataType, Expression
from migsafe.model.script import Direction, Script, SourceText, Span, TransactionRule
from migsafe.model.statement import ReadScript, Statement

FIXTURES = Path(__file__).parents[1] / "fixtures" / "parse"
_SIGN = "=>"


def script_of(text: str, dialect: Dialect, *, placeholders: tuple[Span, ...] = ()) -> Script:
    """A script that stands in a file by itself."""
    source = SourceText("fixture.sql", text)
    return Script(Direction.UP, text, source, TransactionRule.NONE, dialect, placeholders=placeholders)


def fixture_statements(dialect: Dialect, read: Callable[[Script], ReadScript]) -> Iterator[tuple[str, Statement]]:
    """Every statement of a dialect's fixtures, with a name for its test."""
    for path in sorted((FIXTURES / dialect.value).glob("*.sql")):
        script = script_of(path.read_text(encoding="utf-8"), dialect)
        for statement in read(script).statements:
            yield f"{path.stem}:{script.position(statement.span.start).line}", statement


def expected_words(statement: Statement) -> list[str]:
    """The lines `-- => …` above a statement of a fixture."""
    return [
        comment.text.removeprefix(_SIGN).strip() for comment in statement.comments if comment.text.startswith(_SIGN)
    ]


def in_words(value: Any) -> str:
    """A value of the model, in one line."""
    if isinstance(value, Expression):
        return " ".join(value.text.split()) + ("" if value.understood else " (not understood)")
    if isinstance(value, (QualifiedName, DataType)):
        return str(value)
    if isinstance(value, Enum):
        return str(value.value) if isinstance(value, str) else str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(in_words(item) for item in value) + "]"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(in_words, value))) + "}"
    if dataclasses.is_dataclass(value):
        return f"{type(value).__name__}({_fields(value)})"
    return " ".join(str(value).split())


def _fields(value: Any) -> str:
    said = []
    for field in dataclasses.fields(value):
        content = getattr(value, field.name)
        if isinstance(content, Span) or content == field.default:
            continue
        said.append(field.name if content is True else f"{field.name}={in_words(content)}")
    return ", ".join(said)
