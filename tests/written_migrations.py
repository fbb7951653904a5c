"""Small projects of every tool that migrations can be written for, and what is read back from them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migsafe.parse import read_script
from migsafe.sources import SourceOptions, read_paths
from migsafe.sources.writing import NewMigration, WritingOptions, save, write_migrations
from source_layouts import write_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from migsafe.model.script import Migration, MigrationSet, Script

NOW = datetime(2026, 11, 23, 5, 0, 0, tzinfo=UTC)

#: A project of each tool with one migration, which has both directions where the tool keeps both.
PROJECTS: dict[str, dict[str, str]] = {
    "plain": {"0001_first.up.sql": "SELECT 1;\n", "0001_first.down.sql": "SELECT 2;\n"},
    "golang-migrate": {"000001_first.up.sql": "SELECT 1;\n", "000001_first.down.sql": "SELECT 2;\n"},
    "diesel": {"2026-01-01-000000_first/up.sql": "SELECT 1;\n", "2026-01-01-000000_first/down.sql": "SELECT 2;\n"},
    "flyway": {"V1__first.sql": "SELECT 1;\n", "U1__first.sql": "SELECT 2;\n"},
    "goose": {"00001_first.sql": "-- +goose Up\nSELECT 1;\n\n-- +goose Down\nSELECT 2;\n"},
    "dbmate": {"20260101000000_first.sql": "-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n"},
    "prisma": {"20260101000000_first/migration.sql": "SELECT 1;\n", "20260101000000_first/down.sql": "SELECT 2;\n"},
    "pop": {
        "20260101000000_first.postgres.up.sql": "SELECT 1;\n",
        "20260101000000_first.postgres.down.sql": "SELECT 2;\n",
    },
    "sqitch": {
        "sqitch.plan": "%syntax-version=1.0.0\n%project=shop\n\nfirst 2026-01-01T00:00:00Z Ada <a@b> # first\n",
        "deploy/first.sql": "-- Deploy shop:first to pg\n\nSELECT 1;\n",
        "revert/first.sql": "SELECT 2;\n",
    },
}
#: Tools that send a file as one query: what needs no transaction is written as several migrations.
ONE_QUERY = frozenset({"golang-migrate", "diesel", "dbmate", "prisma"})

_CONTROL = re.compile(r"(?:BEGIN|COMMIT)\Z", re.IGNORECASE)


def project(folder: Path, tool: str) -> Path:
    """The project of a tool, in a folder of its own."""
    return write_files(folder / tool, PROJECTS[tool])


def read(root: Path, tool: str) -> MigrationSet:
    """The layout below a folder, of the first database where it has several."""
    layout, *_ = read_paths([root], SourceOptions(tool=None if tool == "django" else tool))
    return layout.migrations


def add(root: Path, tool: str, new: Sequence[NewMigration], options: WritingOptions | None = None) -> MigrationSet:
    """Write migrations, and read everything back."""
    save(write_migrations(read(root, tool), new, now=NOW, options=options))
    return read(root, tool)


def statements(script: Script | None) -> list[str]:
    """The statements of a script, without those that open and close a transaction."""
    found = [] if script is None else [statement.text for statement in read_script(script).statements]
    return [text for text in found if not _CONTROL.match(text)]


def ways(migrations: Sequence[Migration]) -> tuple[list[str], list[str]]:
    """The statements of some migrations: all the way up, and all the way back."""
    up = [text for one in migrations for text in statements(one.up)]
    down = [text for one in reversed(migrations) for text in statements(one.down)]
    return up, down
