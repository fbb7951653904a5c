"""What a worker says and is told: one JSON object a line. The workers' own side is in their folders.

Lines and columns count from 1, columns in code points, as in the Python file that `path` names.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

#: Both sides of the pipe speak this version of the messages.
PROTOCOL = 1


class Statement(TypedDict):
    """SQL that a migration sends, its parameters filled in, and the operation that sends it."""

    sql: str
    line: int
    column: int


class Break(TypedDict):
    """Where the rendering of a script broke off, and why."""

    line: int
    column: int
    reason: str


class Begin(TypedDict):
    """A script is about to be rendered, or rendered anew: what `ran` said of it so far is void."""

    say: Literal["begin"]
    migration: str
    direction: Literal["up", "down"]
    path: str
    database: str | None
    dialect: str | None


class Ask(TypedDict):
    """A question of the running migration.

    `ran` is the SQL that it has sent since its last question: what it asks about is the state after that.
    """

    say: Literal["ask"]
    about: Literal["table", "relations"]
    schema: str | None
    name: str | None
    ran: list[str]
    database: str | None
    dialect: str | None


class Rendered(TypedDict):
    """One direction of one migration."""

    say: Literal["script"]
    migration: str
    direction: Literal["up", "down"]
    path: str
    transaction: Literal["tool", "none"]
    statements: list[Statement]
    gap: Break | None
    database: str | None
    dialect: str | None


class Failed(TypedDict):
    """Nothing can be rendered at all."""

    say: Literal["failed"]
    reason: str
    hint: str | None


class End(TypedDict):
    """All is said."""

    say: Literal["end"]


Message = Begin | Ask | Rendered | Failed | End
Answer = dict[str, Any] | None
