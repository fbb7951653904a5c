"""What a run came to, step by step; values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.errors import ExitCode, MigsafeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.phase import Phase
    from migsafe.model.state import StepStatus, TargetName


class StepStoppedError(MigsafeError):
    """A step failed, and can be resumed."""

    exit_code = ExitCode.ENVIRONMENT


class RunStoppedError(StepStoppedError):
    """Somebody stopped a run between two steps; nothing is half done."""


class StepRefusedError(MigsafeError):
    """A step may not run now; nothing of it was changed."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """One step of a run.

    Attributes:
        status: what became of it; None where it was not begun.
        pieces: how many transactions and lone statements it has.
        skipped: how many of them had been done before.
        ran_ms: how long the pieces took, in milliseconds.
        waited_ms: how long it waited for its moment, in milliseconds.
        retries: how often a piece was tried again.
        checks: what was verified after it: name → whether it held.
        notes: what a person wants to know, one line each.
    """

    label: str
    phase: Phase | None
    change: str | None
    status: StepStatus | None
    pieces: int = 0
    skipped: int = 0
    ran_ms: int = 0
    waited_ms: int = 0
    retries: int = 0
    checks: tuple[tuple[str, bool], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """A run.

    Attributes:
        phase: None where what was begun was resumed; then `release` is None too.
        waiting: steps that were passed over, and why.
        notes: of a rehearsal: what stands against all of them together now, one line each.
        problem: what stopped it; None where nothing did.
    """

    where: TargetName
    phase: Phase | None
    release: str | None
    steps: tuple[StepOutcome, ...] = ()
    waiting: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    problem: MigsafeError | None = field(default=None)

    @property
    def exit_code(self) -> ExitCode:
        """0, or that of what stopped it."""
        return ExitCode.CLEAN if self.problem is None else self.problem.exit_code

    def foreseen(self) -> Iterator[str]:
        """Of a rehearsal: what would run, and what stands against it, a line each."""
        for step in self.steps:
            yield f"would run {step.label} ({step.phase})"
            yield from (f"  {note}" for note in step.notes)
        yield from (f"{label} {why}" for label, why in self.waiting)
        yield from self.notes
