"""How much a failure on generated rows weighs on MySQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.operation import AddColumn, SetNotNull

if TYPE_CHECKING:
    from migsafe.shadow.migration import Failure

_TRUNCATED = "1265"

#: Out of range, data truncated, data too long: a narrower type.
_DOES_NOT_FIT = frozenset({"1264", _TRUNCATED, "1406"})


def fails_on_any_row(failure: Failure) -> bool:
    """Whether a statement that works on empty tables fails as soon as there is a row.

    A column that is added gets one value for all rows: a zero date that strict mode refuses, the same in a unique key
    from the second row on, none in a foreign key.
    """
    operations = failure.statement.operations if failure.statement is not None else ()
    if failure.sqlstate == _TRUNCATED and any(isinstance(operation, SetNotNull) for operation in operations):
        # This is also how the server says that a row has NULL.
        return False
    return failure.sqlstate in _DOES_NOT_FIT or any(isinstance(operation, AddColumn) for operation in operations)
