"""Operations on rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation.base import BaseOperation, TableOperation
from migsafe.model.operation.values import Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert(TableOperation):
    """INSERT, also REPLACE.

    Attributes:
        source: where its rows come from.
        reads: tables that a query source reads.
        bounded: a query source has a LIMIT, or is bounded by a key (see `Update.bounded`).
        literals: string constants in it, for example to see whether a new enum value is used.
        returning_star: RETURNING *.
    """

    columns: tuple[str, ...] = ()
    source: Literal["values", "query", "default"]
    reads: tuple[QualifiedName, ...] = ()
    bounded: bool = False
    literals: frozenset[str] = frozenset()
    on_conflict: bool = False
    conflict_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(TableOperation):
    """UPDATE.

    Attributes:
        columns: those that it assigns.
        where: None when there is none.
        tautology: the WHERE is always true (`WHERE TRUE`, `1 = 1`).
        bounded: its rows are limited by a loop that commits each time, by a LIMIT, or by a literal comparison of some
            column for equality, IN or a range that does not merely filter by state (`IS NULL`, `<>`, `NOT`, comparison
            with another column).
        compared: columns that the WHERE compares with literals by =, IN, BETWEEN or a range.
        reads: other tables that it reads.
    """

    columns: tuple[str, ...] = ()
    where: Expression | None = None
    tautology: bool = False
    bounded: bool = False
    compared: tuple[str, ...] = ()
    reads: tuple[QualifiedName, ...] = ()
    literals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(TableOperation):
    """DELETE; the attributes are those of `Update`."""

    where: Expression | None = None
    tautology: bool = False
    bounded: bool = False
    compared: tuple[str, ...] = ()
    reads: tuple[QualifiedName, ...] = ()
    literals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge(TableOperation):
    """MERGE INTO."""

    reads: tuple[QualifiedName, ...] = ()
    literals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(BaseOperation):
    """SELECT, VALUES, TABLE, or WITH … SELECT.

    Attributes:
        reads: tables that it reads.
        functions: folded names of the functions that it calls.
        locks_rows: FOR UPDATE, FOR SHARE and their like.
    """

    reads: tuple[QualifiedName, ...] = ()
    functions: tuple[str, ...] = ()
    locks_rows: bool = False
    literals: frozenset[str] = frozenset()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRows(BaseOperation):
    """COPY; `table` is None for COPY (query) TO."""

    table: QualifiedName | None
    into_table: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyze(BaseOperation):
    """ANALYZE, one per table that it names; `table` is None for the whole database."""

    table: QualifiedName | None
    columns: tuple[str, ...] = ()
