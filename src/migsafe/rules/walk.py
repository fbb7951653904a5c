"""Walks through one script as the database would run it, and keeps the context that rules look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import apply
from migsafe.model.dialect import Dialect, ServerVersion
from migsafe.model.locks import LockClaim
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddEnumValue,
    CreateTable,
    CreateView,
    DropTable,
    Operation,
    RenameTable,
    RunCode,
    SetParameter,
    SetSchema,
    TransactionControl,
)
from migsafe.model.script import Span, TransactionRule
from migsafe.model.statement import ReadScript, Statement
from migsafe.rules.context import Context, HeldLock, OpenTransaction, Surroundings, flatten
from migsafe.rules.events import EndOfScript
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.knowledge.transaction_block import refused_in_transaction

Step = Operation | EndOfScript


class ScriptWalk:
    """One run through a script.

    Iterating gives each operation while `context` still shows the world before it; DO blocks come first as a whole,
    then operation by operation. `EndOfScript` comes last. The catalogue that was given is changed along the way, or
    left for an earlier copy by a ROLLBACK: `context.catalogue` is what the script leaves behind.
    """

    def __init__(
        self,
        script: ReadScript,
        *,
        migration: str,
        catalogue: Catalogue,
        server: ServerVersion,
        surroundings: Surroundings,
        checksummed: bool = False,
        tool: str = "plain",
    ) -> None:
        self._read = script
        self.context = Context(
            script=script.script,
            migration=migration,
            catalogue=catalogue,
            server=server,
            surroundings=surroundings,
            statements=script.statements,
            checksummed=checksummed,
            tool=tool,
        )
        self._local: dict[str, str | None] = {}
        self._saved: dict[str, Catalogue] = {}
        self._temporary: list[QualifiedName] = []
        self._can_roll_back = any(
            isinstance(operation, TransactionControl) and operation.action.startswith("rollback")
            for statement in script.statements
            for operation in statement.operations
        )

    def __iter__(self) -> Iterator[Step]:
        opened_by = _opened_by(self._read)
        if opened_by is not None:
            self._open(OpenTransaction(opened_by))
        for index, statement in enumerate(self._read.statements):
            self.context.statement = statement
            self.context.statement_index = index
            yield from self._run(statement)
        if self.context.transaction is not None and self.context.transaction.opened_by != "script":
            self.context.catalogue.end_transaction()
        for table in self._temporary:
            apply(self.context.catalogue, DropTable(span=Span(0, 0), table=table, if_exists=True))
        end = len(self._read.script.text)
        self.context.statement = None
        yield EndOfScript(span=Span(end, end))

    def _run(self, statement: Statement) -> Iterator[Operation]:
        taken: list[tuple[LockClaim, Operation]] = []
        for operation in statement.operations:
            yield operation
            if isinstance(operation, RunCode):
                yield from self._run_code(operation)
                self._remember(operation)
                continue
            taken.extend((claim, operation) for claim in self._claims(operation))
            self._apply(operation)
        self._hold(taken)

    def _run_code(self, code: RunCode) -> Iterator[Operation]:
        """The operations inside run one after the other, though the block is one statement."""
        outer = self.context.code
        self.context.code = code
        for operation in code.operations:
            yield operation
            if isinstance(operation, RunCode):
                yield from self._run_code(operation)
                continue
            claims = [(claim, operation) for claim in self._claims(operation)]
            self._apply(operation)
            self._hold(claims)
        self.context.code = outer

    def _claims(self, operation: Operation) -> tuple[LockClaim, ...]:
        if self.context.transaction is None or self.context.dialect is not Dialect.POSTGRES:
            return ()
        return tuple(
            claim for claim in locks(operation, self.context.catalogue) if not self.context.is_new(claim.table)
        )

    def _hold(self, taken: Sequence[tuple[LockClaim, Operation]]) -> None:
        transaction = self.context.transaction
        if transaction is not None:
            transaction.held.extend(
                HeldLock(claim, operation, self.context.position(operation)) for claim, operation in taken
            )

    def _apply(self, operation: Operation) -> None:
        """What the operation leaves behind: in the session, in the transaction, in the catalogue."""
        match operation:
            case TransactionControl():
                self._control(operation)
            case SetParameter():
                self._set(operation)
                apply(self.context.catalogue, operation)
            case _:
                self._track_new(operation)
                apply(self.context.catalogue, operation)
        self._remember(operation)

    def _remember(self, operation: Operation) -> None:
        self.context.earlier.append(operation)
        if self.context.transaction is not None:
            self.context.transaction.operations.append(operation)
            if isinstance(operation, AddEnumValue):
                self.context.transaction.enum_values.append(operation)

    def _track_new(self, operation: Operation) -> None:
        context, catalogue = self.context, self.context.catalogue
        match operation:
            case CreateTable() if not (operation.if_not_exists and catalogue.table(operation.table)):
                self._made(operation)
            case CreateView(materialized=True) if catalogue.view(operation.view) is None:
                name = catalogue.creation_name(operation.view)
                context.created.add(name)
                context.created_in_transaction.add(name)
            case RenameTable() if context.is_new(operation.table):
                old = catalogue.resolve(operation.table)
                new = old.renamed(operation.new_name.name)
                for created in (context.created, context.created_in_transaction):
                    if old in created:
                        created.discard(old)
                        created.add(new)
            case SetSchema() if context.is_new(operation.name):
                context.created.add(catalogue.resolve(operation.name).moved(operation.schema))
            case DropTable():
                context.created.discard(catalogue.resolve(operation.table))
            case _:
                pass

    def _made(self, operation: CreateTable) -> None:
        name = self.context.catalogue.creation_name(operation.table, temporary=operation.temporary)
        self.context.created.add(name)
        self.context.created_in_transaction.add(name)
        if operation.temporary:
            self._temporary.append(name)

    def _set(self, operation: SetParameter) -> None:
        parameters = self.context.parameters
        value = ", ".join(operation.values) if operation.values else None
        if operation.local:
            if self.context.transaction is None:
                return
            self._local.setdefault(operation.name, parameters.get(operation.name))
        parameters[operation.name] = value

    def _control(self, operation: TransactionControl) -> None:
        match operation.action:
            case "begin":
                if self.context.transaction is None or self.context.transaction.opened_by == "server":
                    self._open(OpenTransaction("script", operation))
            case "commit" | "prepare":
                self._close(operation)
            case "rollback":
                self._restore("")
                self._close(operation)
            case "savepoint" if self._can_roll_back:
                self._saved[operation.name or ""] = self.context.catalogue.fork()
            case "rollback to":
                self._restore(operation.name or "")
            case _:
                pass

    def _open(self, transaction: OpenTransaction) -> None:
        self.context.transaction = transaction
        self.context.created_in_transaction.clear()
        if self._can_roll_back:
            self._saved[""] = self.context.catalogue.fork()

    def _close(self, operation: TransactionControl) -> None:
        self.context.transaction = None
        self.context.created_in_transaction.clear()
        for name, value in self._local.items():
            if value is None:
                self.context.parameters.pop(name, None)
            else:
                self.context.parameters[name] = value
        self._local.clear()
        if operation.chain:
            self._open(OpenTransaction("script", operation))
        elif self._read.script.transaction is TransactionRule.IMPLICIT:
            self._open(OpenTransaction("server"))

    def _restore(self, savepoint: str) -> None:
        saved = self._saved.get(savepoint)
        if saved is not None:
            self.context.catalogue = saved.fork()


def _opened_by(read: ReadScript) -> Literal["tool", "server"] | None:
    """Who opens a transaction before the first statement, if somebody does."""
    match read.script.transaction:
        case TransactionRule.TOOL:
            return "tool"
        case TransactionRule.IMPLICIT:
            return "server" if len(read.statements) > 1 else None
        case TransactionRule.UNLESS_FORBIDDEN:
            every = (op for statement in read.statements for op in flatten(statement.operations))
            return None if any(refused_in_transaction(operation) for operation in every) else "tool"
        case _:
            return None
