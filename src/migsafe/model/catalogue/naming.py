"""Names that a database makes up for constraints, indexes and sequences.

Postgres: as `makeObjectName`, `ChooseRelationName`, `ChooseConstraintName` and `ChooseIndexName` do (PostgreSQL 18,
src/backend/commands/indexcmds.c and src/backend/catalog/pg_constraint.c). MySQL: after the first column, or the table
with `_ibfk_` or `_chk_` and a number (MySQL 8.4 manual, 15.1.20.5 and 15.1.20.6). SQLite: `sqlite_autoindex_`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.links import CONSTRAINED_BY
from migsafe.model.catalogue.objects import Table
from migsafe.model.names import POSTGRES_NAME_BYTES, QualifiedName, truncate_identifier
from migsafe.model.operation import Expression, IndexElement

_CALL = re.compile(r'(?:(?:\w+|"[^"]+")\s*\.\s*)*(?:(?P<plain>[^\W\d]\w*)|"(?P<quoted>[^"]+)")\s*\(')
_COLUMN = re.compile(r'(?:(?P<plain>[^\W\d]\w*)|"(?P<quoted>[^"]+)")\Z')
_CAST = re.compile(r"(?P<value>.+?)\s*::\s*(?P<type>[^\W\d][\w ]*?)\s*(?:\([\d, ]*\))?(?:\[\])*\Z", re.DOTALL)
_COLLATE = re.compile(r'(?P<value>.+?)\s+collate\s+[\w."]+\Z', re.IGNORECASE | re.DOTALL)
_AT_TIME_ZONE = re.compile(r".+\bat\s+time\s+zone\b[^()]*\Z", re.IGNORECASE | re.DOTALL)

#: Keywords that look like calls, with the name that Postgres gives their column.
_CALL_NAMES = {"trim": "btrim", "cast": "", "exists": "exists", "array": "array", "row": "row"}

_INTERNAL_TYPE_NAMES = {
    "integer": "int4", "int": "int4", "bigint": "int8", "smallint": "int2", "boolean": "bool", "real": "float4",
    "double precision": "float8", "decimal": "numeric", "character varying": "varchar", "character": "bpchar",
    "char": "bpchar", "timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp",
}  # fmt: skip


def make_object_name(first: str, second: str | None, label: str) -> str:
    """Join a table's name, columns and a label with `_` in 63 bytes, cutting the longer of the first two."""
    room = POSTGRES_NAME_BYTES - len(label.encode()) - 1 - (second is not None)
    first_bytes, second_bytes = len(first.encode()), len((second or "").encode())
    while first_bytes + second_bytes > room:
        if first_bytes > second_bytes:
            first_bytes -= 1
        else:
            second_bytes -= 1
    parts = [truncate_identifier(first, first_bytes)]
    if second is not None:
        parts.append(truncate_identifier(second, second_bytes))
    return "_".join((*parts, label))


def join_columns(columns: Iterable[str]) -> str:
    """Column names as the middle of a made-up name: joined with `_`, no further than needed to fill it."""
    joined = ""
    for column in columns:
        joined = f"{joined}_{column}" if joined else column
        if len(joined.encode()) > POSTGRES_NAME_BYTES:
            break
    return joined


def index_column_names(elements: Iterable[IndexElement], include: Iterable[str] = ()) -> list[str]:
    """The names of an index's own columns; repeated ones are numbered (`ChooseIndexColumnNames`)."""
    wanted = [_element_name(element) for element in elements]
    chosen: list[str] = []
    for name in (*wanted, *include):
        candidate, number = name, count(1)
        while candidate in chosen:
            suffix = str(next(number))
            candidate = truncate_identifier(name, POSTGRES_NAME_BYTES - len(suffix)) + suffix
        chosen.append(candidate)
    return chosen


def choose_relation_name(
    catalogue: Catalogue, table: QualifiedName, second: str | None, label: str, *, constraint: bool = False
) -> str:
    """A name for an index or sequence of a table that nothing in its schema has yet.

    Args:
        constraint: a constraint gets the same name, so no constraint of the schema may have it either.
    """

    def taken(name: str) -> bool:
        full = QualifiedName(name, table.schema)
        return catalogue.exists(full) or (constraint and bool(catalogue.tables.linked(CONSTRAINED_BY, full)))

    return _first_free(table.name, second, label, taken)


def choose_constraint_name(catalogue: Catalogue, owner: QualifiedName, second: str | None, label: str) -> str:
    """A name for a constraint without an index that no constraint of the schema has yet."""

    def taken(name: str) -> bool:
        return bool(catalogue.tables.linked(CONSTRAINED_BY, QualifiedName(name, owner.schema)))

    return _first_free(owner.name, second, label, taken)


