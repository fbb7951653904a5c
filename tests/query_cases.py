"""The cases of `fixtures/queries/cases.sql`: what a migration does to a query, in a file to be read.

A case is a block of lines: an optional remark; what is expected; `-- after:` and the migration; and the query.

- `breaks parse 42703`: the breakage's kind, its layer, and its SQLSTATE if it has one;
- `survives`: no breakage, and nothing is left unsaid;
- `unchecked parse`: that layer says nothing of the query, and it is not broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from migsafe.shadow.compat.query import Breakage, Unchecked

_CASE = re.compile(
    r"^-- (?P<expected>(?:breaks|maybe|shape|survives|unchecked)\b.*)\n-- after: (?P<migration>.*)\n(?P<query>.+);$"
)


@dataclass(frozen=True, slots=True)
class QueryCase:
    """A query, a migration, and what the second does to the first."""

    expected: str
    migration: str
    query: str

    def __str__(self) -> str:
        return f"{self.expected}: {self.query[:50]} after {self.migration[:50]}"


def read_query_cases(file: Path) -> list[QueryCase]:
    """The cases of a file; the first block is about the file."""
    _, *blocks = file.read_text(encoding="utf-8").strip().split("\n\n")
    return [_case(block) for block in blocks]


def _case(block: str) -> QueryCase:
    lines = block.split("\n")
    found = _CASE.match("\n".join(lines[-3:]))
    assert found, f"a case out of form: {block}"
    return QueryCase(found["expected"], found["migration"], found["query"])


def describe(breakages: Iterable[Breakage], unchecked: Iterable[Unchecked]) -> str:
    """What was said, in the words of the file."""
    said = [" ".join(filter(None, (b.kind, b.layer.value, b.sqlstate))) for b in breakages]
    said += [f"unchecked {gap.layer.value}" for gap in unchecked]
    return ", ".join(said) or "survives"
