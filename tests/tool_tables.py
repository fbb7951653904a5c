"""Projects with the tables that their tools keep, from `fixtures/books`, and what is read from them, as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.sources import SourceOptions, read_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.books import Applied, History
    from migsafe.model.script import MigrationSet

BOOKS = Path(__file__).parents[1] / "fixtures" / "books"
TOOLS = sorted(folder.name for folder in BOOKS.iterdir() if folder.is_dir())


def project_of(tool: str) -> MigrationSet:
    """The migrations of a tool's project."""
    (layout,) = read_paths([BOOKS / tool], SourceOptions(tool=tool, dialect=Dialect.POSTGRES))
    return layout.migrations


def table_of(tool: str) -> str:
    """The script that makes its table, and fills it."""
    return (BOOKS / tool / "table.sql").read_text(encoding="utf-8")


def spelt(history: History, applied: Iterable[Applied]) -> str:
    """What was read: a line for the table, and one for each migration."""
    lines = [f"{history.table} of {history.tool}", *(f"{one.id}: {', '.join(_words(one))}" for one in applied)]
    return "".join(f"{line}\n" for line in lines)


def _words(one: Applied) -> Iterator[str]:
    words = f"{one.outcome}{f' at {one.at:%Y-%m-%d %H:%M:%S}' if one.at is not None else ''}"
    parts = [words, *(["not in the project"] * (not one.known)), *(["the file has changed"] * (one.changed is True))]
    yield from (*parts[:-1], f"{parts[-1]} ({one.note})" if one.note else parts[-1])
