"""What every tool's table gives: which migrations it has, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from migsafe.errors import ExitCode, MigsafeError

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.model.script import Migration
    from migsafe.postgres.connection import Session


class BookError(MigsafeError):
    """A tool's table says something that cannot be, or cannot be told what has happened."""

    exit_code = ExitCode.REFUSED


class Outcome(StrEnum):
    """What became of a migration, as its tool knows it."""

    DONE = "done"
    FAILED = "failed"
    """It failed, and nothing of it is left."""
    PARTIAL = "partial"
    """It failed or was cut off; what it did until then may be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """One migration that a tool's table tells of.

    Attributes:
        id: `Migration.id`; where the project has no such migration, what the table calls it.
        known: whether the project has it.
        at: when it ran, in UTC; None where the tool does not keep that. A time without a zone is taken to be in the
            server's `TimeZone`, in which the tools' `now()` wrote it.
        checksum: of the text that ran, as the tool keeps it; None where it keeps none.
        changed: the project's file is not the text that ran; None where nobody can tell.
        note: what a person should know of it, for example the tool's own message.
    """

    id: str
    known: bool = True
    at: datetime | None = None
    checksum: str | None = None
    outcome: Outcome = Outcome.DONE
    changed: bool | None = None
    note: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the tool would refuse to go on before somebody has looked."""
        return self.outcome is not Outcome.DONE


class History(Protocol):
    """A tool's table, read. Each call is one look at it, on a session that the caller has opened."""

    @property
    def tool(self) -> str:
        """What the tool is called."""

    @property
    def table(self) -> str:
        """The table, as people write it."""

    @property
    def is_a_line(self) -> bool:
        """Whether the tool keeps one version only, so that no migration can be passed over."""

    def exists(self, session: Session) -> bool:
        """Whether the table is there.

        Raises:
            StatementFailedError: when the server cannot be asked.
        """

    def applied(self, session: Session) -> tuple[Applied, ...]:
        """What the table tells, in the order in which it happened as far as that is known; the table must be there.

        Raises:
            BookError: when it is no table of this tool's.
            StatementFailedError: when it may not be read.
        """


class Book(History, Protocol):
    """A tool's table, written too: in the transaction that the caller has open, and never committed here."""

    def make(self, session: Session) -> None:
        """Make the table as the tool makes it, with the rows that it begins with.

        Raises:
            StatementFailedError: when the server refuses that.
        """

    def mark_applied(self, session: Session, migration: Migration, *, ran_ms: int) -> None:
        """Say that a migration has run.

        Args:
            ran_ms: how long it ran, in milliseconds.

        Raises:
            StatementFailedError: when the server refuses that, for example because the table says so already.
        """

    def mark_reverted(self, session: Session, migration: Migration) -> None:
        """Say that a migration was taken back.

        Raises:
            BookError: when the table does not have it.
            StatementFailedError: when the server refuses that.
        """
