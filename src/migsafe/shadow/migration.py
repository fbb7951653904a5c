"""A migration as the shadow runs it, and how it can fail there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.model.script import Script
    from migsafe.model.statement import ReadScript, Statement


@dataclass(frozen=True, slots=True)
class ShadowMigration:
    """One migration.

    Attributes:
        id: what its tool calls it.
        up: None for a migration that only has a way back.
        irreversible: the reason why it has no way back on purpose; None where it says nothing of that.
        wanted: it is to be proved; otherwise it is only applied, for those that come after it.
    """

    id: str
    path: str
    up: ReadScript | None
    down: ReadScript | None = None
    irreversible: str | None = None
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """How a script failed.

    Attributes:
        statement: the one that the server refused; None when it was the end of the transaction.
        sqlstate: None when the connection broke, or when it was not the server that refused.
        placed: false where another program ran the script, and it is not known at which statement it failed.
    """

    script: Script
    statement: Statement | None
    sqlstate: str | None
    message: str
    placed: bool = True
