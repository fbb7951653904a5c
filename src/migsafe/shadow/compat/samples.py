"""Made-up values for parameters, by their types. What has no value here is not executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: A value of each of the server's own types, as text, and those of extensions that are common.
_VALUES = {
    "bool": "t",
    "int2": "1", "int4": "1", "int8": "1", "oid": "1", "numeric": "1", "float4": "1", "float8": "1", "money": "1",
    "text": "a", "varchar": "a", "bpchar": "a", "char": "a", "name": "a", "unknown": "a", "citext": "a",
    "bytea": "\\x61", "bit": "1", "varbit": "1",
    "date": "2024-01-01", "timestamp": "2024-01-01 00:00:00", "timestamptz": "2024-01-01 00:00:00+00",
    "time": "00:00:00", "timetz": "00:00:00+00", "interval": "1 day",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "json": "{}", "jsonb": "{}", "jsonpath": "$", "xml": "<a/>", "hstore": "", "ltree": "a",
    "inet": "127.0.0.1", "cidr": "127.0.0.0/8", "macaddr": "00:00:00:00:00:01", "macaddr8": "00:00:00:00:00:00:00:01",
    "tsvector": "a", "tsquery": "a",
    "point": "(0,0)", "box": "(1,1),(0,0)", "circle": "<(0,0),1>", "path": "[(0,0),(1,1)]",
    "polygon": "((0,0),(1,1),(1,0))", "line": "{1,1,1}", "lseg": "[(0,0),(1,1)]",
}  # fmt: skip

#: Types that take a text of any length, up to their modifier's.
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext"})

#: How long texts are tried, the longest first, to find one that still fits: a narrower column shows by refusing it.
LENGTHS = (1000, 255, 100, 50, 20, 5)


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """A type, as its values need it.

    Attributes:
        kind: `pg_type.typtype`: b base, c composite, d domain, e enum, m multirange, p pseudo, r range.
        base: of a domain: the oid of the type below; else 0.
        element: of an array: the oid of its elements' type; else 0.
        first_label: of an enum: its first value.
    """

    name: str
    kind: str
    base: int = 0
    element: int = 0
    first_label: str | None = None


def sample(oid: int, types: Mapping[int, TypeFacts]) -> str | None:
    """A value of a type as text; None when there is none to be made up."""
    facts = types.get(oid)
    if facts is None:
        return None
    if facts.kind == "d":
        return sample(facts.base, types)
    if facts.kind == "e":
        return facts.first_label
    if facts.kind == "r":
        return "empty"
    if facts.kind == "m":
        return "{}"
    if facts.element:
        element = sample(facts.element, types)
        return None if element is None else "{" + _quoted(element) + "}"
    return _VALUES.get(facts.name) if facts.kind == "b" or facts.name == "unknown" else None


def is_text(oid: int, types: Mapping[int, TypeFacts]) -> bool:
    """Whether a type takes a text of any length that its modifier allows."""
    facts = types.get(oid)
    if facts is not None and facts.kind == "d":
        return is_text(facts.base, types)
    return facts is not None and facts.kind == "b" and facts.name in _TEXTS


def long_text(length: int) -> str:
    """A text of so many characters."""
    return "a" * length


def _quoted(value: str) -> str:
    """An element of an array's text (PostgreSQL 18 manual, 8.15.6 "Array Input and Output Syntax")."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
