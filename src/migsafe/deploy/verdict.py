"""What a look at the running code has come to: pass, fail, or nobody can tell. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Result(StrEnum):
    """INCONCLUSIVE is never a pass: too few requests, no data, a source that is away."""

    PASS = "pass"  # noqa: S105 -- a result, no secret
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time that is judged, and who had which share of the traffic in it.

    Attributes:
        seconds: how long it has lasted so far.
        over: it has lasted as long as it was to; before that, only a failure counts.
        weight: the candidate's share in per cent; 0 where only the stable version is looked at.
    """

    stable: str | None
    candidate: str | None
    weight: int
    seconds: float
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one check says.

    Attributes:
        check: its name.
        text: with the figures, in one line, for a person.
    """

    check: str
    result: Result
    text: str


class Check(Protocol):
    """Something that is looked at while a window lasts; one `[[check]]` of deploy.toml.

    It never raises for what it looks at: a source that is away is inconclusive, and says why.
    """

    @property
    def name(self) -> str:
        """As deploy.toml calls it."""

    def begin(self) -> None:
        """A window begins: remember where counters stand."""

    def judge(self, window: Window) -> Verdict:
        """What is to be said of the window so far; may be asked again and again."""


def spell_verdicts(verdicts: Sequence[Verdict], result: Result) -> str:
    """What those say that have come to a result, with their checks' names."""
    return "; ".join(f"{one.check}: {one.text}" for one in verdicts if one.result is result)


def worst(verdicts: Sequence[Verdict]) -> Result:
    """One failure fails; else one that cannot tell is enough not to know; what asks nothing passes."""
    results = {one.result for one in verdicts}
    return next((one for one in (Result.FAIL, Result.INCONCLUSIVE) if one in results), Result.PASS)
