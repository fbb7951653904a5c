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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from migsafe.books.place import TableName
    from migsafe.model.script import Migration, MigrationSet
    from migsafe.postgres.connection import Session

_COLUMNS = frozenset({"app", "name", "applied"})
_SELECT = "select app::text, name::text, applied::timestamptz from {table} order by id"


class DjangoHistory:
    """Django's table."""

    tool = "django"
    is_a_line = False

    def __init__(self, layout: MigrationSet, name: TableName) -> None:
        """
        Args:
            layout: the project's migrations, over all apps.
            name: the table.
        """
        self._name = name
        self._migrations = layout.migrations

    @property
    def table(self) -> str:
        """The table, as people write it."""
        return str(self._name)

    def exists(self, session: Session) -> bool:
        """Whether the table is there."""
        return self._name.exists(session)

    def applied(self, session: Session) -> tuple[Applied, ...]:
        """The migrations that have a row, and squashed ones whose parts all have one."""
        self._name.expect(session, _COLUMNS, self.tool)
        rows = {f"{app}.{name}": at for app, name, at in session.query_with_names(_SELECT, table=self._name.parts)}
        known = {one.id for one in self._migrations}
        squashed = {one.id: _replaced(one) for one in self._migrations}
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
