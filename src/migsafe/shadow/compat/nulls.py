"""Which columns a plan always gives NULL: pure.

In the generic plan of an INSERT the node below ModifyTable puts out one expression for each column of the table, in
its order, dropped columns included. `NULL::type` there is what the statement leaves out, or says to be NULL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_NULL = re.compile(r"\(*NULL::")


class WrittenColumn(NamedTuple):
    """A column of a table, in the order of its rows, and whether NULL is certainly refused in it."""

    name: str
    refuses_null: bool


class Insert(NamedTuple):
    """An INSERT in a plan: the table, and what each of its columns is given."""

    schema: str
    table: str
    given: tuple[str, ...]


def inserts(plan: Mapping[str, Any]) -> Iterator[Insert]:
    """All INSERTs of a plan, those of WITH included.

    Args:
        plan: a node of EXPLAIN (VERBOSE, FORMAT JSON).
    """
    children = plan.get("Plans", ())
    if plan.get("Node Type") == "ModifyTable" and plan.get("Operation") == "Insert":
        sources = [child for child in children if child.get("Parent Relationship") == "Outer"]
        given = tuple(sources[0].get("Output", ())) if sources else ()
        yield Insert(plan.get("Schema", ""), plan.get("Relation Name", ""), given)
    for child in children:
        yield from inserts(child)


def refused_nulls(insert: Insert, columns: Sequence[WrittenColumn]) -> tuple[str, ...] | None:
    """The columns that are given NULL and refuse it; None when the plan does not show what each is given."""
    if len(insert.given) != len(columns):
        return None
    return tuple(
        f'column "{column.name}" of "{insert.table}"'
        for given, column in zip(insert.given, columns, strict=True)
        if column.refuses_null and _NULL.match(given)
    )
