"""Queries that put rows into a table: whether each gives a column a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.usage import Giving, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.parse.query_uses import Insertion
    from migsafe.usage.queries import FoundQuery
    from migsafe.usage.subjects import Wanted

#: Words of which one stands in every query that puts rows into a table.
_INSERTING = frozenset({"insert", "merge", "copy", "replace"})


def writers_in(query: FoundQuery, sought: Wanted, source: str) -> Iterator[Writer]:
    """The insertions of a query into a column's table.

    Args:
        source: how the query was found.
    """
    if not query.literal.whole or sought.column is None:
        return
    table = sought.subject.table.name
    if query.uses is None:
        if _INSERTING & query.words and table.lower() in query.words:
            text = f"{query.called} cannot be read, and may insert into {table}"
            yield Writer(source, Giving.MAY_LEAVE_OUT, query.place(1), text)
        return
    for insertion in query.uses.inserts:
        if sought.is_table(insertion.table):
            giving, how = _judged(insertion, sought)
            text = f"{query.called} inserts into {table} {how}"
            yield Writer(source, giving, query.place(insertion.line), text)


def _judged(insertion: Insertion, sought: Wanted) -> tuple[Giving, str]:
    if insertion.columns is None:
        return _counted(insertion, sought)
    if any(sought.is_column(column) for column in insertion.columns):
        return Giving.GIVES, f"with {sought.column}"
    if insertion.open:
        return Giving.MAY_LEAVE_OUT, "with columns that are filled in when it runs"
    return Giving.LEAVES_OUT, f"without {sought.column}"


def _counted(insertion: Insertion, sought: Wanted) -> tuple[Giving, str]:
    """An INSERT that names no columns fills the first ones of the table; a new column comes last."""
    table = sought.catalogue.table(sought.subject.table)
    unsure = Giving.MAY_LEAVE_OUT, "without a list of columns"
    if table is None or not table.complete:
        return unsure
    names = list(table.columns)
    place = next((at for at, name in enumerate(names) if sought.is_column(name)), None)
    if place is None:
        return Giving.LEAVES_OUT, f"without a list of columns: written before there was {sought.column}"
    if insertion.width is None:
        return unsure
    if place < insertion.width:
        return Giving.GIVES, f"with {sought.column}, by its place"
    return Giving.LEAVES_OUT, f"without {sought.column}: it has only {insertion.width} values"
