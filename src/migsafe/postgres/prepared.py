"""Queries that one session runs again and again: planned once.

They take their lists of oids from settings, and not as parameters, so that one plan fits all: a prepared statement with
parameters is planned anew at its first five executions (PostgreSQL 18 manual, PREPARE).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migsafe.postgres.connection import Session

#: Statistics of the catalogues are those of an empty database. Few rows are asked for, and by index that takes half.
_PLANNER = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
_FEW_ROWS = "; ".join(f"set {name} = off" for name in _PLANNER)
_AS_BEFORE = "; ".join(f"reset {name}" for name in _PLANNER)

_Rows = list[list[tuple[Any, ...]]]


def chosen(name: str) -> str:
    """SQL of the array of oids that `pointing` was given last under a name; it is made once, and not for each row."""
    return f"(select string_to_array(current_setting('{_setting(name)}'), ',')::oid[])::oid[]"


def _setting(name: str) -> str:
    return f"migsafe.{name}_oids"


class PreparedQueries:
    """The prepared queries of one session; made anew for another session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: set[str] = set()

    def rows(self, queries: Mapping[str, str], *, first: str = "", last: str = "", values: Sequence[str] = ()) -> _Rows:
        """Run some queries, one after the other, in one round trip.

        Args:
            queries: texts by name, of letters and underscores; one name always means the same text.
            first: statements that run before, with `{}` for each value.
            last: statements that run after, the same.
            values: texts that the driver writes as literals.

        Returns:
            The rows of each query, in their order.

        Raises:
            StatementFailedError: when the server refuses one.
        """
        fresh = [name for name in queries if name not in self._known]
        if fresh:
            self._session.execute(
                "; ".join([_FEW_ROWS, *(f"prepare migsafe_{name} as {queries[name]}" for name in fresh)])
            )
            self._known.update(fresh)
        calls = [f"execute migsafe_{name}" for name in queries]
        answers = self._session.query_all(";\n".join(filter(None, [first, *calls, last])), values)
        if fresh:
            # Plans are made by the first execution, and kept.
            self._session.execute(_AS_BEFORE)
        begin = 1 if first else 0
        return answers[begin : begin + len(queries)]


def pointing(oids: Mapping[str, Iterable[int]]) -> tuple[str, list[str]]:
    """A statement, and its values, that says what `chosen` is from then on, until the session's settings are reset."""
    calls = ", ".join("set_config({}, {}, false)" for _ in oids)
    return f"select {calls}", [
        text for name, some in oids.items() for text in (_setting(name), ",".join(map(str, some)))
    ]
