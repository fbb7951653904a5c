"""`kind = "sql"`: a query of one number or one boolean, on Postgres, in a transaction that cannot write.

Keys: `query`, `max`, `min`, `equals` (none of them for a boolean, which must be true), `url` (else the target's
database), `timeout` (5s). In the query `{candidate}`, `{stable}` (texts) and `{seconds}` (a number) are bound as
values: they stand without quotes.
"""

from __future__ import annotations

from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING

from migsafe.deploy.checks.anew import PLACE, AskedAnew
from migsafe.deploy.checks.bounds import Bounds, judge_number, read_bounds
from migsafe.deploy.checks.context import judged_version
from migsafe.deploy.checks.judging import Judgement
from migsafe.deploy.verdict import Result

if TYPE_CHECKING:
    from migsafe.deploy.checks.context import CheckContext
    from migsafe.deploy.tables import Table
    from migsafe.deploy.verdict import Check, Window

_CASTS = {"candidate": "%s::text", "stable": "%s::text", "seconds": "%s::float8"}
#: A look waits for nobody's lock, in milliseconds.
_LOCK_MS = 200


def open_check(table: Table, context: CheckContext) -> Check:
    """The check that one `[[check]]` describes; nothing is connected yet.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong.
        UsageError: when the address is none of a Postgres database, or its variable is not set.
    """
    name, query = table.text("name"), table.text("query").strip().rstrip(";").rstrip()
    bounds = read_bounds(table) if any(table.has(key) for key in ("max", "min", "equals")) else None
    timeout_s = table.duration_s("timeout", 5.0)
    address = table.address("url", None)
    table.done()
    said = address.said if address is not None else context.database
    if said is None:
        raise table.error("url", "missing, and the environment has no database of its own")
    return SqlCheck(name, _dsn(said, context, table.words("url")), query, bounds, timeout_s)


def _dsn(said: str, context: CheckContext, place: str) -> str:
    from migsafe.postgres.address import resolve_address

    return resolve_address(said, option=place, environ=context.environ)


class SqlCheck(AskedAnew):
    """Asks a database, each time on a connection of its own."""

    def __init__(self, name: str, dsn: str, query: str, bounds: Bounds | None, timeout_s: float) -> None:
        """
        Args:
            bounds: of a number; None where the query gives a boolean.
            timeout_s: for the query, in seconds.
        """
        super().__init__(name)
        self._dsn = dsn
        self._query = query
        self._bounds = bounds
        self._timeout_s = timeout_s

    def _judge(self, window: Window) -> Judgement:
        return self._judged(self._ask(window))

    def _ask(self, window: Window) -> list[tuple[object, ...]]:
        from migsafe.postgres.connection import Timeouts
        from migsafe.postgres.reading import look

        statement, values = bound(self._query, window)
        with look(self._dsn, Timeouts(lock=_LOCK_MS, statement=max(1, ceil(self._timeout_s * 1000)))) as session:
            return session.query(statement, values)

    def _judged(self, rows: list[tuple[object, ...]]) -> Judgement:
        if not rows:
            return Judgement(Result.INCONCLUSIVE, "no data: the query gives no row")
        if len(rows) > 1 or len(rows[0]) != 1:
            return Judgement(Result.INCONCLUSIVE, "the query must give one row with one column")
        (value,) = rows[0]
        if value is None:
            return Judgement(Result.INCONCLUSIVE, "no data: the query gives NULL")
        if isinstance(value, bool):
            return self._truth(value)
        if not isinstance(value, int | float | Decimal):
            return Judgement(Result.INCONCLUSIVE, "the query must give a number or a boolean")
        if self._bounds is None:
            return Judgement(Result.INCONCLUSIVE, "the query gives a number, and there is no max, min or equals for it")
        return judge_number(float(value), self._bounds)

    def _truth(self, value: bool) -> Judgement:
        if self._bounds is not None:
            return Judgement(Result.INCONCLUSIVE, "the query gives a boolean: take max, min and equals away")
        return Judgement(Result.PASS if value else Result.FAIL, "true" if value else "false")


def bound(query: str, window: Window) -> tuple[str, tuple[object, ...]]:
    """The statement that is sent, and its values.

    As a subquery with a limit it is one statement that reads, whatever the file says, and gives no more rows than are
    needed to see that there are too many. Bound values make the server refuse a second statement.
    """
    known = {"candidate": judged_version(window), "stable": window.stable, "seconds": window.seconds}
    values = tuple(known[place[1]] for place in PLACE.finditer(query))
    inner = PLACE.sub(lambda place: _CASTS[place[1]], query.replace("%", "%%"))
    return f"select * from (\n{inner}\n) as migsafe_look limit %s", (*values, 2)  # noqa: S608 -- the team's own query
