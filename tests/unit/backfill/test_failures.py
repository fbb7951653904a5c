"""What a failed batch says."""

from __future__ import annotations

import pytest

from migsafe.backfill.failures import Failure, judge


@pytest.mark.parametrize("sqlstate", ["55P03", "57014", "40P01", "40001", "25P04"])
def test_what_passes(sqlstate: str) -> None:
    assert judge(sqlstate, 100) is Failure.PASSES


@pytest.mark.parametrize("sqlstate", ["23505", "23514", "22001", "22P02", "P0001", "54000", "21000", "44000"])
@pytest.mark.parametrize("rows", [1, 100])
def test_what_one_row_may_have_done(sqlstate: str, rows: int) -> None:
    assert judge(sqlstate, rows) is Failure.OF_A_ROW


@pytest.mark.parametrize("sqlstate", ["42703", "42501", "42883", "53100", "XX000", "25006", "57P01", None])
def test_what_no_smaller_batch_mends(sqlstate: str | None) -> None:
    assert judge(sqlstate, 100) is Failure.FINAL


def test_one_row_that_takes_too_long_is_that_rows_own_failure() -> None:
    assert judge("57014", 1) is Failure.OF_A_ROW
    assert judge("57014", 2) is Failure.PASSES
    assert judge("55P03", 1) is Failure.PASSES, "somebody else's lock is not"
