"""Operations on the session and its transaction, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migsafe.model.operation.base import BaseOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class SetParameter(BaseOperation):
    """SET, RESET, PRAGMA name = value, SELECT set_config(…).

    Attributes:
        name: lower case; "timezone" also for SET TIME ZONE; "*" for RESET ALL and DISCARD ALL.
        values: as text, without quotes; empty for RESET and SET … TO DEFAULT.
        local: until the end of the transaction only.
    """

    name: str
    values: tuple[str, ...] = ()
    local: bool = False
    pragma: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionControl(BaseOperation):
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their like.

    Attributes:
        action: "begin" also for START TRANSACTION; "commit" also for END; "rollback" also for ABORT.
        chain: AND CHAIN: another transaction begins at once.
    """

    action: Literal[
        "begin", "commit", "rollback", "savepoint", "rollback to", "release", "prepare", "commit prepared",
        "rollback prepared", "set transaction",
    ]  # fmt: skip
    name: str | None = None
    chain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PsqlCommand(BaseOperation):
    r"""A psql meta-command, for example `\connect`: understood by psql alone."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(BaseOperation):
    """A statement, or a part of one, that the reader did not understand: where, and why."""

    reason: str
