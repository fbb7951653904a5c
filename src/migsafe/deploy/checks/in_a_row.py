"""A check that is believed only when it has failed several times in a row: `in_a_row` of any `[[check]]`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.deploy.checks.context import Closing
from migsafe.deploy.verdict import Result

if TYPE_CHECKING:
    from migsafe.deploy.verdict import Check, Verdict, Window


class InARow:
    """Holds back the first failures of another check; once the window is over, one is enough."""

    def __init__(self, check: Check, times: int) -> None:
        """
        Args:
            times: how many looks must fail, one after the other, to end a window early.
        """
        self._check = check
        self._times = times
        self._failed = 0

    @property
    def name(self) -> str:
        """The other check's."""
        return self._check.name

    def begin(self) -> None:
        """A window begins: no look has failed."""
        self._failed = 0
        self._check.begin()

    def judge(self, window: Window) -> Verdict:
        """What the other check says; a failure that stands alone is nothing that anybody knows yet."""
        verdict = self._check.judge(window)
        self._failed = self._failed + 1 if verdict.result is Result.FAIL else 0
        if not self._failed or self._failed >= self._times or window.over:
            return verdict
        held = f"{verdict.text} (look {self._failed} of {self._times} that must fail in a row)"
        return replace(verdict, result=Result.INCONCLUSIVE, text=held)

    def close(self) -> None:
        """Let go of what the other check holds."""
        if isinstance(self._check, Closing):
            self._check.close()
