"""What is known of a piece that failed."""

from __future__ import annotations

import pytest

from migsafe.postgres.connection import StatementFailedError
from migsafe.runner.execution import PieceFailedError
from preflight_cases import read_sql


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [
        (None, True),
        ("57P01", True),
        ("57P02", True),
        ("08006", True),
        ("23503", False),
        ("57014", False),
        ("40P01", False),
    ],
)
def test_only_a_lost_connection_leaves_the_end_of_a_transaction_open(sqlstate: str | None, expected: bool) -> None:
    error = StatementFailedError("it failed", sqlstate=sqlstate)
    assert PieceFailedError(None, error).may_be_committed is expected


def test_what_was_lost_before_its_end_is_taken_back() -> None:
    _, read = read_sql("alter table users add a int")
    lost = StatementFailedError("the connection is lost", sqlstate=None)
    assert not PieceFailedError(read.statements[0], lost).may_be_committed
