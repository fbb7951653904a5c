"""What a project's own tool says when it has run, or could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement that the tool is about to send.

    Attributes:
        text: as the tool sends it, without its parameters; cut off where it is very long.
        alone: no transaction holds it, so that it commits by itself.
    """

    text: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Stood:
    """Where the tool keeps what is applied, and what that is.

    Attributes:
        schema: of its table; None as long as there is no such table.
        applied: what the table says: Alembic's heads, Django's migrations.
        statements: how many were sent; 0 after a look.
    """

    schema: str | None
    table: str
    applied: tuple[str, ...]
    statements: int = 0


@dataclass(frozen=True, slots=True)
class StepFailed:
    """How a migration failed.

    Attributes:
        sqlstate: None where it was not the server that refused.
        statement: what was sent last, where it is known.
        line: the line of the migration's file that was running.
        at_end: all of the migration had run: it was the end of the transaction, or the tool's own part.
        committed: something of it was committed before, so that it must not be run again as it is.
    """

    message: str
    sqlstate: str | None
    statement: str | None
    line: int | None
    at_end: bool
    committed: bool


def stood(answer: dict[str, Any]) -> Stood:
    """A tool's answer as a value."""
    return Stood(answer["schema"], answer["table"], tuple(answer["applied"]), answer.get("statements", 0))
