"""Column definitions (MySQL 8.4 manual, 15.1.20 "CREATE TABLE Statement", `column_definition`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from migsafe.model.operation import (
    CheckConstraint,
    ColumnDefinition,
    Constraint,
    DataType,
    Expression,
    Generated,
    PrimaryKey,
    UniqueConstraint,
)
from migsafe.parse.expressions import read_expression
from migsafe.parse.mysql.constraints import read_check, read_references
from migsafe.parse.mysql.cursor import MySqlCursor
from migsafe.parse.mysql.types import read_type

_ATTRIBUTE_WORDS = frozenset(
    {
        "NOT", "NULL", "DEFAULT", "VISIBLE", "INVISIBLE", "AUTO_INCREMENT", "UNIQUE", "PRIMARY", "KEY", "COMMENT",
        "COLLATE", "COLUMN_FORMAT", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "STORAGE", "REFERENCES",
        "CONSTRAINT", "CHECK", "GENERATED", "AS", "VIRTUAL", "STORED", "PERSISTENT", "ON", "FIRST", "AFTER", "SRID",
        "REF_SYSTEM_ID", "WITH", "WITHOUT", "CHARACTER", "CHARSET", "COMPRESSED", "SERIAL",
    }
)  # fmt: skip
_VALUED_OPTIONS = (
    "COLUMN_FORMAT",
    "ENGINE_ATTRIBUTE",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "STORAGE",
    "SRID",
    "REF_SYSTEM_ID",
)


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """A column definition, and where among the columns it goes: "first", "after id", or None for the end."""

    definition: ColumnDefinition
    position: str | None = None


@dataclass(slots=True)
class _Draft:
    """A column definition while it is read."""

    name: str
    type: DataType
    collation: str | None
    not_null: bool = False
    null: bool = False
    default: Expression | None = None
    generated: Generated | None = None
    auto_increment: bool = False
    on_update: Expression | None = None
    comment: str | None = None
    constraints: list[Constraint] = field(default_factory=list)

    def definition(self) -> ColumnDefinition:
        return ColumnDefinition(
            name=self.name,
            type=self.type,
            not_null=self.not_null,
            null=self.null,
            default=self.default,
            generated=self.generated,
            collation=self.collation,
            constraints=tuple(self.constraints),
            auto_increment=self.auto_increment,
            on_update=self.on_update,
            comment=self.comment,
        )


def read_column(cursor: MySqlCursor) -> PlacedColumn:
    """A name, a type, its attributes and, in an ALTER TABLE, FIRST or AFTER.

    `collation` holds the character set where the SQL names that alone: it decides the collation.
    """
    name = cursor.identifier()
    data_type, character_set = read_type(cursor)
    draft = _Draft(name, data_type, character_set)
    if data_type.name == "serial":
        draft.not_null = draft.auto_increment = True
        draft.constraints.append(UniqueConstraint(columns=(name,)))
    while not cursor.at_end and _take_attribute(cursor, draft):
        pass
    return PlacedColumn(draft.definition(), _position(cursor))


def _position(cursor: MySqlCursor) -> str | None:
    if cursor.take("FIRST"):
        return "first"
    return f"after {cursor.identifier()}" if cursor.take("AFTER") else None


def read_value(cursor: MySqlCursor) -> Expression:
    """A default, or what ON UPDATE sets: up to the next attribute of the column."""
    return read_expression(cursor.until(lambda: cursor.sees_any(_ATTRIBUTE_WORDS)))


def _take_attribute(cursor: MySqlCursor, draft: _Draft) -> bool:
    word = cursor.word()
    take = _ATTRIBUTES.get(word)
    if take is not None:
        return take(cursor, draft)
    if word in _VALUED_OPTIONS:
        cursor.at += 1
        cursor.option_value()
        return True
    return bool(cursor.take_any("VISIBLE", "INVISIBLE", "COMPRESSED")) or _take_system_versioning(cursor)


def _take_system_versioning(cursor: MySqlCursor) -> bool:
    return cursor.take("WITH", "SYSTEM", "VERSIONING") or cursor.take("WITHOUT", "SYSTEM", "VERSIONING")


def _not(cursor: MySqlCursor, draft: _Draft) -> bool:
    if cursor.take("NOT", "NULL"):
        draft.not_null = True
        return True
    return cursor.take("NOT", "SECONDARY")


def _null(cursor: MySqlCursor, draft: _Draft) -> bool:
    cursor.expect("NULL")
    draft.null = True
    return True


def _default(cursor: MySqlCursor, draft: _Draft) -> bool:
    cursor.expect("DEFAULT")
    draft.default = read_value(cursor)
    return True


def _serial_default(cursor: MySqlCursor, draft: _Draft) -> bool:
    cursor.expect("SERIAL", "DEFAULT", "VALUE")
    draft.not_null = draft.auto_increment = True
    draft.constraints.append(UniqueConstraint(columns=(draft.name,)))
    return True


def _auto_increment(cursor: MySqlCursor, draft: _Draft) -> bool:
    cursor.expect("AUTO_INCREMENT")
    draft.auto_increment = True
    return True


def _unique(cursor: MySqlCursor, draft: _Draft) -> bool:
    cursor.expect("UNIQUE")
    cursor.take("KEY")
    draft.constraints.append(UniqueConstraint(columns=(draft.name,)))
    return True


def _key(cursor: MySqlCursor, draft: _Draft) -> bool:
    cursor.take("PRIMARY")
    cursor.expect("KEY")
    draft.constraints.append(PrimaryKey(columns=(draft.name,)))
    return True


def _comment(cursor: MySqlCursor, draft: _Draft) -> bool:
    cursor.expect("COMMENT")
    draft.comment = cursor.string()
    return True


def _collate(cursor: MySqlCursor, draft: _Draft) -> bool:
    cursor.expect("COLLATE")
    draft.collation = cursor.option_value()
    return True


def _character_set(cursor: MySqlCursor, draft: _Draft) -> bool:
    if not cursor.take("CHARACTER", "SET"):
        cursor.expect("CHARSET")
    draft.collation = cursor.option_value()
    return True


def _generated(cursor: MySqlCursor, draft: _Draft) -> bool:
    cursor.take("GENERATED", "ALWAYS")
    cursor.expect("AS")
    if cursor.take("ROW"):
        cursor.expect_any("START", "END")
        return True
    expression = read_expression(cursor.group())
    draft.generated = Generated(
        expression, stored=cursor.take_any("VIRTUAL", "STORED", "PERSISTENT") not in (None, "VIRTUAL")
    )
    return True


def _on_update(cursor: MySqlCursor, draft: _Draft) -> bool:
    cursor.expect("ON", "UPDATE")
    draft.on_update = read_value(cursor)
    return True


def _references(cursor: MySqlCursor, draft: _Draft) -> bool:
    draft.constraints.append(read_references(cursor, None, (draft.name,)))
    return True


def _check(cursor: MySqlCursor, draft: _Draft) -> bool:
    name = None
    if cursor.take("CONSTRAINT"):
        name = None if cursor.sees("CHECK") else cursor.identifier()
    constraint: CheckConstraint = read_check(cursor, name)
    draft.constraints.append(constraint)
    return True


_ATTRIBUTES: dict[str, Callable[[MySqlCursor, _Draft], bool]] = {
    "NOT": _not,
    "NULL": _null,
    "DEFAULT": _default,
    "SERIAL": _serial_default,
    "AUTO_INCREMENT": _auto_increment,
    "UNIQUE": _unique,
    "PRIMARY": _key,
    "KEY": _key,
    "COMMENT": _comment,
    "COLLATE": _collate,
    "CHARACTER": _character_set,
    "CHARSET": _character_set,
    "GENERATED": _generated,
    "AS": _generated,
    "ON": _on_update,
    "REFERENCES": _references,
    "CONSTRAINT": _check,
    "CHECK": _check,
}
