"""Which steps a run is about, in which order, and why it cannot begin; pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from migsafe.errors import ExitCode, MigsafeError
from migsafe.model.phase import Part, Phase
from migsafe.model.state import StepStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from migsafe.bookkeeping.project import ProjectStep
    from migsafe.model.state import Run

#: A step that has one of these has come to its end here.
_OVER = frozenset({StepStatus.DONE, StepStatus.PURGED, StepStatus.SKIPPED, StepStatus.QUARANTINED})
_OPEN = frozenset({StepStatus.RUNNING, StepStatus.PARTIAL})


class RunRefusedError(MigsafeError):
    """A gate refuses the run; nothing was changed."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True)
class Passed:
    """A step that is not run now, and why, in a few words."""

    step: ProjectStep
    why: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run does.

    Attributes:
        steps: in the order in which they run.
        passed: earlier steps that wait for a phase of their own.
        resumes: the first of the steps was begun before and has not come to its end.
    """

    steps: tuple[ProjectStep, ...]
    passed: tuple[Passed, ...] = ()
    resumes: bool = False


def select(
    steps: Sequence[ProjectStep],
    known: Mapping[str, Run],
    phase: Phase,
    *,
    releases: Sequence[str],
    release: str,
    applied: Collection[str] = (),
    in_a_line: bool = False,
) -> Selection:
    """The steps of a phase, up to a release, that a database has not had.

    A step of an earlier phase that is missing must run first. One of a later phase is passed over, unless one that is
    to run needs it. In a line nothing is passed over: what stands before the first step of another phase is run.

    Args:
        steps: all of the project, in its tool's order.
        known: what became of each on the database, by migration.
        releases: all of them, in their order.
        release: the one that is about to be deployed, or is.
        applied: migrations that the tool's own table has.
        in_a_line: the tool keeps one version only, or a chain: what stands before a migration has run before it.

    Raises:
        RunRefusedError: when another step must come first, or is in an unclear state.
    """
    within = [one for one in steps if _is_within(one, release, releases)]
    waiting = [one for one in within if not _is_over(one, known, applied)]
    _refuse_open(waiting, known, phase)
    mine = [one for one in waiting if one.facts.phase is phase]
    if not mine:
        return Selection(())
    if in_a_line:
        return _leading(waiting, mine, phase, known)
    last = within.index(mine[-1])
    before = [one for one in waiting if within.index(one) < last and one.facts.phase is not phase]
    passed = tuple(_passed(one, phase, mine) for one in before)
    resumes = any(_status(one, known) in _OPEN for one in mine)
    return Selection(tuple(mine), passed, resumes)


def select_begun(steps: Sequence[ProjectStep], known: Mapping[str, Run]) -> Selection:
    """The steps that were begun on a database and have not come to their end, whatever their phase."""
    begun = tuple(step for step in steps if _status(step, known) in _OPEN)
    return Selection(begun, resumes=bool(begun))


def _is_within(step: ProjectStep, release: str, releases: Sequence[str]) -> bool:
    """A migration that no release carries yet belongs to the one that is being made, which is the latest."""
    carried = step.facts.release
    if carried is None or carried not in releases:
        return release == releases[-1]
    return releases.index(carried) <= releases.index(release)


def _is_over(step: ProjectStep, known: Mapping[str, Run], applied: Collection[str]) -> bool:
    status = _status(step, known)
    if status in _OPEN or status is StepStatus.FAILED:
        return False
    return status in _OVER or (status is None and step.migration.id in applied)


def _status(step: ProjectStep, known: Mapping[str, Run]) -> StepStatus | None:
    run = known.get(step.migration.id)
    return None if run is None else run.status


def _refuse_open(waiting: Sequence[ProjectStep], known: Mapping[str, Run], phase: Phase) -> None:
    """What was cut off comes first, whatever its phase: nobody knows what the database looks like before that."""
    for step in waiting:
        status = _status(step, known)
        if status in _OPEN and step.facts.phase is not phase:
            raise RunRefusedError(
                f"{step.facts.label} ({step.facts.phase}) is {status} and comes first",
                hint=f"migsafe run resume, or migsafe run {step.facts.phase}",
            )


def _leading(
    waiting: Sequence[ProjectStep], mine: Sequence[ProjectStep], phase: Phase, known: Mapping[str, Run]
) -> Selection:
    """The steps with which a line goes on, as far as they are of the phase."""
    lead = tuple(takewhile(lambda one: one.facts.phase is phase, waiting))
    if not lead:
        first = waiting[0]
        raise RunRefusedError(
            f"{first.facts.label} ({first.facts.phase}) comes before {mine[0].facts.label}, and the tool runs its "
            "migrations in a line",
            hint=f"migsafe run {first.facts.phase} first; on a database that no code uses: migsafe run all",
        )
    behind = len(mine) - len(lead)
    blocking = waiting[len(lead)] if behind else None
    why = f"comes before {behind} more of {phase}: migsafe run {blocking.facts.phase} first" if blocking else ""
    passed = (Passed(blocking, why),) if blocking is not None else ()
    return Selection(lead, passed, any(_status(one, known) in _OPEN for one in lead))


def select_all(
    steps: Sequence[ProjectStep],
    known: Mapping[str, Run],
    *,
    releases: Sequence[str],
    release: str,
    applied: Collection[str] = (),
) -> Selection:
    """Every step up to a release that a database has not had, of whatever phase, in the tool's order."""
    within = [one for one in steps if _is_within(one, release, releases)]
    waiting = tuple(one for one in within if not _is_over(one, known, applied))
    return Selection(waiting, resumes=any(_status(one, known) in _OPEN for one in waiting))


def _passed(step: ProjectStep, phase: Phase, mine: Sequence[ProjectStep]) -> Passed:
    theirs = step.facts.phase or Phase.EXPAND
    if theirs.order < phase.order:
        raise RunRefusedError(
            f"{step.facts.label} ({theirs}) has not run, and {theirs} comes before {phase}",
            hint=f"migsafe run {theirs} first, or migsafe record {step.facts.label} --status skipped --reason …",
        )
    needing = next((one for one in mine if step.migration.id in one.migration.needs), None)
    if needing is not None:
        raise RunRefusedError(
            f"{needing.facts.label} needs {step.facts.label} ({theirs}), which has not run",
            hint=f"migsafe run {theirs} when it is due",
        )
    part = f" of its {step.facts.part}" if step.facts.part is Part.PURGE else ""
    return Passed(step, f"waits for migsafe run {theirs}{part}")
