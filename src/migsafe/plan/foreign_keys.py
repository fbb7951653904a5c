"""Foreign keys as statements: dropped one by one, and made again without a scan under a strong lock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.model.operation import ForeignKey, ReferentialAction
from migsafe.plan.sql import quoted, quoted_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.catalogue import Catalogue, Table
    from migsafe.plan.targets import TableTarget


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A foreign key of a table.

    Attributes:
        table: whose it is, as SQL should write it.
        definition: its columns and what it does; `definition.referenced_table` as SQL should write it.
        validated: all rows are known to obey.
    """

    table: QualifiedName
    name: str
    definition: ForeignKey
    validated: bool

    @property
    def drop(self) -> str:
        """ACCESS EXCLUSIVE on both tables, for a moment."""
        return f"ALTER TABLE {self.table} DROP CONSTRAINT IF EXISTS {quoted(self.name)};"

    @property
    def restore(self) -> tuple[str, ...]:
        """Statements that make it again, each in its own transaction."""
        add = f"ALTER TABLE {self.table} ADD CONSTRAINT {quoted(self.name)} {spell(self.definition)} NOT VALID;"
        validate = f"ALTER TABLE {self.table} VALIDATE CONSTRAINT {quoted(self.name)};"
        return (add, validate) if self.validated else (add,)


def spell(key: ForeignKey) -> str:
    """A foreign key without its name."""
    referenced = f" ({quoted_list(key.referenced_columns)})" if key.referenced_columns else ""
    words = [f"FOREIGN KEY ({quoted_list(key.columns)}) REFERENCES {key.referenced_table}{referenced}"]
    for event, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update)):
        if action is not ReferentialAction.NO_ACTION:
            words.append(f"ON {event} {action.value.upper()}")
    if key.deferrable or key.initially_deferred:
        words.append("DEFERRABLE INITIALLY DEFERRED" if key.initially_deferred else "DEFERRABLE")
    return " ".join(words)


def spell_over(key: ForeignKey, column: str, referenced: str) -> str:
    """A foreign key of one column, over other columns than its own."""
    return spell(replace(key, columns=(column,), referenced_columns=(referenced,)))


def keys_of(on: TableTarget, catalogue: Catalogue) -> tuple[NamedKey, ...]:
    """Foreign keys that go out of a table, to itself too."""
    return tuple(_keys(on.table, on, catalogue))


def keys_to(on: TableTarget, catalogue: Catalogue) -> tuple[NamedKey, ...]:
    """Foreign keys of other tables that point at a table."""
    full = on.table.name
    found = (
        key
        for table in sorted(catalogue.referencing(full), key=lambda one: one.name)
        for key in _keys(table, on, catalogue)
    )
    return tuple(key for key in found if catalogue.resolve(key.definition.referenced_table) == full)


def _keys(table: Table, on: TableTarget, catalogue: Catalogue) -> Iterator[NamedKey]:
    for name, constraint in sorted(table.constraints.items()):
        key = constraint.definition
        if isinstance(key, ForeignKey) and not constraint.inherited:
            other = on.spelt(catalogue.resolve(key.referenced_table))
            yield NamedKey(on.spelt(table.name), name, replace(key, referenced_table=other), constraint.validated)
