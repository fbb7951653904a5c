"""How much a failure on generated rows weighs on SQLite: more where any row fails, whatever its values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migsafe.model.operation import AddColumn, Insert
from migsafe.shadow.weights import weighed as weighed_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.finding import Finding
    from migsafe.shadow.migration import Failure
    from migsafe.shadow.round_trip import RoundTrip

_NULL_IN = re.compile(r"NOT NULL constraint failed: .*\.(?P<column>[^.]+)$")


def weighed(findings: Iterable[Finding], trip: RoundTrip) -> Iterator[Finding]:
    """Findings with those on generated rows raised to warnings where their values do not matter."""
    return weighed_by(findings, trip, fails_on_any_row)


def fails_on_any_row(failure: Failure) -> bool:
    """Whether a statement that works on empty tables fails as soon as there is a row.

    ADD COLUMN refuses what would need another value in each row (NOT NULL without a default, a default that is no
    constant: sqlite.org/lang_altertable.html, 4); a copy gives NULL to a column that it leaves out.
    """
    operations = failure.statement.operations if failure.statement is not None else ()
    if any(isinstance(operation, AddColumn) for operation in operations):
        return True
    null = _NULL_IN.match(failure.message)
    inserts = [operation for operation in operations if isinstance(operation, Insert) and operation.columns]
    return null is not None and any(null["column"].lower() not in insert.columns for insert in inserts)
