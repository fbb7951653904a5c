"""Migrations that are programs are run by the tool that the project has them for, one at a time.

What the tool's own table says is the truth: it is asked before, and read on another connection afterwards, so that a
migration counts as applied when it is committed, and not before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, TransactionRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.config import Config
    from migsafe.model.script import Migration, MigrationSet, Script
    from migsafe.postgres.connection import Timeouts
    from migsafe.sources.executing.values import Sent

#: What a rendered script has where the tool ends its transaction in the middle; what Alembic's own word for it is.
_ENDS_ITS_TRANSACTION = re.compile(r"^\s*COMMIT\b", re.IGNORECASE | re.MULTILINE)
_AUTOCOMMIT_BLOCK = "autocommit_block"
#: Refusals after which the same may work a moment later: no lock in time, cut off, a deadlock, a serialization failure.
_PASSING = frozenset({"55P03", "57014", "40P01", "40001"})


class Left(StrEnum):
    """What a migration that did not come to its end has left in the database."""

    NOTHING = "nothing"
    """Its transaction was rolled back."""
    ALL = "all"
    """It is applied, and the tool's table says so: what failed came after it."""
    UNKNOWN = "unknown"
    """It commits in the middle, and nobody knows how far it came."""


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """How a project's own tool is told which database is meant.

    Attributes:
        variables: environment variables from which the project's code takes the address.
        arguments: what `alembic -x` would be given; `{url}` stands for the address.
        database: Django's name for the database.
    """

    variables: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    database: str = "default"


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A migration that the tool has run; it is committed.

    Attributes:
        took_ms: with all waits; without the start of the project's interpreter.
        statements: how many were sent.
        output: the end of what the tool has printed, in one line.
    """

    took_ms: int
    statements: int
    output: str


@dataclass(frozen=True, slots=True)
class ToolFailure:
    """A migration that failed.

    Attributes:
        message: the server's words, or the tool's, in one line.
        sqlstate: None where it was not the server that refused.
        statement: what was sent last, where it is known.
        line: the line of the migration's file that was running.
        at_end: all of the migration had run.
        left: what there is of it now.
        whole: it has no place where it commits by itself, run or not.
    """

    took_ms: int
    message: str
    sqlstate: str | None
    statement: str | None
    line: int | None
    at_end: bool
    left: Left
    whole: bool
    output: str

    @property
    def retriable(self) -> bool:
        """Whether it may be tried again as it is, because the same may work a moment later.

        Never where something may be left, nor with an `autocommit_block` or `atomic = False`: the next attempt might
        leave what this one has not.
        """
        return self.left is Left.NOTHING and self.whole and self.sqlstate in _PASSING


class ProjectTool(Protocol):
    """A project's own tool on one database."""

    def applied(self) -> frozenset[str]:
        """Every migration that the tool's own table says is applied, by its id; nothing is written.

        Raises:
            EnvironmentFailedError: the project's code cannot be run, or means another database.
        """

    def run(
        self,
        direction: Direction,
        migration: Migration,
        *,
        timeouts: Timeouts = ...,
        last_look: Callable[[], object] = ...,
        on_statement: Callable[[Sent], object] | None = None,
    ) -> ToolRun | ToolFailure:
        """Run one direction of one migration, and nothing else.

        Args:
            timeouts: of the tool's session; what must not be cut off (CONCURRENTLY, VALIDATE) is left alone.
            last_look: called when all is ready; what it raises is raised, and nothing was run.
            on_statement: called with each of the first thousand statements just before it is sent.

        Raises:
            NotNextError: it is applied already, or is not, or others must be run before it.
            EnvironmentFailedError: nothing was run: the project's code fails, or means another database.
        """

    @property
    def backend(self) -> int | None:
        """The server's process that runs the migration, to see what it waits for; None as long as none does."""

    def cancel(self) -> None:
        """Stop the migration that another thread runs; it fails there. Without one, nothing happens."""

    def close(self) -> None:
        """End the tool's process, and with it what it is at. Closing twice is fine."""


def tool_of(layout: MigrationSet, dsn: str, config: Config, settings: ToolSettings | None = None) -> ProjectTool | None:
    """The tool that runs a layout's migrations; None where they are SQL, which migsafe runs by itself.

    Nothing is started or connected yet.

    Args:
        dsn: the database that is meant; of Postgres.
        settings: how the tool is told of it.
    """
    from migsafe.runner.driven_tools import AlembicTool, DjangoTool

    settings = settings or ToolSettings()
    if layout.dialect is not Dialect.POSTGRES:
        return None
    if layout.tool == "django":
        return DjangoTool(layout, dsn, config, settings)
    is_program = any(script.rendered for migration in layout.migrations for script in migration.scripts)
    return AlembicTool(layout, dsn, config, settings) if layout.tool == "alembic" and is_program else None


def left_by(migration: Migration, direction: Direction, applied: frozenset[str]) -> Left:
    """What is there of a migration whose run was cut off, as `ProjectTool.applied` says afterwards."""
    if (migration.id in applied) is (direction is Direction.UP):
        return Left.ALL
    return Left.NOTHING if is_one_transaction(migration, direction) else Left.UNKNOWN


def is_one_transaction(migration: Migration, direction: Direction) -> bool:
    """Whether a direction of a migration is surely one transaction with its row in the tool's table.

    Not where it could not be followed to its end: it may commit in a place that nobody has seen.
    """
    script = _script(migration, direction)
    return (
        script is not None and not says_it_commits(migration, direction) and not (script.gaps and _may_commit(script))
    )


def says_it_commits(migration: Migration, direction: Direction) -> bool:
    """Whether a direction of a migration has a place where it commits by itself, as far as it can be read."""
    script = _script(migration, direction)
    if script is None:
        return False
    if script.transaction is not TransactionRule.TOOL or _ENDS_ITS_TRANSACTION.search(script.text):
        return True
    return _AUTOCOMMIT_BLOCK in script.source.text


def _script(migration: Migration, direction: Direction) -> Script | None:
    return migration.up if direction is Direction.UP else migration.down


def _may_commit(script: Script) -> bool:
    """Django's migrations say by `atomic` whether they do; Alembic's may call anything."""
    return "class Migration" not in script.source.text
