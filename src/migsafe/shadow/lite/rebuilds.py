"""Tables that are built anew and get the old one's rows: "move and copy", SQLite's way to change what ALTER cannot.

The statements may be spread over several migrations (some tools keep one in each file).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.operation import CreateTable, DropTable, Insert, RenameTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.operation import Operation
    from migsafe.model.statement import Statement
    from migsafe.shadow.migration import ShadowMigration


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One copy of all rows of a table.

    Attributes:
        migration: that which copies.
        statement: the INSERT … SELECT.
        table: the name that the table has at last.
    """

    migration: ShadowMigration
    statement: Statement
    table: str


@dataclass(slots=True)
class _Copy:
    """A copy that is a rebuild once the new table bears the old one's name, and the old one is gone."""

    migration: ShadowMigration
    statement: Statement
    old: str
    new: str
    names: set[str]
    dropped: bool = False


def find_rebuilds(migrations: Iterable[ShadowMigration]) -> Iterator[Rebuild]:
    """All rebuilds that the ways up finish, in the order in which they finish."""
    copies: list[_Copy] = []
    former: dict[str, set[str]] = {}
    for migration in migrations:
        for statement in migration.up.statements if migration.up is not None else ():
            for operation in statement.operations:
                copies += _begun(operation, migration, statement, former)
                _follow(operation, copies, former)
            for copy in [one for one in copies if one.dropped and one.new in one.names]:
                copies.remove(copy)
                # It has come back to its name: how it was called meanwhile says nothing of the next rebuild.
                former.pop(copy.new, None)
                yield Rebuild(copy.migration, copy.statement, copy.new)


def _begun(
    operation: Operation, migration: ShadowMigration, statement: Statement, former: dict[str, set[str]]
) -> Iterator[_Copy]:
    match operation:
        case Insert(source="query", table=table, reads=reads):
            sources = {read.name for read in reads} - {table.name}
        case CreateTable(query=str(), table=table, reads=reads):
            sources = {read.name for read in reads}
        case _:
            return
    for old in sorted(sources):
        yield _Copy(migration, statement, old, table.name, {old} | former.get(old, set()))


def _follow(operation: Operation, copies: list[_Copy], former: dict[str, set[str]]) -> None:
    match operation:
        case RenameTable(table=table, new_name=new_name):
            former[new_name.name] = {table.name, *former.pop(table.name, set())}
            for copy in copies:
                copy.old = new_name.name if copy.old == table.name else copy.old
                copy.new = new_name.name if copy.new == table.name else copy.new
        case DropTable(table=table):
            former.pop(table.name, None)
            copies[:] = [copy for copy in copies if copy.new != table.name]
            for copy in copies:
                copy.dropped = copy.dropped or copy.old == table.name
        case _:
            pass
