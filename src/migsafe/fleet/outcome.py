"""What a round through a fleet came to; values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from migsafe.errors import ExitCode, MigsafeError
from migsafe.runner.outcome import RunStoppedError

if TYPE_CHECKING:
    from migsafe.fleet.rings import Settled
    from migsafe.fleet.roster import FleetTarget, Roster
    from migsafe.runner.outcome import RunOutcome


class Fate(StrEnum):
    """What became of one database of a fleet."""

    DONE = "done"
    NOTHING = "nothing to run"
    REFUSED = "refused"
    FAILED = "failed"
    STOPPED = "stopped"
    LEFT = "not begun"


class FleetStoppedError(MigsafeError):
    """Not every database of a fleet came to its end."""

    def __init__(self, message: str, exit_code: ExitCode, *, hint: str | None = None) -> None:
        """
        Args:
            exit_code: the gravest of all.
        """
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOutcome:
    """What became of a fleet.

    Attributes:
        settled: the databases that were begun, in the order in which they came to their end.
        interrupted: somebody wanted nothing more to be begun.
    """

    roster: Roster
    settled: tuple[Settled[RunOutcome], ...]
    interrupted: bool = False

    @property
    def left(self) -> tuple[FleetTarget, ...]:
        """Those that were not begun."""
        begun = {one.target for one in self.settled}
        return tuple(target for target in self.roster if target.name not in begun)

    @property
    def failed(self) -> tuple[Settled[RunOutcome], ...]:
        """Those that did not come to their end by themselves."""
        return tuple(one for one in self.settled if fate_of(one) in {Fate.FAILED, Fate.REFUSED})

    @property
    def counts(self) -> dict[Fate, int]:
        """How many databases have each fate; none that nobody has."""
        fates = [*map(fate_of, self.settled), *(Fate.LEFT for _ in self.left)]
        return {fate: fates.count(fate) for fate in Fate if fate in fates}

    @property
    def exit_code(self) -> ExitCode:
        """The gravest of those that failed; 130 where nothing but somebody stopped it."""
        codes = [problem.exit_code for one in self.failed if (problem := problem_of(one)) is not None]
        if codes:
            return max(codes)
        unfinished = self.left or any(fate_of(one) is Fate.STOPPED for one in self.settled)
        return ExitCode.INTERRUPTED if unfinished else ExitCode.CLEAN

    @property
    def problem(self) -> MigsafeError | None:
        """That not all came to their end, in one line; None where they did."""
        if self.exit_code is ExitCode.CLEAN:
            return None
        counts, whole = self.counts, self.roster.size
        parts = [
            f"{counts[fate]} {fate}" for fate in (Fate.FAILED, Fate.REFUSED, Fate.STOPPED, Fate.LEFT) if fate in counts
        ]
        return FleetStoppedError(
            f"of {whole} databases {', '.join(parts)}", self.exit_code, hint="the same command goes on with these"
        )


def problem_of(settled: Settled[RunOutcome]) -> MigsafeError | None:
    """What stopped one database; None where nothing did."""
    return settled.error or (settled.value.problem if settled.value is not None else None)


def fate_of(settled: Settled[RunOutcome]) -> Fate:
    """What became of one database."""
    problem = problem_of(settled)
    if isinstance(problem, RunStoppedError):
        return Fate.STOPPED
    if problem is not None:
        return Fate.REFUSED if problem.exit_code is ExitCode.REFUSED else Fate.FAILED
    return Fate.DONE if settled.value is not None and settled.value.steps else Fate.NOTHING
