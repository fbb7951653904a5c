"""What a person names on the command line, found in the catalogue; or refused in one clear line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.config.nearest import did_you_mean
from migsafe.errors import UsageError
from migsafe.model.names import QualifiedName
from migsafe.model.operation import PrimaryKey
from migsafe.plan.recipe import PlanRefusedError
from migsafe.plan.sql import split_name

if TYPE_CHECKING:
    from migsafe.model.catalogue import Catalogue, Column, Table, Trigger


@dataclass(frozen=True, slots=True)
class TableTarget:
    """A table.

    Attributes:
        name: as SQL should write it: with a schema only where the person said one.
        table: as the migrations leave it; its own name always has a schema.
    """

    name: QualifiedName
    table: Table

    @property
    def schema(self) -> str:
        """The schema that it is in."""
        return self.table.name.schema or "public"

    def beside(self, name: str) -> QualifiedName:
        """The name of an object of the same schema, written the same way."""
        return self.name.renamed(name)

    def spelt(self, other: QualifiedName) -> QualifiedName:
        """Another table's name: without a schema where it is in the same one and the person said none."""
        same = self.name.schema is None and other.schema == self.table.name.schema
        return other.moved(None) if same else other


@dataclass(frozen=True, slots=True)
class ColumnTarget:
    """A column of a table."""

    on: TableTarget
    column: Column

    @property
    def name(self) -> str:
        """The column's own name, not quoted."""
        return self.column.name

    def __str__(self) -> str:
        return f"{self.on.name}.{QualifiedName(self.column.name)}"


def find_table(text: str, catalogue: Catalogue) -> TableTarget:
    """The table that a person means: `users`, `app.users`, `"Users"`.

    Raises:
        UsageError: when it is no name.
        PlanRefusedError: when the migrations build no such table, or it is no ordinary table.
    """
    parts = split_name(text)
    if parts is None or len(parts) > 2:
        raise UsageError(f'"{text}" is no name of a table', hint="write table, or schema.table")
    return _table(QualifiedName(parts[-1], parts[0] if len(parts) == 2 else None), catalogue)


def find_column(text: str, catalogue: Catalogue) -> ColumnTarget:
    """The column that a person means: `users.name`, `app.users.name`.

    Raises:
        UsageError: when it is no name of a column.
        PlanRefusedError: when the migrations build no such column.
    """
    parts = split_name(text)
    if parts is None or not 2 <= len(parts) <= 3:
        raise UsageError(f'"{text}" is no name of a column', hint="write table.column, or schema.table.column")
    on = _table(QualifiedName(parts[-2], parts[0] if len(parts) == 3 else None), catalogue)
    return ColumnTarget(on, column_of(on, parts[-1]))


def column_of(on: TableTarget, name: str) -> Column:
    """A column by its exact name.

    Raises:
        PlanRefusedError: when there is none.
    """
    found = on.table.columns.get(name)
    if found is None:
        hint = did_you_mean(name, on.table.columns, otherwise="migsafe catalogue shows what the migrations build")
        raise PlanRefusedError(f"the migrations build no column {name} in {on.name}", hint=hint)
    return found


def new_column_name(text: str, on: TableTarget) -> str:
    """A name for a column that is not there yet.

    Raises:
        UsageError: when it is no name.
        PlanRefusedError: when the table has a column of that name.
    """
    parts = split_name(text)
    if parts is None or len(parts) != 1:
        raise UsageError(f'"{text}" is no name of a column', hint="write the bare name of the new column")
    if parts[0] in on.table.columns:
        raise PlanRefusedError(f"{on.name} has a column {parts[0]} already", hint="choose another name")
    return parts[0]


def key_of(on: TableTarget, catalogue: Catalogue) -> tuple[str, ...]:
    """Columns by which rows can be walked through: the primary key, else a unique key without NULLs.

    Raises:
        PlanRefusedError: when there is none.
    """
    for constraint in on.table.constraints.values():
        if isinstance(constraint.definition, PrimaryKey):
            return constraint.definition.columns
    for index in catalogue.indexes_of(on.table.name):
        whole = index.where is None and len(index.columns) == len(index.elements) and index.valid
        if index.unique and whole and not any(on.table.columns[name].nullable for name in index.columns):
            return index.columns
    raise PlanRefusedError(
        f"{on.name} has no primary key and no unique key without NULLs, so its rows cannot be written in batches",
        hint=f"add a primary key to {on.name} first",
    )


def before_triggers(on: TableTarget) -> tuple[Trigger, ...]:
    """The enabled row triggers that fire before a row is written, in the order in which they fire."""
    triggers = on.table.triggers.values()
    mine = (one for one in triggers if one.timing == "before" and one.row_level and one.enabled)
    return tuple(sorted(mine, key=lambda one: one.name))


def _table(name: QualifiedName, catalogue: Catalogue) -> TableTarget:
    found = catalogue.table(name)
    if found is None:
        known = list(dict.fromkeys(str(one) if name.schema else one.name for one in catalogue.tables))
        hint = did_you_mean(str(name), known, otherwise="migsafe catalogue shows what the migrations build")
        raise PlanRefusedError(f"the migrations build no table {name}", hint=hint)
    if found.foreign or found.temporary:
        raise PlanRefusedError(f"{name} is a {'foreign' if found.foreign else 'temporary'} table")
    return TableTarget(name, found)
