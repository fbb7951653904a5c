"""The plan of a change: its steps in order, each with what it does, who may run beside it, and the way back.

Values only: `plan` makes them, a runner takes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName
    from migsafe.model.phase import Part, Phase


class ChangeKind(StrEnum):
    """What a change is about."""

    ADD_COLUMN = "add-column"
    RENAME_COLUMN = "rename-column"
    SPLIT_COLUMN = "split-column"
    """One or several columns become other ones: split, and merge."""
    CHANGE_TYPE = "change-type"
    SET_NOT_NULL = "set-not-null"
    ADD_UNIQUE = "add-unique"
    DROP_COLUMN = "drop-column"
    DROP_TABLE = "drop-table"
    RENAME_TABLE = "rename-table"
    CHANGE_ENUM = "change-enum"
    MOVE_COLUMN = "move-column"
    WIDEN_KEY = "widen-key"
    """An integer key becomes a bigint, with the columns that refer to it."""
    ADD_FOREIGN_KEY = "add-foreign-key"
    PARTITION_TABLE = "partition-table"


@dataclass(frozen=True, slots=True)
class Check:
    """A read-only query, and what it must give.

    Attributes:
        name: what is checked, in words; one sentence without a full stop.
        sql: a query of one row and one column.
        expected: the value that passes, as text: `0`, `t`.
        as_role: the query answers for the application's role, not for the owner.
    """

    name: str
    sql: str
    expected: str = "0"
    as_role: bool = False


@dataclass(frozen=True, slots=True)
class Backfill:
    """Rows that are written in batches, in the order of a key.

    Attributes:
        key: columns of a unique key without NULLs, in its order.
        assignments: column → expression over the row (`full_name` → `name`).
        needs_work: rows that are to be written; it must never hold for a row that new code has written.
        settings: parameters of the batch's transaction (`migsafe.backfill` → `on`).
        insert: for rows that go to another table: the statement, with `:low` and `:high` for the batch's keys (a
            batch is `key >= :low and key <= :high`, of several columns `(a, b) >= :low and (a, b) <= :high`; `:rows`
            is how many rows it has at most); None where `assignments` say it all. It may run twice for a row.
    """

    table: QualifiedName
    key: tuple[str, ...]
    assignments: tuple[tuple[str, str], ...] = ()
    needs_work: str = "true"
    settings: tuple[tuple[str, str], ...] = (("migsafe.backfill", "on"),)
    insert: str | None = None


Reversible = Literal["exact", "nothing to do", "loses data", "impossible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One step: it runs as a whole, or not at all where it is a transaction.

    Attributes:
        name: short, in words with dashes; unique in its plan; a file's name is made of it.
        title: what it does, one line.
        forward: statements in order; empty where there is a backfill.
        backward: statements that take it back, in order.
        transaction: whether `forward` is one transaction; else each statement commits by itself.
        backward_transaction: the same of `backward`.
        backfill: rows written in batches instead of `forward`.
        backward_backfill: rows written in batches after `backward`.
        before: what must hold before it starts.
        verify: what must hold after it.
        releases: who may run beside it and after it: "old and new code", "new code only".
        locks: for people: "ACCESS EXCLUSIVE on users, for a moment".
        back: what the way back gives.
        point_of_no_return: after which event there is no way back any more; None where there is one.
        no_way_back: why `backward` is empty on purpose; None where it is not.
        part: which half of a contract.
        hold_days: how long the state before must have lasted.
    """

    name: str
    title: str
    phase: Phase
    forward: tuple[str, ...] = ()
    backward: tuple[str, ...] = ()
    transaction: bool = True
    backward_transaction: bool = True
    backfill: Backfill | None = None
    backward_backfill: Backfill | None = None
    before: tuple[Check, ...] = ()
    verify: tuple[Check, ...] = ()
    releases: str = "old and new code"
    locks: str = ""
    back: Reversible = "exact"
    point_of_no_return: str | None = None
    no_way_back: str | None = None
    part: Part | None = None
    hold_days: int = 0


@dataclass(frozen=True, kw_only=True)
class ChangePlan:
    """A whole change.

    Attributes:
        change: its name, for example `users-name-to-full-name`.
        objects: what it is about, as people write it: `users.name`.
        arguments: what the user said, for the record.
        steps: in the order in which they run. Those of the contract come last and are not written as migrations
            until they are due.
        code: what must be deployed between which steps, in words, in order.
        promises: what the user must acknowledge: a lossy transform, triggers that a backfill fires, …
    """

    change: str
    kind: ChangeKind
    objects: tuple[str, ...]
    steps: tuple[PlanStep, ...]
    arguments: tuple[tuple[str, str], ...] = ()
    code: tuple[str, ...] = ()
    promises: tuple[str, ...] = field(default=())

    def of_phase(self, phase: Phase) -> tuple[PlanStep, ...]:
        """The steps of one phase, in order."""
        return tuple(step for step in self.steps if step.phase is phase)
