"""The way back of a migration that is a program: the project's own tool runs it, where it is still what was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.script import Direction
from migsafe.postgres.connection import Timeouts
from migsafe.runner.outcome import StepRefusedError, StepStoppedError
from migsafe.runner.pieces import what_is_unknown
from migsafe.runner.tools import Left, ToolFailure

if TYPE_CHECKING:
    from migsafe.model.script import Migration
    from migsafe.runner.tools import ProjectTool
    from migsafe.tracker.kept import Kept

#: As a step forward is tried; the tool itself leaves out what must not be cut off.
_TIMEOUTS = Timeouts(lock=500, statement=0)


class HalfDoneError(StepStoppedError):
    """Something of the way back may be left."""


def take_back_by_tool(tool: ProjectTool, migration: Migration | None, kept: Kept, label: str) -> None:
    """Take a migration back, unless the tool's table says that it is taken back already.

    Args:
        migration: as the project has it; None where it has it no more.

    Raises:
        StepRefusedError: when nobody knows all of its way back, or it is not what was kept, or others must be taken
            back before it.
        HalfDoneError: when nobody knows how far it came.
        StepStoppedError: when it failed, and nothing of it is left.
    """
    if migration is not None and migration.down is not None and (unknown := what_is_unknown(migration.down)):
        raise StepRefusedError(
            f"nobody knows all of the way back of {label}: {unknown}",
            hint=f"let its own tool take it back, then migsafe record {label} --status reverted",
        )
    if migration is None or not _same(migration, kept):
        where = "is not here" if migration is None else f"is another one in {migration.path} than the one that was kept"
        raise StepRefusedError(
            f"the way back of {label} {where}, and only its own program can run it",
            hint="check out the release that brought it",
        )
    if migration.id not in tool.applied():
        return
    result = tool.run(Direction.DOWN, migration, timeouts=_TIMEOUTS)
    if not isinstance(result, ToolFailure) or result.left is Left.ALL:
        return
    error = StepStoppedError if result.left is Left.NOTHING else HalfDoneError
    raise error(f"{label}: {result.message}", hint="the same command again, when the cause is gone")


def _same(migration: Migration, kept: Kept) -> bool:
    here = migration.down.text if migration.down is not None else ""
    return here.split() == (kept.backward or "").split()
