"""A session that has been asked already: the rows of one table, for tests of what is read from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.postgres.connection import Session


class ToldRows:
    """Answers with the rows that it was given."""

    def __init__(self, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        self._columns = columns
        self._rows = rows

    def query(self, _sql: str, _values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The names of the columns, which is all that is asked so."""
        return [(name,) for name in self._columns]

    def query_with_names(self, _sql: str, /, **_names: object) -> list[tuple[Any, ...]]:
        """The rows."""
        return list(self._rows)


def told_rows(columns: str, *rows: tuple[Any, ...]) -> Session:
    """A session on which a table of these columns has these rows."""
    return cast("Session", ToldRows(columns.split(), rows))
