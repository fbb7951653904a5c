"""Made-up values: what a table in use would plausibly hold in a column."""

from __future__ import annotations

import datetime as dt
import decimal
import re
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import types
from sqlalchemy.sql.elements import Label
from sqlalchemy.sql.functions import count as count_function

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

# valid as text and as JSON: revisions often parse what they have read
TEXT = "{}"
MOMENT = dt.datetime(2020, 1, 1)
_NUMBER_NAME = re.compile(
    r"(?:^|_)(?:id|count|cnt|num|total|number|n|size|version|max|min|sum)(?:_|$|\d)", re.IGNORECASE
)
_MOMENT_NAME = re.compile(r"(?:_at|_on|date|time|timestamp|created|updated|modified)$", re.IGNORECASE)


class ResultColumn(NamedTuple):
    """One column of a result.

    Attributes:
        type: None where only the name is known.
        counts: whether it counts rows.
    """

    name: str
    type: types.TypeEngine[Any] | None
    counts: bool


def typed_columns(compiled: Any) -> list[ResultColumn]:
    """The columns that SQLAlchemy expects back from a statement that it has compiled."""
    entries = getattr(compiled, "_result_columns", None) or []
    return [ResultColumn(entry.keyname, _known(entry.type), _counts(entry.objects)) for entry in entries]


def guessed_value(column: ResultColumn) -> Any:
    """A value for a column of which only the name is known."""
    if column.counts or _NUMBER_NAME.search(column.name):
        return 1
    return MOMENT if _MOMENT_NAME.search(column.name) else TEXT


def driver_value(column: ResultColumn, dialect: Dialect) -> Any:
    """A value as a driver would give it, before SQLAlchemy's own conversion."""
    assert column.type is not None
    implementation = column.type.dialect_impl(dialect)
    while isinstance(implementation, types.TypeDecorator):
        implementation = implementation.impl_instance.dialect_impl(dialect)
    value = _python_value(implementation)
    if implementation.result_processor(dialect, None) is None:
        return value
    to_driver = implementation.bind_processor(dialect)
    return to_driver(value) if to_driver is not None else value


def _known(given: types.TypeEngine[Any]) -> types.TypeEngine[Any] | None:
    return None if isinstance(given, types.NullType) else given


def _counts(objects: tuple[Any, ...]) -> bool:
    return any(isinstance(item.element if isinstance(item, Label) else item, count_function) for item in objects or ())


def _python_value(kind: types.TypeEngine[Any]) -> Any:
    if isinstance(kind, types.Enum):
        return _first_member(kind)
    for known, value in _VALUES:
        if isinstance(kind, known):
            return value
    return TEXT


def _first_member(kind: types.Enum) -> Any:
    members = list(kind.enum_class) if kind.enum_class is not None else list(kind.enums)
    return members[0] if members else TEXT


_VALUES: tuple[tuple[type[types.TypeEngine[Any]], Any], ...] = (
    (types.Boolean, True),
    (types.Integer, 1),
    (types.Float, 1.0),
    (types.Numeric, decimal.Decimal(1)),
    (types.DateTime, MOMENT),
    (types.Date, MOMENT.date()),
    (types.Time, MOMENT.time()),
    (types.Interval, dt.timedelta(days=1)),
    (types.JSON, {}),
    (types.ARRAY, []),
    (types.Uuid, uuid.UUID(int=1)),
    (types.LargeBinary, TEXT.encode()),
)
