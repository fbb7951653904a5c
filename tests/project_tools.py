"""Layouts of programs that a tool runs, without rendering them, and looks at what the server is at."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.config import Config
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Migration, MigrationSet, Script, SourceText, TransactionRule
from migsafe.runner.tools import ToolSettings, tool_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.postgres.connection import Session
    from migsafe.runner.tools import ProjectTool

HERE = Config(python=sys.executable)
#: Seconds until something that has to come has not come.
PATIENCE = 20.0


def written(folder: Path, tool: str = "alembic") -> MigrationSet:
    """The revisions of a small project, each following the one before; their files are not run for it."""
    migrations: list[Migration] = []
    for path in sorted((folder / "migrations/versions").glob("*.py")):
        source = SourceText(str(path), path.read_text(encoding="utf-8"))
        up, down = (
            Script(direction, "", source, TransactionRule.TOOL, Dialect.POSTGRES, rendered=True)
            for direction in Direction
        )
        before = tuple(one.id for one in migrations[-1:])
        migrations.append(Migration(path.stem.partition("_")[0], str(path), up, down, needs=before, follows=before))
    return MigrationSet(tool, str(folder / "migrations/versions"), Dialect.POSTGRES, tuple(migrations))


@contextmanager
def running(layout: MigrationSet, dsn: str, settings: ToolSettings | None = None) -> Iterator[ProjectTool]:
    """The layout's tool on a database, ended afterwards."""
    tool = tool_of(layout, dsn, HERE, settings)
    assert tool is not None
    try:
        yield tool
    finally:
        tool.close()


def wait_until(session: Session, question: str) -> None:
    """Wait until the server answers a question with true."""
    until = time.monotonic() + PATIENCE
    while not session.query(question)[0][0]:
        assert time.monotonic() < until, question
        time.sleep(0.02)


#: Whether somebody waits for a lock in this database.
SOMEBODY_WAITS = (
    "select exists (select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
)


def django_layout(folder: Path) -> MigrationSet:
    """The migrations of a project like the shop, app by app, without the ones that a squashed one replaces."""
    migrations = []
    for app in ("customers", "orders"):
        for path in sorted((folder / app / "migrations").glob("[0-9]*.py")):
            source = SourceText(str(path), path.read_text(encoding="utf-8"))
            rule = TransactionRule.NONE if "atomic = False" in source.text else TransactionRule.TOOL
            up, down = (Script(direction, "", source, rule, Dialect.POSTGRES, rendered=True) for direction in Direction)
            migrations.append(Migration(f"{app}.{path.stem}", str(path), up, down))
    replaced = {"customers.0001_initial", "customers.0002_customer_phone"}
    kept = tuple(one for one in migrations if one.id not in replaced)
    return MigrationSet("django", str(folder), Dialect.POSTGRES, kept)
