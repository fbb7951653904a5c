"""What a rule may know: the catalogue before the operation, the open transaction, the neighbours; read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from migsafe.model.catalogue import Catalogue, Column, Table
from migsafe.model.dialect import ASSUMED_SERVER, Dialect, ServerVersion
from migsafe.model.locks import LockClaim, LockMode, Work
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddEnumValue,
    BaseOperation,
    Delete,
    Insert,
    Operation,
    RunCode,
    TruncateTable,
)
from migsafe.model.script import Direction, Position, Script, TransactionRule
from migsafe.model.statement import Statement

O = TypeVar("O", bound=BaseOperation)  # noqa: E741  # an operation, as in `Operation`


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the configuration says of the world around the migrations.

    Attributes:
        runner_sets: parameters that the tool's own connection sets ("lock_timeout", "timezone=UTC", …).
        max_lock_timeout_ms: a `lock_timeout` above this, in milliseconds, is too long.
    """

    runner_sets: Mapping[str, str | None] = field(default_factory=dict)
    max_lock_timeout_ms: int = 5_000


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock that the open transaction already holds on an existing table."""

    claim: LockClaim
    operation: Operation
    position: Position


@dataclass(slots=True)
class OpenTransaction:
    """The transaction around the operation at hand.

    Attributes:
        opened_by: the tool, a BEGIN of the script, or the server (several statements in one simple query).
        begin: the BEGIN, when the script says it.
        held: locks on existing tables, in the order in which they were taken.
        operations: what has run in it so far.
        enum_values: those of them that add a value to an enum type.
    """

    opened_by: Literal["tool", "script", "server"]
    begin: Operation | None = None
    held: list[HeldLock] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    enum_values: list[AddEnumValue] = field(default_factory=list)

    def strongest_on_others(self, tables: set[QualifiedName]) -> HeldLock | None:
        """The strongest lock held on a table that is not among `tables`."""
        others = [held for held in self.held if held.claim.table not in tables]
        return max(others, key=lambda held: held.claim.mode.value, default=None)

    def blocking(self) -> list[HeldLock]:
        """The held locks that keep the application's reads or writes waiting."""
        return [held for held in self.held if held.claim.mode.blocks_writes]

    def since(self, held: HeldLock) -> list[Operation]:
        """What has run after the operation that took a lock."""
        places = [place for place, done in enumerate(self.operations) if done is held.operation]
        return self.operations[places[0] + 1 :] if places else []


