"""Rows that go although nothing in the migration names them.

With foreign keys enforced, DROP TABLE deletes the rows first, and the actions of foreign keys run (sqlite.org/
foreignkeys.html, 5 "CREATE, ALTER and DROP TABLE commands"): a table that is rebuilt by "move and copy" takes the rows
of its children with it. PRAGMA foreign_keys = off does nothing inside of a transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from migsafe.model.operation import DropTable
from migsafe.sqlite.schema import read_schema

if TYPE_CHECKING:
    from migsafe.model.statement import ReadScript, Statement
    from migsafe.sqlite.connection import Database

_Rows: TypeAlias = Counter[tuple[Any, ...]]

#: How often each row is in a table, by the table's name.
TableRows: TypeAlias = Mapping[str, _Rows]


class RowsLost(NamedTuple):
    """Tables of which a script loses rows, and the statement that most likely did it.

    Attributes:
        emptied: tables that have fewer rows.
        cleared: tables in whose rows values have become NULL.
    """

    statement: Statement | None
    emptied: tuple[str, ...]
    cleared: tuple[str, ...]


def read_rows(database: Database) -> TableRows:
    """All rows of all tables; only generated ones and those of the migrations are there."""
    found = {}
    for table in read_schema(database).tables:
        if not table.virtual:
            found[table.name] = Counter(database.query_with_names("select * from {t}", names={"t": table.name}))
    return found


def rows_lost(read: ReadScript, before: TableRows, after: TableRows) -> RowsLost | None:
    """What a script took from tables that no statement of it names."""
    named = {_name(operation) for statement in read.statements for operation in statement.operations}
    untouched = [table for table in before if table in after and table.lower() not in named]
    emptied = tuple(table for table in untouched if after[table].total() < before[table].total())
    cleared = tuple(t for t in untouched if t not in emptied and _nulls(after[t]) > _nulls(before[t]))
    if not emptied and not cleared:
        return None
    drops = (s for s in read.statements if any(isinstance(operation, DropTable) for operation in s.operations))
    return RowsLost(next(drops, None), emptied, cleared)


def _name(operation: object) -> str:
    """The table that an operation is on, or an empty text."""
    table = getattr(operation, "table", None)
    return str(getattr(table, "name", ""))


def _nulls(rows: _Rows) -> int:
    return sum(count * sum(value is None for value in row) for row, count in rows.items())
