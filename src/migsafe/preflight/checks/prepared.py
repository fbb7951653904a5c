"""Transactions that somebody prepared and nobody ended."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.preflight.case import Case, oldest_first, prepared_transaction
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import counted, duration

NAME = "prepared-transactions"


def check(case: Case) -> Iterator[Reason]:
    """They keep their locks until somebody ends them; those on touched tables are judged with other holders of locks.

    One that waits for its coordinator is in the way for an instant; an old one was forgotten.
    """
    if case.touched is not None and not case.touched.strong and not case.touched.concurrently:
        return
    on_touched = {lock.gid for lock in case.live.locks if lock.gid is not None} if case.touched is not None else set()
    old = [one for one in case.live.prepared if one.age >= case.limits.old and one.gid not in on_touched]
    if not old:
        return
    culprits = oldest_first(map(prepared_transaction, old))
    forgotten = counted(len(old), "prepared transaction")
    yield Reason(
        check=NAME,
        weight=Weight.NO_GO if case.touched is None else Weight.WARNING,
        text=f"{forgotten} forgotten, the oldest for {duration(culprits[0].age or 0.0)}: "
        "its locks stay, and vacuum removes nothing newer",
        hint=f"COMMIT PREPARED or ROLLBACK PREPARED '{culprits[0].gid}'",
        culprits=culprits,
    )