@dataclass(slots=True)
class Context:
    """Everything that a rule may look at, as it stands just before the operation.

    Attributes:
        catalogue: what exists.
        transaction: the open transaction; None when the statement commits by itself.
        created: tables and materialized views that this migration has made: nobody uses them yet.
        created_in_transaction: those that this transaction has made: nobody sees them yet.
        parameters: session parameters that the script has set so far (values as text), LOCAL ones of the open
            transaction included; a RESET one maps to None.
        earlier: operations of this script that have run already.
        statements: all statements of the script; `statement` is the one at hand.
        code: the DO block or CALL around the operation, when there is one.
        checksummed: the tool refuses to run when a file that it has run was changed.
        tool: the layout's name, for recipes in the tool's own words.
    """

    script: Script
    migration: str
    catalogue: Catalogue
    server: ServerVersion = ASSUMED_SERVER
    surroundings: Surroundings = field(default_factory=Surroundings)
    transaction: OpenTransaction | None = None
    created: set[QualifiedName] = field(default_factory=set)
    created_in_transaction: set[QualifiedName] = field(default_factory=set)
    parameters: dict[str, str | None] = field(default_factory=dict)
    earlier: list[Operation] = field(default_factory=list)
    statements: tuple[Statement, ...] = ()
    statement: Statement | None = None
    statement_index: int = 0
    code: RunCode | None = None
    checksummed: bool = False
    tool: str = "plain"

    @property
    def dialect(self) -> Dialect:
        """The dialect of the script."""
        return self.script.dialect

    @property
    def direction(self) -> Direction:
        """Whether the script goes up or down."""
        return self.script.direction

    def table(self, name: QualifiedName) -> Table | None:
        """The table as it is now, or None when migsafe has not seen its making."""
        return self.catalogue.table(name)

    def column(self, table: QualifiedName, column: str) -> Column | None:
        """The column as it is now, or None when migsafe has not seen its making."""
        return self.catalogue.column(table, column)

    def is_new(self, table: QualifiedName) -> bool:
        """Whether this migration made the table: it is empty or filled by the migration, and no code uses it yet."""
        full = self.catalogue.resolve(table)
        if full in self.created:
            return True
        found = self.catalogue.table(full)
        return found is not None and found.temporary

    def is_emptied(self, table: QualifiedName) -> bool:
        """Whether the open transaction has taken every row out of a table, and put none in since."""
        wanted = self.catalogue.resolve(table)
        empty = False
        for done in self.transaction.operations if self.transaction is not None else ():
            if isinstance(done, TruncateTable | Delete | Insert) and self.catalogue.resolve(done.table) == wanted:
                every_row = isinstance(done, Delete) and (done.where is None or done.tautology)
                empty = isinstance(done, TruncateTable) or every_row
        return empty

    def is_partitioned(self, table: QualifiedName) -> bool:
        """Whether it is known to be a partitioned table."""
        found = self.table(table)
        return found is not None and found.partition_by is not None

    def same_statement(self, operation: O) -> tuple[O, ...]:
        """Operations of the same class on the same table in the statement, this one included, in order."""
        return tuple(other for other in self._siblings() if _alike(operation, other))  # type: ignore[misc]  # _alike: same class

    def group(self, operation: O) -> tuple[O, ...]:
        """`same_statement` for the first of them, and nothing for the others: one cause, one finding."""
        alike = self.same_statement(operation)
        return alike if alike and alike[0] is operation else ()

    def rest_of_statement(self, operation: BaseOperation) -> Iterator[Operation]:
        """Operations of the same statement after this one."""
        siblings = self._siblings()
        seen = False
        for other in siblings:
            if seen:
                yield other
            seen = seen or other is operation

    def later(self, operation: BaseOperation) -> Iterator[Operation]:
        """Operations of the script after this one: of its own statement, then of the next ones; DO blocks opened."""
        yield from self.rest_of_statement(operation)
        for statement in self.statements[self.statement_index + 1 :]:
            yield from flatten(statement.operations)

    def position(self, operation: BaseOperation) -> Position:
        """Where in the file an operation stands."""
        return self.script.position(operation.span.start)

    def parameter(self, name: str) -> str | None:
        """The value that a session parameter has now, as text: set by the script, else by the tool's connection."""
        if name in self.parameters:
            return self.parameters[name]
        return self.surroundings.runner_sets.get(name)

    def runner_sets(self, name: str) -> bool:
        """Whether the configuration says that the tool's connection sets a parameter."""
        return name in self.surroundings.runner_sets

    @property
    def in_tool_transaction(self) -> bool:
        """Whether the tool, not the script, opened the transaction."""
        return self.transaction is not None and self.transaction.opened_by != "script"

    @property
    def commits_each_statement(self) -> bool:
        """Whether the tool leaves transactions to the script."""
        return self.script.transaction is TransactionRule.NONE

    def _siblings(self) -> tuple[Operation, ...]:
        if self.code is not None:
            return self.code.operations
        return self.statement.operations if self.statement is not None else ()


def flatten(operations: tuple[Operation, ...]) -> Iterator[Operation]:
    """Operations in the order in which they run, those inside of DO blocks in the place of the block."""
    for operation in operations:
        yield operation
        if isinstance(operation, RunCode):
            yield from flatten(operation.operations)


def _alike(one: BaseOperation, other: BaseOperation) -> bool:
    return type(one) is type(other) and getattr(one, "table", None) == getattr(other, "table", None)


__all__ = [
    "Context",
    "HeldLock",
    "LockMode",
    "OpenTransaction",
    "Surroundings",
    "Work",
    "flatten",
]
