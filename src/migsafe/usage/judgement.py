"""Whether a query uses what is sought: its names against the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.usage import Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.parse.query_uses import NamedColumn, QueryUses
    from migsafe.usage.subjects import Wanted


class Verdict(NamedTuple):
    """One use in a query.

    Attributes:
        text: what the query does, as the end of a sentence.
        line: counts from 1 in the query.
    """

    use: Use
    text: str
    line: int


def judge(uses: QueryUses, sought: Wanted) -> Iterator[Verdict]:
    """All uses of a subject in one query."""
    table = sought.subject.table.name
    if sought.column is None:
        for named in uses.tables:
            if sought.is_table(named.table):
                yield Verdict(Use.STRONG, f"names the table {table}", named.line)
        return
    for column in uses.columns:
        use = _use(column, sought)
        if use is not Use.NONE:
            text = f"names {sought.shown}" if use is Use.STRONG else f"may mean {sought.shown}"
            yield Verdict(use, text, column.line)
    for named in uses.positional:
        if sought.is_table(named.table):
            yield Verdict(Use.STRONG, f"counts on the order of the columns of {table}", named.line)
    for named in uses.stars:
        if sought.is_table(named.table):
            yield Verdict(Use.WEAK, f"takes all columns of {table}", named.line)
    for named in uses.filled:
        if sought.is_table(named.table):
            yield Verdict(Use.WEAK, f"takes columns of {table} that are filled in when it runs", named.line)


def _use(column: NamedColumn, sought: Wanted) -> Use:
    """A name that is not qualified means the nearest table that has such a column."""
    if not sought.is_column(column.column):
        return Use.NONE
    if not column.scopes:
        return Use.WEAK if column.open and sought.alone else Use.NONE
    sure = not column.open
    for scope in column.scopes:
        others = [sought.lacks(table) for table in scope if not sought.is_table(table)]
        if any(sought.is_table(table) for table in scope):
            return Use.STRONG if sure and all(others) else Use.WEAK
        if False in others:  # another table, nearer, has the column
            return Use.NONE
        sure = sure and all(others)
    return Use.NONE