def mysql_index_name(catalogue: Catalogue, table: QualifiedName, columns: Sequence[str]) -> str:
    """MySQL's name for an index: its first column, `_2`, `_3` and so on where the table has one of that name."""
    first = columns[0] if columns else "functional_index"
    candidates = (first if number == 1 else f"{first}_{number}" for number in count(1))
    return next(name for name in candidates if catalogue.index_key(table, name) not in catalogue.indexes)


def mysql_constraint_name(table: Table, label: str) -> str:
    """MySQL's name for a foreign key or check: `{table}_{label}_{n}`, one more than the highest so far."""
    prefix = f"{table.name.name}_{label}_"
    used = [name.removeprefix(prefix) for name in table.constraints if name.startswith(prefix)]
    return f"{prefix}{1 + max((int(number) for number in used if number.isdecimal()), default=0)}"


def sqlite_index_name(catalogue: Catalogue, table: QualifiedName) -> str:
    """SQLite's name for the index of a constraint: `sqlite_autoindex_{table}_{n}`."""
    candidates = (f"sqlite_autoindex_{table.name}_{number}" for number in count(1))
    return next(name for name in candidates if catalogue.index_key(table, name) not in catalogue.indexes)


def sqlite_constraint_name(table: Table, label: str) -> str:
    """A name for a constraint that SQLite leaves without one; it cannot be spelt in SQL, so it meets no real one."""
    return next(name for name in (f"({label} {number})" for number in count(1)) if name not in table.constraints)


def _first_free(first: str, second: str | None, label: str, taken: Callable[[str], bool]) -> str:
    labels = (label if number == 0 else f"{label}{number}" for number in count())
    return next(name for name in (make_object_name(first, second, tried) for tried in labels) if not taken(name))


def _element_name(element: IndexElement) -> str:
    if element.column is not None:
        return element.column
    return expression_name(element.expression) if element.expression is not None else "expr"


def expression_name(expression: Expression) -> str:
    """The name of an index column that is computed: `FigureIndexColname` of Postgres, as far as the text tells it."""
    return _figure_name(expression.text)[0] or "expr"


def _figure_name(text: str) -> tuple[str, int]:
    """A name and how sure Postgres is of it: 2 for a column or call, 1 for a type, 0 for nothing."""
    text = _without_parentheses(text.strip())
    if column := _COLUMN.match(text):
        return _spelling(column), 2
    if text.lower().startswith("case") and text.lower().endswith("end"):
        return "case", 1
    if (call := _CALL.match(text)) and _closes_at(text, call.end() - 1) == len(text) - 1:
        return _call_name(call, text)
    if (cast := _CAST.match(text)) and _balanced(cast["value"]) and not _operator_outside(cast["value"]):
        name, strength = _figure_name(cast["value"])
        if strength == 2:
            return name, strength
        written = " ".join(cast["type"].lower().split())
        return _INTERNAL_TYPE_NAMES.get(written, written), 1
    if collated := _COLLATE.match(text):
        return _figure_name(collated["value"])
    if _AT_TIME_ZONE.match(text) and _balanced(text):
        return "timezone", 2
    return "", 0


def _call_name(call: re.Match[str], text: str) -> tuple[str, int]:
    name = _spelling(call)
    if name == "cast":
        inner = re.split(r"\s+as\s+", text[call.end() : -1], flags=re.IGNORECASE)
        return _figure_name("::".join((f"({inner[0]})", inner[-1])))
    return _CALL_NAMES.get(name, name), 2


def _spelling(match: re.Match[str]) -> str:
    return match["quoted"] or match["plain"].lower()


def _without_parentheses(text: str) -> str:
    while text.startswith("(") and _closes_at(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closes_at(text: str, opening: int) -> int:
    """Where the parenthesis that opens at `opening` closes; -1 when it does not. Strings are stepped over."""
    depth, quote = 0, ""
    for place in range(opening, len(text)):
        char = text[place]
        if quote or char in "'\"":
            quote = "" if char == quote else quote or char
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0:
                return place
    return -1


def _balanced(text: str) -> bool:
    return _closes_at(f"({text})", 0) == len(text) + 1


def _operator_outside(text: str) -> bool:
    """Whether a binary operator stands outside of all parentheses: a cast binds tighter than it."""
    depth, quote = 0, ""
    for char in text:
        if quote or char in "'\"":
            quote = "" if char == quote else quote or char
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif depth == 0 and char in "+-*/<>=~!@#%^&|`?":
            return True
    return False
