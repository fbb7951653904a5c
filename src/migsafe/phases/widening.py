"""Whether a type holds every value of another, so that code which writes and reads the old one can do so with the new.

How the rows get there is another question: a rewrite is a hazard of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.model.operation import DataType

#: MySQL's and SQLite's words for what Postgres calls otherwise.
_ALIASES = {
    "varchar": "character varying",
    "char": "character",
    "bpchar": "character varying",
    "int": "integer",
    "decimal": "numeric",
    "float": "real",
    "double": "double precision",
}
#: The smaller first: a value of one fits into every later one.
_FAMILIES = (
    ("tinyint", "smallint", "mediumint", "integer", "bigint", "numeric"),
    ("real", "double precision"),
    ("tinyblob", "blob", "mediumblob", "longblob"),
)
#: Texts without a limit of their own, by the order of their size; a limited one has room for what its limit says.
_TEXTS = {"tinytext": 255, "text": 1 << 24, "citext": 1 << 24, "mediumtext": 1 << 25, "longtext": 1 << 26}
_LIMITED = {"character varying": 1 << 24, "character": 1}


def holds_every_value(old: DataType, new: DataType) -> bool:
    """Whether every value of the old type fits into the new one, as the same kind of value."""
    if old.dimensions != new.dimensions:
        return False
    before, after = _name(old), _name(new)
    if before in _TEXTS | _LIMITED and after in _TEXTS | _LIMITED:
        return _room(old) <= _room(new)
    if before == after == "numeric":
        return _digits_fit(old, new)
    if after == "numeric" and new.modifiers:
        return False
    return any(
        before in family and after in family and family.index(before) <= family.index(after) for family in _FAMILIES
    )


def _name(kind: DataType) -> str:
    return _ALIASES.get(kind.name, kind.name)


def _room(kind: DataType) -> int:
    """How many characters a text may have; for those without a limit only their order counts."""
    if kind.modifiers and kind.modifiers[0].isdecimal():
        return int(kind.modifiers[0])
    return (_TEXTS | _LIMITED)[_name(kind)]


def _digits_fit(old: DataType, new: DataType) -> bool:
    """Whether there is room before and behind the point."""
    if not new.modifiers:
        return True
    if not old.modifiers:
        return False
    (precision, scale), (new_precision, new_scale) = _digits(old), _digits(new)
    return new_scale >= scale and new_precision - new_scale >= precision - scale


def _digits(kind: DataType) -> tuple[int, int]:
    precision, scale = (*kind.modifiers, "0")[:2]
    return int(precision), int(scale)
