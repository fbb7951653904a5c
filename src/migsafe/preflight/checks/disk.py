"""What is written: how much, because nobody can see from here whether it fits."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.preflight.case import Case, name_of
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import size, some

NAME = "disk"


def check(case: Case) -> Iterator[Reason]:
    """An index build wants room for the index and for sorting, a rewrite for the table and its indexes once more."""
    if case.touched is None or not case.touched.builds:
        return
    relations = case.relations(case.touched.builds)
    total = sum(one.size for one in relations)
    if not relations:
        return
    yield Reason(
        check=NAME,
        weight=Weight.NOTE,
        text=f"{some([str(name_of(one)) for one in relations])}: indexes are built or tables written anew, "
        f"of {size(total)}; free disk cannot be seen from here",
        hint="have twice the estimated size free",
        objects=tuple(str(name_of(one)) for one in relations),
    )
