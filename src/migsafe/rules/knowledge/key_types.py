"""Which column types can reference which key types in Postgres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migsafe.model.operation import DataType

_SERIALS = {"smallserial": "smallint", "serial": "integer", "bigserial": "bigint"}
#: Integer types by the bytes of a value (manual, 8.1 "Numeric Types").
_BYTES = {"smallint": 2, "integer": 4, "bigint": 8}
#: Groups whose members Postgres can compare with one another, and with no member of another group, by an operator that
#: a foreign key may use (manual, 5.5.5 "Foreign Keys"; the operators are those of the btree families).
_COMPARABLE = (
    frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"}),
    frozenset({"text", "character varying", "character", "name"}),
    frozenset({"date", "timestamp without time zone", "timestamp with time zone"}),
    frozenset({"uuid"}),
    frozenset({"bytea"}),
    frozenset({"boolean"}),
)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """How a column's type does not fit the key's: it holds fewer values, or cannot be compared at all."""

    kind: Literal["narrower", "incomparable"]
    column: str
    key: str


def mismatch(column: DataType | None, key: DataType | None) -> Mismatch | None:
    """How a referencing column's type does not fit the key's; None when it does, or when either is unknown."""
    if column is None or key is None or column.dimensions or key.dimensions:
        return None
    mine, theirs = _plain(column), _plain(key)
    if _BYTES.get(mine, 0) < _BYTES.get(theirs, 0) and mine in _BYTES:
        return Mismatch("narrower", mine, theirs)
    groups = [
        next((number for number, group in enumerate(_COMPARABLE) if name in group), None) for name in (mine, theirs)
    ]
    if None not in groups and groups[0] != groups[1]:
        return Mismatch("incomparable", str(column), str(key))
    return None


def _plain(data_type: DataType) -> str:
    return _SERIALS.get(data_type.name, data_type.name)
