"""Statements that go along a unique key of a table, a range of it at a time.

The driver composes them: names as identifiers, values of the key as literals of its types. Values are texts, as the
server itself writes them, so that they can be kept and come back the same whatever their type is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg.sql import Composable, Composed

    from migsafe.postgres.connection import Session

#: Values of a key's columns, in its order.
Key = tuple[str, ...]

_PLACE = re.compile(r"(?<!:):(low|high|rows)\b")

#: So that every value comes back from its text as it was (manual, 20.11.2 "Locale and Formatting").
_SPELLING = (
    ("datestyle", "ISO, YMD"),
    ("intervalstyle", "postgres"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows that one batch looks at.

    Attributes:
        low: the first key.
        high: the last key.
        rows: how many there are.
    """

    low: Key
    high: Key
    rows: int


@dataclass(frozen=True, slots=True)
class Keyset:
    """A table with a unique key without NULLs.

    Attributes:
        table: its schema and its name.
        columns: of the key, in its order.
        types: of the columns, as the server spells them.
    """

    table: tuple[str, str]
    columns: tuple[str, ...]
    types: tuple[str, ...]

    def ends(self, session: Session) -> tuple[Key, Key] | None:
        """The first key and the last one; None of an empty table."""
        from psycopg.sql import SQL

        statement = SQL("(select {} from {} order by {} limit 1) union all (select {} from {} order by {} limit 1)")
        up, down = self._order(), self._order(" desc")
        rows = session.read(
            statement.format(self._texts(), self._relation(), up, self._texts(), self._relation(), down)
        )
        return (_key(rows[0]), _key(rows[1])) if rows else None

    def next_stretch(self, session: Session, low: Key, high: Key, rows: int, *, after: Key | None) -> Stretch | None:
        """The next rows of a range; None where there are no more.

        Args:
            low: the range begins with it.
            high: the range ends with it.
            rows: at most so many.
            after: those up to this key are behind us; None at the beginning.
        """
        found = session.read(self.stretch_statement(low, high, rows, after=after))
        if not found:
            return None
        return Stretch(_key(found[0][1:]), _key(found[1][1:]), int(found[0][0]))

    def stretch_statement(self, low: Key, high: Key, rows: int, *, after: Key | None) -> Composed:
        """The statement of `next_stretch`: two rows, each how many there are and a key."""
        from psycopg.sql import SQL, Literal

        return SQL(
            "with batch as materialized (select {} from {} where {} and {} <= {} order by {} limit {}) "
            "(select (select count(*) from batch), {} from batch order by {} limit 1) union all "
            "(select 0, {} from batch order by {} limit 1)"
        ).format(
            self._names(), self._relation(), self._above(low, after), self._row(), self._value(high), self._order(),
            Literal(rows), self._texts(), self._order(), self._texts(), self._order(" desc"),
        )  # fmt: skip

    def update(self, stretch: Stretch, assignments: Sequence[tuple[str, str]], needs_work: str) -> Composed:
        """Write the rows of a stretch that need it.

        Args:
            assignments: column → expression, as its author wrote it.
            needs_work: condition, as its author wrote it.
        """
        from psycopg.sql import SQL, Identifier

        written = SQL(", ").join(SQL("{} = ({})").format(Identifier(name), SQL(text)) for name, text in assignments)
        return SQL("update {} set {} where {} >= {} and {} <= {} and ({})").format(
            self._relation(), written, self._row(), self._value(stretch.low), self._row(), self._value(stretch.high),
            SQL(needs_work),
        )  # fmt: skip

    def fill_in(self, statement: str, stretch: Stretch, rows: int) -> Composed:
        """A statement of a plan with its `:low`, `:high` and `:rows`."""
        from psycopg.sql import SQL, Composed, Literal

        values: dict[str, Composable] = {
            "low": self._value(stretch.low), "high": self._value(stretch.high), "rows": Literal(rows),
        }  # fmt: skip
        pieces = _PLACE.split(statement.strip().removesuffix(";"))
        return Composed([values[piece] if n % 2 else SQL(piece) for n, piece in enumerate(pieces)])

    def cuts(self, session: Session, parts: int, sample_percent: float) -> tuple[Key, ...]:
        """Keys that cut the table into parts of about the same number of rows; fewer where it has few rows.

        Args:
            parts: how many, at least 2.
            sample_percent: how much of the table is looked at, up to 100.
        """
        from psycopg.sql import SQL, Literal

        statement = SQL(
            "select {} from (select {}, row_number() over (order by {}) as place, count(*) over () as rows "
            "from {} tablesample system ({})) as sample "
            "where place in (select sample.rows * part / {} from generate_series(1, {}) as part) order by {}"
        ).format(
            self._texts(), self._names(), self._order(), self._relation(), Literal(sample_percent), Literal(parts),
            Literal(parts - 1), self._order(),
        )  # fmt: skip
        return tuple(dict.fromkeys(_key(row) for row in session.read(statement)))

    def _relation(self) -> Composable:
        from psycopg.sql import Identifier

        return Identifier(*self.table)

    def _names(self) -> Composable:
        from psycopg.sql import SQL, Identifier

        return SQL(", ").join(Identifier(name) for name in self.columns)

    def _texts(self) -> Composable:
        from psycopg.sql import SQL, Identifier

        # Under names of their own: ORDER BY would take a text that is called like its column for the column.
        return SQL(", ").join(
            SQL("{}::text as {}").format(Identifier(name), Identifier(f"migsafe_key_{n}"))
            for n, name in enumerate(self.columns)
        )

    def _order(self, suffix: str = "") -> Composable:
        from psycopg.sql import SQL, Identifier

        return SQL(", ").join(Identifier(name) + SQL(suffix) for name in self.columns)

    def _row(self) -> Composable:
        from psycopg.sql import SQL

        return self._names() if len(self.columns) == 1 else SQL("({})").format(self._names())

    def _value(self, key: Key) -> Composable:
        from psycopg.sql import SQL, Literal

        values = SQL(", ").join(
            SQL("{}::{}").format(Literal(value), SQL(kind)) for value, kind in zip(key, self.types, strict=True)
        )
        return values if len(key) == 1 else SQL("({})").format(values)

    def _above(self, low: Key, after: Key | None) -> Composable:
        from psycopg.sql import SQL

        if after is None:
            return SQL("{} >= {}").format(self._row(), self._value(low))
        return SQL("{} > {}").format(self._row(), self._value(after))


def spell_values_exactly(session: Session) -> None:
    """Let the session write values so that they can be read again as they are."""
    for name, value in _SPELLING:
        session.query("select set_config(%s, %s, false)", (name, value))


def explain(session: Session, statement: Composable) -> dict[str, Any]:
    """How the server would run a statement; it is not run."""
    from psycopg.sql import SQL

    plan: dict[str, Any] = session.read(SQL("explain (format json) ") + statement)[0][0][0]["Plan"]
    return plan


def analyze(session: Session, table: tuple[str, str], columns: Sequence[str]) -> None:
    """Collect statistics of columns; of the whole table where none is named."""
    from psycopg.sql import SQL, Identifier

    named = SQL(" ({})").format(SQL(", ").join(map(Identifier, columns))) if columns else SQL("")
    session.change(SQL("analyze {}").format(Identifier(*table)) + named)


def _key(row: Sequence[Any]) -> Key:
    return tuple(str(value) for value in row)
