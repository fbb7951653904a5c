"""Values as a driver would send them, written into the SQL as literals."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import re
import uuid
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from migsafe.sources.alembic.worker.stub import Stub

_NAMED = re.compile(r"%%|%\((?P<name>[^)]*)\)s")
_POSITIONAL = re.compile(r"%%|%s|\?")


def with_literals(sql: str, parameters: object, dialect: str, *, compiled: bool) -> str:
    """The statement with its parameters in it.

    Args:
        sql: with `%(name)s`, or with `%s` or `?` where it came from the revision itself.
        parameters: a mapping, a sequence, or nothing.
        dialect: as the job names it.
        compiled: whether SQLAlchemy has compiled it, and so doubled each percent sign.
    """
    if isinstance(parameters, Mapping):
        return _named(sql, parameters, dialect) if parameters or compiled else sql
    if isinstance(parameters, Sequence) and not isinstance(parameters, str | bytes) and parameters:
        return _positional(sql, parameters, dialect)
    return _named(sql, {}, dialect) if compiled else sql


def literal(value: object, dialect: str) -> str:
    """One value as the dialect writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, Stub):
        # an unknown value is as good as a made-up one; it changes nothing of what the statement does
        return _string("{}", dialect)
    if isinstance(value, Enum) and not isinstance(value, str | int):
        return _string(value.name, dialect)
    if isinstance(value, bool):
        return ("true" if value else "false") if dialect == "postgres" else str(int(value))
    if isinstance(value, int | float | decimal.Decimal):
        return _number(value, dialect)
    if isinstance(value, bytes | bytearray | memoryview):
        digits = bytes(value).hex()
        return f"'\\x{digits}'" if dialect == "postgres" else f"X'{digits}'"
    return _composed(value, dialect)


def _composed(value: object, dialect: str) -> str:
    if isinstance(value, dt.datetime):
        return f"'{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date | dt.time | uuid.UUID):
        return f"'{value}'"
    if isinstance(value, dt.timedelta):
        return f"'{value.total_seconds():g} seconds'" if dialect == "postgres" else f"'{value}'"
    if isinstance(value, list | tuple | set | frozenset) and dialect == "postgres":
        return f"ARRAY[{', '.join(literal(item, dialect) for item in value)}]" if value else "'{}'"
    if isinstance(value, dict):
        return _string(json.dumps(value, default=str), dialect)
    return _string(str(value), dialect)


def _number(value: float | decimal.Decimal, dialect: str) -> str:
    if not math.isfinite(value):
        return f"'{value}'" if dialect == "postgres" else "NULL"
    # `int` and `float` first: a subclass (an IntEnum) may print as something else
    if isinstance(value, int):
        return str(int(value))
    return repr(float(value)) if isinstance(value, float) else str(value)


def _string(text: str, dialect: str) -> str:
    if dialect == "mysql":
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "''") + "'"


def _named(sql: str, parameters: Mapping[Any, object], dialect: str) -> str:
    def one(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        name = match["name"]
        return literal(parameters[name], dialect) if name in parameters else match[0]

    return _NAMED.sub(one, sql)


def _positional(sql: str, parameters: Sequence[object], dialect: str) -> str:
    values = iter(parameters)
    ours = "?" if dialect == "sqlite" else "%s"

    def one(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%" if dialect != "sqlite" else match[0]
        return literal(next(values, None), dialect) if match[0] == ours else match[0]

    return _POSITIONAL.sub(one, sql)
