"""Operations on indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation.base import BaseOperation, TableOperation
from migsafe.model.operation.values import Expression, IndexElement


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIndex(TableOperation):
    """CREATE INDEX, or MySQL's ADD INDEX.

    Attributes:
        name: None where the database makes one up.
        only: `ON ONLY`: not on the partitions; the index stays invalid until they are attached.
    """

    name: str | None
    elements: tuple[IndexElement, ...]
    unique: bool = False
    concurrently: bool = False
    if_not_exists: bool = False
    method: str | None = None
    include: tuple[str, ...] = ()
    where: Expression | None = None
    nulls_not_distinct: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The plain columns among the keys."""
        return tuple(element.column for element in self.elements if element.column is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndex(BaseOperation):
    """DROP INDEX, one per index that it names; `table` only where the dialect names it (MySQL)."""

    index: QualifiedName
    table: QualifiedName | None = None
    concurrently: bool = False
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reindex(BaseOperation):
    """REINDEX; `target` is None for SYSTEM or DATABASE without a name."""

    kind: Literal["index", "table", "schema", "database", "system"]
    target: QualifiedName | None
    concurrently: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachIndexPartition(BaseOperation):
    """ALTER INDEX … ATTACH PARTITION."""

    index: QualifiedName
    partition: QualifiedName
