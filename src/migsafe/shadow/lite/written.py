"""What only the SQL of a table says: CHECK, COLLATE, AUTOINCREMENT, DEFERRABLE, and the expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.operation import CheckConstraint, CreateTable, ForeignKey
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.shadow.lite.spelling import spelt

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPTIONS = re.compile(r"\b(?:WITHOUT\s+ROWID|STRICT)\b", re.IGNORECASE)

#: How many tables are remembered: most of them stay as they are from one migration to the next.
_REMEMBERED = 2048


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """Facts of a CREATE TABLE; names are in lower case.

    Attributes:
        understood: false when it could not be read; then the other facts say nothing.
        collations: by column.
        numbered: columns that are AUTOINCREMENT.
        generated: the expressions of generated columns.
        checks: the expressions of all CHECKs, in order.
        deferred: the columns of foreign keys that wait for the end of the transaction.
        options: STRICT, WITHOUT ROWID.
    """

    understood: bool = True
    collations: Mapping[str, str] = field(default_factory=dict)
    numbered: frozenset[str] = frozenset()
    generated: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    deferred: frozenset[tuple[str, ...]] = frozenset()
    options: tuple[str, ...] = ()


@lru_cache(maxsize=_REMEMBERED)
def read_table(sql: str) -> WrittenTable:
    """Read the SQL that SQLite keeps of a table."""
    script = Script(Direction.UP, sql, SourceText("", sql), TransactionRule.NONE, Dialect.SQLITE)
    operations = [operation for statement in read_script(script).statements for operation in statement.operations]
    match operations:
        case [CreateTable() as table]:
            return _facts(table, sql)
        case _:
            return WrittenTable(understood=False)


def _facts(table: CreateTable, sql: str) -> WrittenTable:
    constraints = [*table.constraints, *(c for column in table.columns for c in column.constraints)]
    return WrittenTable(
        collations={column.name: column.collation.lower() for column in table.columns if column.collation},
        numbered=frozenset(column.name for column in table.columns if column.auto_increment),
        generated={c.name: spelt(c.generated.expression.text) for c in table.columns if c.generated},
        checks=tuple(spelt(one.expression.text) for one in constraints if isinstance(one, CheckConstraint)),
        deferred=frozenset(c.columns for c in constraints if isinstance(c, ForeignKey) and c.initially_deferred),
        options=tuple(sorted(spelt(option).upper() for option in _OPTIONS.findall(sql[sql.rfind(")") + 1 :]))),
    )
