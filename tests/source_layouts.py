"""Layouts written down as text, for the tests of the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from migsafe.model.script import Migration, Script
    from migsafe.sources import LoadedLayout


def write_files(folder: Path, files: dict[str, str]) -> Path:
    """Make a project out of file names and texts."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def describe(layouts: Iterable[LoadedLayout]) -> str:
    """What was read: order, directions, transaction rules, dialects, placeholders, and what could not be read."""
    return "\n".join(line for layout in layouts for line in (*_layout_lines(layout), ""))


def _layout_lines(layout: LoadedLayout) -> Iterator[str]:
    found = layout.migrations
    yield f"{found.tool} in {found.root} for {found.dialect}"
    for migration in found.migrations:
        yield f"  {migration.id}{_marks(migration)}"
        for script in migration.scripts:
            yield f"    {script.direction}: {script.path}, transaction {script.transaction}{_placeholders(script)}"
    for file in found.unreadable:
        yield f"  not read: {file.path} {file.reason}"


def _marks(migration: Migration) -> str:
    marks = [mark for mark in ("repeatable", "checksummed") if getattr(migration, mark)]
    return f" ({', '.join(marks)})" if marks else ""


def _placeholders(script: Script) -> str:
    texts = [script.text[start:end] for start, end in script.placeholders]
    return f", unfilled {', '.join(texts)}" if texts else ""
