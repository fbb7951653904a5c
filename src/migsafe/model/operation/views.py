"""Operations on views."""

from __future__ import annotations

from dataclasses import dataclass

from migsafe.model.names import QualifiedName
from migsafe.model.operation.base import BaseOperation


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column that a query names; `table` is None where the query does not say which of its tables has it."""

    column: str
    table: QualifiedName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateView(BaseOperation):
    """CREATE [OR REPLACE] [MATERIALIZED] VIEW.

    Attributes:
        query: its text.
        reads: tables and views that the query reads.
        uses: columns that the query names.
        star: the query has a `*`, so that it uses every column of its tables.
        understood: false when the query could not be read; then `reads` and `uses` may lack something.
        columns: output column names, where they can be told.
    """

    view: QualifiedName
    query: str
    or_replace: bool = False
    if_not_exists: bool = False
    materialized: bool = False
    temporary: bool = False
    with_data: bool = True
    reads: tuple[QualifiedName, ...] = ()
    uses: tuple[ColumnUse, ...] = ()
    star: bool = False
    understood: bool = True
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DropView(BaseOperation):
    """DROP [MATERIALIZED] VIEW, one per view that it names."""

    view: QualifiedName
    materialized: bool = False
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshMaterializedView(BaseOperation):
    """REFRESH MATERIALIZED VIEW."""

    view: QualifiedName
    concurrently: bool = False
    with_data: bool = True
