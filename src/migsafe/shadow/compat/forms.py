"""The ways in which one query can be put to the server, until it understands one.

A counted statement has lost its literals, and with them what some of them were: `interval '1 day'` has become
`interval $1`, which Postgres cannot read. And a driver that tells the types of its parameters is understood where an
unknown `$1 + $2` is ambiguous. What is understood before the migration is asked again after it in the same form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.shadow.compat.placeholders import highest_parameter
from migsafe.shadow.compat.query import Origin, Query
from migsafe.shadow.compat.scan import parts

#: Oids of the server's own types, which are the same on every server (pg_type.dat).
_OIDS = {
    "bool": 16, "bytes": 17, "int": 20, "str": 25, "float": 701, "date": 1082, "time": 1083, "datetime": 1184,
    "timedelta": 1186, "Decimal": 1700, "UUID": 2950, "dict": 3802,
}  # fmt: skip

#: What all parameters are tried as, the likeliest first: text, integer, bigint, numeric, timestamptz.
_UNIFORM = (25, 23, 20, 1700, 1184)

#: More parameters than Bind can count (PostgreSQL 18 manual, 54.7 "Message Formats": Int16, unsigned in practice).
_MOST_PARAMETERS = 65_535

_TYPED_LITERAL = re.compile(
    r"\b(?P<type>interval|date|timestamptz|timestamp(?:\s+with(?:out)?\s+time\s+zone)?|timetz"
    r"|time(?:\s+with(?:out)?\s+time\s+zone)?)\s+(?P<parameter>\$\d+)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Form:
    """A text, and the oids of its parameters' types; empty where the server finds them itself.

    Attributes:
        guessed: nobody has said that these are the types.
    """

    sql: str
    types: tuple[int, ...] = ()
    guessed: bool = False


def forms(query: Query) -> Iterator[Form]:
    """All forms of a query, those first that say least."""
    texts = (query.sql, *query.alternatives)
    for text in texts:
        yield Form(text)
    seen = _seen_types(query)
    if any(seen):
        yield Form(query.sql, seen)
    if query.origin is Origin.STATISTICS:
        yield from _repaired(query.sql)


def _seen_types(query: Query) -> tuple[int, ...]:
    return tuple(_OIDS.get(name, 0) for name in query.types)


def _repaired(sql: str) -> Iterator[Form]:
    text = repair_literals(sql)
    if text != sql:
        yield Form(text)
    count = min(highest_parameter(parts(sql)), _MOST_PARAMETERS)
    if count:
        for oid in _UNIFORM:
            yield Form(text, (oid,) * count, guessed=True)


def repair_literals(sql: str) -> str:
    """`interval $1` → `$1::interval`, outside of strings, names and comments."""
    quiet = "".join(
        part.text if part.kind not in ("string", "name", "comment") else " " * len(part.text) for part in parts(sql)
    )
    out, at = [], 0
    for found in _TYPED_LITERAL.finditer(quiet):
        out += [sql[at : found.start()], f"{found['parameter']}::{found['type']}"]
        at = found.end()
    return "".join((*out, sql[at:]))
