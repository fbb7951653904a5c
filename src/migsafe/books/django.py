"""Django: `django_migrations` with a row per migration that has run; read only.

Read from Django 5.2 (`django/db/migrations/recorder.py`, `executor.py`, `loader.py`). Nothing is kept of a migration
that failed. A squashed migration has a row as soon as `migrate` has run with it; before that, it counts as run where
all those that it replaces have.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.books.base import Applied
from migsafe.books.table import ToolTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from migsafe.model.script import Migration
    from migsafe.postgres.connection import Session


class DjangoHistory(ToolTable):
    """Django's table."""

    tool = "django"
    columns = frozenset({"app", "name", "applied"})
    select = "select app::text, name::text, applied::timestamptz from {table} order by id"

    def applied(self, session: Session) -> tuple[Applied, ...]:
        """The migrations that have a row, and squashed ones whose parts all have one."""
        rows = {f"{app}.{name}": at for app, name, at in self._rows(session)}
        known = {one.id for one in self._layout.migrations}
        squashed = {one.id: _replaced(one) for one in self._layout.migrations}
        told = {part for parts in squashed.values() for part in parts}
        return (
            *(Applied(id=name, at=at, known=name in known) for name, at in rows.items() if name in known - told),
            *self._stand_ins(rows, squashed),
            *(Applied(id=name, at=at, known=False) for name, at in rows.items() if name not in known | told),
        )

    @staticmethod
    def _stand_ins(rows: dict[str, datetime], squashed: dict[str, tuple[str, ...]]) -> Iterator[Applied]:
        for name, parts in squashed.items():
            if parts and name not in rows and all(part in rows for part in parts):
                note = f"stands for {len(parts)} that have run; the next migrate gives it a row"
                yield Applied(id=name, at=max(rows[part] for part in parts), note=note)


def _replaced(migration: Migration) -> tuple[str, ...]:
    """The migrations that a squashed one stands for, read from its file without running it."""
    if "squash" not in migration.path and "replaces" not in (text := _text(migration)):
        return ()
    text = _text(migration)
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return ()
    for node in nodes:
        match node:
            case ast.Assign([ast.Name("replaces")], ast.List(pairs) | ast.Tuple(pairs)):
                return tuple(".".join(_texts(pair)) for pair in pairs)
    return ()


def _text(migration: Migration) -> str:
    script = migration.up or migration.down
    if script is not None:
        return script.source.text
    try:
        return Path(migration.path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _texts(node: ast.expr) -> list[str]:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
