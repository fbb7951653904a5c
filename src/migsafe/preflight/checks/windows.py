"""Whether it is a time at which migrations may run."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.preflight.case import Case
from migsafe.preflight.report import Reason, Weight

NAME = "window"


def check(case: Case) -> Iterator[Reason]:
    """Outside of the windows that the configuration names, everything is frozen."""
    if case.windows is None or case.windows.is_open(case.now):
        return
    opening = case.windows.next_opening(case.now)
    yield Reason(
        check=NAME,
        weight=Weight.NO_GO,
        text=f"migrations run only {case.windows.text}; the next window opens {opening:%a %Y-%m-%d %H:%M %Z}",
        passing=True,
    )
