"""Operations on code that the database keeps, and code that a migration runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation.base import BaseOperation, TableOperation
from migsafe.model.script import Span

if TYPE_CHECKING:
    from migsafe.model.operation import Operation


@dataclass(frozen=True, slots=True)
class OpaqueCode:
    """A piece of code that migsafe cannot see through: where, and why."""

    span: Span
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFunction(BaseOperation):
    """CREATE [OR REPLACE] FUNCTION or PROCEDURE. Its body runs later, so its statements are no operations here.

    Attributes:
        arguments: the argument types, folded text, without names, modes and defaults.
        search_path_set: has a SET search_path clause.
        references: folded words of its body that could be names of tables and columns.
        fills: columns of the new row that it assigns (`NEW.c := …`), where it is a trigger's.
    """

    name: QualifiedName
    language: str | None = None
    body: str | None = None
    arguments: tuple[str, ...] = ()
    or_replace: bool = False
    procedure: bool = False
    security_definer: bool = False
    search_path_set: bool = False
    volatility: Literal["immutable", "stable", "volatile"] = "volatile"
    references: frozenset[str] = frozenset()
    fills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFunction(BaseOperation):
    """DROP FUNCTION, PROCEDURE, ROUTINE or AGGREGATE, one per object; `arguments` is None when left out."""

    name: QualifiedName
    kind: Literal["function", "procedure", "routine", "aggregate"] = "function"
    arguments: tuple[str, ...] | None = None
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterFunction(BaseOperation):
    """ALTER FUNCTION, PROCEDURE or ROUTINE options (not RENAME, OWNER, SET SCHEMA)."""

    name: QualifiedName
    security_definer: bool | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTrigger(TableOperation):
    """CREATE [CONSTRAINT] TRIGGER.

    Attributes:
        events: lower-case words: insert, update, delete, truncate.
        update_columns: after UPDATE OF.
        function: what it executes; None where the dialect has the body in place.
    """

    name: str
    timing: Literal["before", "after", "instead of"]
    events: tuple[str, ...]
    update_columns: tuple[str, ...] = ()
    function: QualifiedName | None = None
    or_replace: bool = False
    if_not_exists: bool = False
    constraint: bool = False
    deferrable: bool = False
    initially_deferred: bool = False
    row_level: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTrigger(TableOperation):
    """DROP TRIGGER. In MySQL and SQLite the table is not said: `table` has an empty name then."""

    name: str
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToggleTrigger(TableOperation):
    """ENABLE or DISABLE TRIGGER (or RULE); `trigger` is "all" or "user" for those."""

    trigger: str
    enable: bool
    mode: Literal["origin", "replica", "always"] = "origin"
    rule: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRule(TableOperation):
    """CREATE [OR REPLACE] RULE."""

    name: str
    or_replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCode(BaseOperation):
    """Code that runs as part of the migration: DO, CALL, a MySQL BEGIN … END.

    Attributes:
        operations: what could be read inside, in textual order, with exact spans; whether a branch is taken is unknown.
        opaque: what could not.
        conditional: there are branches, loops or exception handlers around the operations.
    """

    form: Literal["do", "call", "execute"]
    language: str | None = None
    body: str | None = None
    operations: tuple[Operation, ...] = ()
    opaque: tuple[OpaqueCode, ...] = ()
    conditional: bool = False
