"""What a change of a column's type costs.

Postgres: each case was run on 18.6 and judged by whether the table got another relfilenode; the rules behind it are the
binary-coercible casts of `pg_cast`, and the support functions of varchar, numeric, varbit and the date/time types
(manual, ALTER TABLE, "Notes"). MySQL: 8.4 manual, 17.12.1 "Online DDL Operations".
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import Enum

from migsafe.model.catalogue import Catalogue, Column, Table
from migsafe.model.locks import Work
from migsafe.model.names import QualifiedName
from migsafe.model.operation import AlterColumnType, CheckConstraint, DataType, Expression


class Change(Enum):
    """What must happen to the rows that exist."""

    NOTHING = "the same type"
    FREE = "another type, the same bytes"
    FREE_IN_UTC = "the same bytes if the session's TimeZone is UTC"
    DEPENDS = "unknown"
    REWRITE = "a rewrite"


_NAME = r'(?P<name>"(?:[^"]|"")+"|[\w$]+)'
_TYPE = r'(?P<type>[\w."][\w ."]*(?:\(\s*\d+(?:\s*,\s*\d+)?\s*\))?[\w ]*(?:\[\d*\])*)'
#: The column, alone or cast once: `c`, `(c)::text`, `CAST(c AS text)`.
_CAST = re.compile(rf"\(*\s*{_NAME}\s*\)*(?:\s*::\s*{_TYPE})?\s*\)*")
_CAST_FUNCTION = re.compile(rf"\(*\s*CAST\s*\(\s*{_NAME}\s+AS\s+{_TYPE}\s*\)\s*\)*", re.IGNORECASE)

_INTEGERS = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}

#: Casts between unlike types that keep the bytes; neither side has modifiers.
_SAME_BYTES = frozenset(
    {
        ("character varying", "text"), ("text", "character varying"), ("character varying", "bpchar"),
        ("text", "bpchar"),
        ("text", "citext"), ("citext", "text"), ("character varying", "citext"), ("citext", "character varying"),
        ("cidr", "inet"), ("integer", "oid"), ("oid", "integer"), ("bit", "bit varying"), ("xml", "text"),
        ("xml", "character varying"), ("character", "bpchar"),
    }
)  # fmt: skip

#: Types that have no operator class of their own (`pg_opclass`; each rebuild observed on 18.6).
_SORTED_AS = {"character varying": "text", "character": "bpchar", "cidr": "inet"}

#: Types whose modifier is a limit that can be raised: nothing is stored differently.
_LIMITED = frozenset({"character varying", "bit varying"})
_PRECISE = frozenset(
    {
        "timestamp without time zone", "timestamp with time zone", "time without time zone", "time with time zone",
        "interval",
    }
)  # fmt: skip
_FULL_PRECISION = 6
_ZONED = {"timestamp without time zone", "timestamp with time zone"}
_UTC = frozenset(
    {"utc", "etc/utc", "gmt", "etc/gmt", "uct", "etc/uct", "zulu", "etc/zulu", "universal", "gmt0", "gmt-0"}
)


def is_utc(timezone: str | None) -> bool:
    """Whether a value of the parameter TimeZone is UTC under one of its names."""
    return timezone is not None and timezone.strip("'\"").lower() in _UTC


def change_of_type(old: DataType | None, new: DataType, catalogue: Catalogue) -> Change:
    """What Postgres does to the rows when a column of type `old` (None: unknown) becomes `new` by the usual cast."""
    if old is None:
        return Change.DEPENDS
    old, new = _plain(old, catalogue), _plain(new, catalogue)
    domain = catalogue.domain(new)
    if domain is not None and old != new:
        below = change_of_type(old, domain.base, catalogue)
        return Change.REWRITE if domain.constrained else Change.FREE if below is Change.NOTHING else below
    if old == new:
        return Change.NOTHING
    if old.dimensions or new.dimensions:
        return Change.FREE if new == replace(old, modifiers=()) else Change.REWRITE
    if old.name == new.name:
        return Change.FREE if _is_wider(old.name, old.modifiers, new.modifiers) else Change.REWRITE
    if {old.name, new.name} == _ZONED:
        return Change.FREE_IN_UTC if _precision(new.modifiers) >= _FULL_PRECISION else Change.REWRITE
    return Change.FREE if (old.name, new.name) in _SAME_BYTES and not new.modifiers else Change.REWRITE


def is_plain_cast(using: Expression, op: AlterColumnType) -> bool:
    """Whether USING says no more than the cast that Postgres would do by itself: the column, or one cast of it."""
    match = _CAST.fullmatch(using.text.strip()) or _CAST_FUNCTION.fullmatch(using.text.strip())
    if match is None:
        return False
    name, target = match["name"], match["type"] or ""
    is_own = name[1:-1].replace('""', '"') == op.column if name.startswith('"') else name.lower() == op.column
    return is_own and (not target or "(" in target or not op.type.modifiers)


def work_of_type_change(op: AlterColumnType, catalogue: Catalogue, *, timezone: str | None = None) -> Work:
    """What ALTER COLUMN TYPE does to the rows under ACCESS EXCLUSIVE; a type that is not known counts as rewritten.

    Args:
        op: the change.
        catalogue: what exists before it.
        timezone: the session's parameter TimeZone, if it is known.
    """
    table = catalogue.table(op.table)
    column = catalogue.column(op.table, op.column)
    if op.using is not None and not is_plain_cast(op.using, op):
        return Work.REWRITE
    match change_of_type(column.type if column else None, op.type, catalogue):
        case Change.NOTHING:
            return Work.NONE
        case Change.FREE:
            return _work_of_free_change(op, table, column, catalogue)
        case Change.FREE_IN_UTC if is_utc(timezone):
            return _work_of_free_change(op, table, column, catalogue)
        case _:
            return Work.REWRITE


def rebuilt_indexes(op: AlterColumnType, catalogue: Catalogue) -> tuple[str, ...]:
    """The indexes that even a free change of type builds again.

    Partial and expression indexes always are; plain ones only where the new type has another operator class (citext,
    and timestamptz in the place of timestamp though it keeps the bytes), or another collation.
    """
    column = catalogue.column(op.table, op.column)
    old = column.type if column else None
    sorts_otherwise = op.collation is not None or (
        old is not None and _operator_class(old, catalogue) != _operator_class(op.type, catalogue)
    )
    return tuple(
        str(index.name.name)
        for index in catalogue.indexes_of(op.table)
        if op.column in index.mentioned_columns
        and (sorts_otherwise or index.where is not None or any(element.expression for element in index.elements))
    )


def _operator_class(data_type: DataType, catalogue: Catalogue) -> str:
    """The type whose default operator class an index on a column of this type has."""
    domain = catalogue.domain(data_type)
    if domain is not None:
        return _operator_class(domain.base, catalogue)
    name = _INTEGERS.get(data_type.name, data_type.name)
    return _SORTED_AS.get(name, name)


def checked_again(op: AlterColumnType, table: Table | None) -> tuple[str, ...]:
    """The validated CHECK constraints that a change of type, free or not, holds against every row again."""
    return tuple(
        constraint.name
        for constraint in (table.constraints.values() if table else ())
        if isinstance(constraint.definition, CheckConstraint)
        and constraint.validated
        and op.column in constraint.definition.expression.columns
    )


def change_of_mysql_type(old: DataType | None, new: DataType) -> Change:
    """What MySQL does when a column of type `old` (None: not known) becomes `new`.

    Display widths of integers mean nothing. A VARCHAR grows in place unless its length passes 255 bytes; in between,
    that depends on the character set.
    """
    if old is None:
        return Change.DEPENDS
    old, new = _plain_mysql(old), _plain_mysql(new)
    if old == new:
        return Change.NOTHING
    if old.name == new.name == "varchar" and len(old.modifiers) == len(new.modifiers) == 1:
        return _mysql_varchar(int(old.modifiers[0]), int(new.modifiers[0]))
    return Change.REWRITE


def _work_of_free_change(op: AlterColumnType, table: Table | None, column: Column | None, catalogue: Catalogue) -> Work:
    if checked_again(op, table):
        return Work.SCAN
    return Work.INDEX_BUILD if column is not None and rebuilt_indexes(op, catalogue) else Work.NONE


def _plain(data_type: DataType, catalogue: Catalogue) -> DataType:
    """A type without what makes no difference: serial is integer, numeric(10) is numeric(10,0)."""
    name = _INTEGERS.get(data_type.name, data_type.name)
    modifiers = data_type.modifiers
    if name == "numeric" and len(modifiers) == 1:
        modifiers = (*modifiers, "0")
    if name in _PRECISE and modifiers == (str(_FULL_PRECISION),):
        modifiers = ()
    plain = DataType(name, modifiers, data_type.dimensions, data_type.schema)
    known = catalogue.resolve(QualifiedName(plain.name, plain.schema))
    return replace(plain, schema=known.schema) if known in catalogue.enums or known in catalogue.domains else plain


def _is_wider(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Whether values of a type fit without a change after its modifiers became others."""
    if not new:
        return name in _LIMITED | _PRECISE | {"numeric"}
    if not all(part.isdigit() for part in (*old, *new)):
        return False
    if name in _LIMITED:
        return bool(old) and int(new[0]) >= int(old[0])
    if name in _PRECISE:
        return _precision(new) >= _precision(old)
    return name == "numeric" and len(old) == len(new) == 2 and old[1] == new[1] and int(new[0]) >= int(old[0])


def _precision(modifiers: tuple[str, ...]) -> int:
    return int(modifiers[-1]) if modifiers and modifiers[-1].isdigit() else _FULL_PRECISION


def _plain_mysql(data_type: DataType) -> DataType:
    name = {"integer": "int", "bool": "tinyint", "boolean": "tinyint", "dec": "decimal", "numeric": "decimal"}.get(
        data_type.name, data_type.name
    )
    is_integer = name.split()[0] in {"tinyint", "smallint", "mediumint", "int", "bigint"}
    return DataType(name, () if is_integer else data_type.modifiers)


def _mysql_varchar(old: int, new: int) -> Change:
    if new < old:
        return Change.REWRITE
    if new <= 63 or old > 255 or (old > 63 and new <= 255):
        return Change.FREE
    return Change.REWRITE if old <= 63 and new > 255 else Change.DEPENDS
