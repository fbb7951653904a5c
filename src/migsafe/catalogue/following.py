"""Follows scripts as the database would run them, and keeps the catalogue that they leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.catalogue.catalogue import TEMPORARY_SCHEMA, Catalogue
from migsafe.model.catalogue.replay import apply
from migsafe.model.operation import DropTable, Operation, TransactionControl
from migsafe.model.script import Span, TransactionRule
from migsafe.parse import read_script

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.model.script import Script
    from migsafe.model.statement import ReadScript

#: Whose rules open a transaction before the first statement; what it is called here only says that there is one.
_OPENED_FOR_IT = {TransactionRule.TOOL, TransactionRule.IMPLICIT, TransactionRule.UNLESS_FORBIDDEN}

#: The name under which the beginning of a transaction is remembered; no savepoint has it.
_BEGINNING = ""


class ReadScripts:
    """Reads each script once, though it is asked for twice: while its neighbours are rendered, and to judge it."""

    def __init__(self) -> None:
        self._read: dict[int, ReadScript] = {}

    def read(self, script: Script) -> ReadScript:
        """The script's statements, kept for the next time."""
        if id(script) not in self._read:  # what is kept holds its script: the number stays its own
            self._read[id(script)] = read_script(script)
        return self._read[id(script)]

    def take(self, script: Script) -> ReadScript:
        """The script's statements, for the last time."""
        known = self._read.pop(id(script), None)
        return known or read_script(script)


class Following:
    """A catalogue, and what happens to it; a `CatalogueReader`.

    Scripts are read only when somebody asks what they left behind.
    """

    def __init__(self, catalogue: Catalogue, read: Callable[[Script], ReadScript] = read_script) -> None:
        """
        Args:
            catalogue: what exists at the beginning; it is changed.
            read: how a script is read.
        """
        self._catalogue = catalogue
        self._read = read
        self._waiting: list[Script] = []

    @property
    def catalogue(self) -> Catalogue:
        """What exists now."""
        waiting, self._waiting = self._waiting, []
        for script in waiting:
            self.run(self._read(script))
        return self._catalogue

    def follow(self, script: Script) -> None:
        """Take one more script."""
        self._waiting.append(script)

    def fork(self) -> Following:
        """One that goes its own way from here; what it is given is nobody else's to read again."""
        return Following(self.catalogue.fork())

    def run(self, read: ReadScript) -> None:
        """Take one more script that has been read. What it rolls back has not happened; what is temporary is gone."""
        self._catalogue = _Run(self.catalogue, read).catalogue
        self._catalogue.end_transaction()
        for table in [name for name in self._catalogue.tables if name.schema == TEMPORARY_SCHEMA]:
            apply(self._catalogue, DropTable(span=Span(0, 0), table=table, if_exists=True, cascade=True))


class _Run:
    """One script on its way through."""

    def __init__(self, catalogue: Catalogue, read: ReadScript) -> None:
        self.catalogue = catalogue
        self._open = read.script.transaction in _OPENED_FOR_IT
        self._saved: dict[str, Catalogue] = {}
        operations = [operation for statement in read.statements for operation in statement.operations]
        # A copy is only worth making where something may go back to it.
        self._keeps = any(
            isinstance(one, TransactionControl) and one.action.startswith("rollback") for one in operations
        )
        if self._open:
            self._save(_BEGINNING)
        for operation in operations:
            self._take(operation)

    def _take(self, operation: Operation) -> None:
        apply(self.catalogue, operation)
        if isinstance(operation, TransactionControl):
            self._control(operation)

    def _control(self, operation: TransactionControl) -> None:
        match operation.action:
            case "begin" if not self._open:
                self._open = True
                self._save(_BEGINNING)
            case "commit" | "prepare":
                self._close(operation)
            case "rollback":
                self._restore(_BEGINNING)
                self._close(operation)
            case "savepoint":
                self._save(operation.name or _BEGINNING)
            case "rollback to":
                self._restore(operation.name or _BEGINNING)
            case _:
                pass

    def _close(self, operation: TransactionControl) -> None:
        self._saved.clear()
        self._open = operation.chain
        if operation.chain:
            self._save(_BEGINNING)

    def _save(self, name: str) -> None:
        if self._keeps:
            self._saved[name] = self.catalogue.fork()

    def _restore(self, name: str) -> None:
        if name in self._saved:
            self.catalogue = self._saved[name].fork()
