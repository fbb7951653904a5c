"""Values that a column may take: made up, always the same, and different from row to row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Numbers begin here, so that they do not meet those that sequences give.
_FIRST_NUMBER = 1000

#: How long a text is that fills a column without a limit of its own.
_LONG_TEXT = 300

#: More than an integer holds, for columns of bigint.
_BEYOND_INTEGER = 1 << 32

_BY_TYPE: Mapping[str, Callable[[int], str]] = {
    "bool": lambda n: "true" if n % 2 else "false",
    "bytea": lambda n: f"\\x{n:08x}",
    "uuid": lambda n: f"00000000-0000-4000-8000-{n:012d}",
    "date": lambda n: f"2020-01-{n % 28 + 1:02d}",
    "time": lambda n: f"12:00:{n % 60:02d}",
    "timetz": lambda n: f"12:00:{n % 60:02d}+00",
    "timestamp": lambda n: f"2020-01-{n % 28 + 1:02d} 12:00:00",
    "timestamptz": lambda n: f"2020-01-{n % 28 + 1:02d} 12:00:00+00",
    "interval": lambda n: f"{n} seconds",
    "json": lambda n: f'{{"n": {n}}}',
    "jsonb": lambda n: f'{{"n": {n}}}',
    "xml": lambda n: f"<n>{n}</n>",
    "inet": lambda n: f"10.0.{n // 250 % 250}.{n % 250 + 1}",
    "cidr": lambda n: f"10.{n // 250 % 250}.{n % 250}.0/24",
    "macaddr": lambda n: f"08:00:2b:00:{n // 256 % 256:02x}:{n % 256:02x}",
    "money": lambda n: f"{n}.00",
    "tsvector": lambda n: f"word{n}",
    "tsquery": lambda n: f"word{n}",
    "point": lambda n: f"({n},{n})",
    "hstore": lambda n: f"n=>{n}",
    "ltree": lambda n: f"top.n{n}",
    "int4range": lambda n: f"[{n},{n + 1})",
    "int8range": lambda n: f"[{n},{n + 1})",
    "numrange": lambda n: f"[{n},{n + 1})",
    "daterange": lambda n: f"[2020-01-{n % 27 + 1:02d},2020-01-{n % 27 + 2:02d})",
    "tsrange": lambda n: f"[2020-01-{n % 27 + 1:02d},2020-01-{n % 27 + 2:02d})",
    "tstzrange": lambda n: f"[2020-01-{n % 27 + 1:02d},2020-01-{n % 27 + 2:02d})",
}
_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8", "oid"})
_TEXTS = frozenset({"text", "varchar", "bpchar", "name", "citext"})

_COLUMN = r"\(?\"?(?P<column>[\w$]+)\"?\)?(?:::[\w ]+)?\)?"
_ONE_OF = re.compile(rf"{_COLUMN} = ANY \(+(?:ARRAY)?\[(?P<values>.*?)\]")
_EQUALS = re.compile(rf"{_COLUMN} = '(?P<value>(?:[^']|'')*)'::")
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_BOUND = re.compile(rf"{_COLUMN} (?P<sign>>=|<=|>|<) \(?'?(?P<bound>-?\d+(?:\.\d+)?)'?")
_LENGTH = re.compile(
    rf"(?:length|char_length|character_length|octet_length)\({_COLUMN}\)? (?P<sign>>=|<=|>|<|=) (?P<bound>\d+)"
)


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What decides which values a column takes.

    Attributes:
        required: it refuses NULL and has no value of its own.
        numbered: its default is a sequence's next number.
        identity: "a" always, "d" by default, or empty.
        generated: it is computed from others.
        type: of its values, that of a domain's base; an array's begins with `_`.
        limit: characters or bits that it holds at most, where there is a limit.
        labels: an enum's values.
    """

    name: str
    required: bool
    numbered: bool
    identity: str
    generated: bool
    type: str
    limit: int | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Allowed:
    """What CHECK constraints of simple forms leave of a column's values.

    Attributes:
        values: these and no others, when there are any.
        low: no number is below it, `high`: none above it.
        shortest: no text is shorter, `longest`: none longer.
    """

    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    shortest: int = 0
    longest: int | None = None


def read_checks(definitions: Iterable[str]) -> dict[str, Allowed]:
    """What constraints, as `pg_get_constraintdef` writes them, say of each column that they name in a simple form."""
    found: dict[str, dict[str, object]] = {}
    for definition in definitions:
        for match in _ONE_OF.finditer(definition):
            values = tuple(text.replace("''", "'") for text in _QUOTED.findall(match["values"]))
            found.setdefault(match["column"], {}).setdefault("values", values or tuple(match["values"].split(", ")))
        for match in _EQUALS.finditer(definition):
            found.setdefault(match["column"], {}).setdefault("values", (match["value"].replace("''", "'"),))
        for match in _LENGTH.finditer(definition):
            found.setdefault(match["column"], {}).update(_lengths(match["sign"], int(match["bound"])))
        for match in _BOUND.finditer(_LENGTH.sub("", definition)):
            found.setdefault(match["column"], {}).update(_bounds(match["sign"], float(match["bound"])))
    return {column: Allowed(**facts) for column, facts in found.items()}  # type: ignore[arg-type]  # by name


def _lengths(sign: str, bound: int) -> dict[str, int]:
    match sign:
        case "=":
            return {"shortest": bound, "longest": bound}
        case "<" | "<=":
            return {"longest": bound - (sign == "<")}
        case _:
            return {"shortest": bound + (sign == ">")}


def _bounds(sign: str, bound: float) -> dict[str, float]:
    return {"high" if sign[0] == "<" else "low": bound + {"<": -1, ">": 1}.get(sign, 0)}


def value_for(column: ColumnFacts, row: int, allowed: Allowed, *, wide: bool = False) -> str | None:
    """A value as text that the column's type reads; None where no value is known.

    Args:
        row: from 1; another row has another value, as far as the type has as many.
        wide: as long or as large as the column takes.
    """
    if allowed.values:
        return allowed.values[(row - 1) % len(allowed.values)]
    if column.labels:
        return column.labels[(row - 1) % len(column.labels)]
    if column.type.startswith("_"):
        return "{}"
    if column.type in _NUMBERS:
        return _number(column, row, allowed, wide)
    if column.type in _TEXTS:
        return _text(column, row, allowed, wide)
    if column.type in {"bit", "varbit"}:
        return format(row, "b").zfill(column.limit or 1)[-(column.limit or 1) :]
    make = _BY_TYPE.get(column.type)
    return None if make is None else make(row)


def _number(column: ColumnFacts, row: int, allowed: Allowed, wide: bool) -> str:
    number: float = row if column.type == "numeric" else _FIRST_NUMBER + row
    if wide and column.type == "int8":
        number = _BEYOND_INTEGER + row
    if allowed.high is not None and number > allowed.high:
        number = allowed.high - row + 1
    if allowed.low is not None and number < allowed.low:
        number = allowed.low + row - 1
    return str(int(number)) if number == int(number) else str(number)


def _text(column: ColumnFacts, row: int, allowed: Allowed, wide: bool) -> str:
    longest = min(limit for limit in (column.limit, allowed.longest, _LONG_TEXT) if limit is not None)
    end = str(row)
    # Letters and digits: what a CHECK on the form of a name takes most often.
    body = "x" * (longest if wide else allowed.shortest)
    head = body[: max(len(body) - len(end), 0)] or column.name.lower().replace("_", "")[: max(longest - len(end), 0)]
    return (head + end)[-longest:] if longest else ""
