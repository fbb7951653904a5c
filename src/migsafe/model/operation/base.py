"""What every operation has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from migsafe.model.names import QualifiedName
from migsafe.model.script import Span

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseOperation:
    """One thing that a statement does to the database.

    Attributes:
        span: the part of the script's text that says it: the action of an ALTER TABLE, else the whole statement.
    """

    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOperation(BaseOperation):
    """An operation on one table.

    Attributes:
        table: the table, or the view, index or sequence that ALTER TABLE accepts in its place.
        if_exists: `ALTER TABLE IF EXISTS`, `DROP TABLE IF EXISTS`: silently nothing when the table is missing.
        only: `ONLY`: not its partitions and children.
    """

    table: QualifiedName
    if_exists: bool = False
    only: bool = False


def operation_name(operation: BaseOperation) -> str:
    """The operation's class as kebab-case, for example `create-index`."""
    return _WORD_START.sub("-", type(operation).__name__).lower()
