"""What a failed batch says: try again, look for the row, or give up. Pure."""

from __future__ import annotations

from enum import Enum

#: Timeouts of locks and statements, deadlocks, serialization; `transaction_timeout` of 17 and later.
#: (Manual of PostgreSQL 18, Appendix A "PostgreSQL Error Codes"; so are the classes below.)
_PASSES = frozenset({"55P03", "57014", "40P01", "40001", "40003", "25P04"})
#: Cardinality, data, integrity, a view's check, RAISE, a limit of the program (a row too big for an index), code
#: outside.
_OF_A_ROW = frozenset({"21", "22", "23", "44", "P0", "54", "38", "39"})


class Failure(Enum):
    """What to do about a failure."""

    PASSES = "passes"
    OF_A_ROW = "of a row"
    FINAL = "final"


def judge(sqlstate: str | None, rows: int) -> Failure:
    """What a failure is.

    Args:
        sqlstate: the server's code; None when it gave none.
        rows: how many the batch had.
    """
    if sqlstate is None:
        return Failure.FINAL
    if sqlstate == "57014" and rows == 1:  # one row that takes longer than a batch may is that row's own failure
        return Failure.OF_A_ROW
    if sqlstate in _PASSES:
        return Failure.PASSES
    return Failure.OF_A_ROW if sqlstate[:2] in _OF_A_ROW else Failure.FINAL
