"""What going back to a release comes to: each step judged by itself, the newest first, and then the whole; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.errors import ExitCode, MigsafeError
from migsafe.model.phase import Part, Phase
from migsafe.model.state import RolloutStatus, StepStatus
from migsafe.runner.backward.table import DECISIONS, Code, Schema, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migsafe.model.state import Rollout

_CUT_OFF = frozenset({StepStatus.RUNNING, StepStatus.PARTIAL})
_OUT_OF_THE_WAY = frozenset({Verdict.NOTHING, Verdict.SAFE})
_ALL_OF_IT = 100


class BackwardRefusedError(MigsafeError):
    """Going back is refused; nothing was changed."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A step that stands on the database, and what was found out about its way back.

    Attributes:
        release: the one that carries it; None where none does yet.
        cut_off_back: its way back was begun and goes on.
        no_way: why there is no way back; None where there is one, or nothing needs one.
        nothing: why there is nothing to take back; None where there is something.
        stays: why it is left as it is, and goes on standing; None where it does not.
        losses: what is lost by taking it back, one sentence each.
        destroyed: what its way up took away for good, in words; None where it did not.
        backfilling: a backfill of it is at work, and nobody has told it to pause.
        synced: whether what keeps both sides of its change in step is there; None where it has none.
        partly_undoable: its way back bears that a part of the way up has not happened.
        touches: tables that it speaks of, as people write them.
    """

    label: str
    phase: Phase | None
    status: StepStatus
    change: str | None = None
    part: Part | None = None
    release: str | None = None
    cut_off_back: bool = False
    no_way: str | None = None
    nothing: str | None = None
    stays: str | None = None
    losses: tuple[str, ...] = ()
    destroyed: str | None = None
    backfilling: bool = False
    synced: bool | None = None
    partly_undoable: bool = True
    touches: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that counts when one goes back.

    Attributes:
        to: the release that is gone back to.
        releases: all that are known, in their order.
        rollouts: of the environment.
        protected: where nobody has said what runs, nobody can tell what would break.
        steps: all that stand on the database, the newest first.
        floor: the oldest release that works on the schema now; None while every one does.
        doubt: why nobody can tell the floor.
        only: the one change that is taken back; all when None.
        in_a_line: the tool keeps one version, so that no step can be passed over.
    """

    to: str
    releases: tuple[str, ...]
    rollouts: tuple[Rollout, ...]
    steps: tuple[Candidate, ...]
    protected: bool = True
    floor: str | None = None
    doubt: str | None = None
    only: str | None = None
    in_a_line: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A step, and whether it can be taken back.

    Attributes:
        why: sentences without full stops.
        code: which code runs, as seen from it.
    """

    step: Candidate
    verdict: Verdict
    why: tuple[str, ...]
    schema: Schema
    code: Code


@dataclass(frozen=True, slots=True)
class Decision:
    """What going back comes to.

    Attributes:
        steps: those that would be taken back, the newest first.
        verdict: the worst of theirs, and of what stands against the whole.
        why: what stands against the whole.
        nearest: the oldest release that can be gone back to without loss; None where the way to `to` is free.
        no_return: the last step behind which there is no way back without loss; None where there is none.
    """

    to: str
    steps: tuple[Judged, ...]
    verdict: Verdict
    why: tuple[str, ...]
    nearest: str | None = None
    no_return: str | None = None


def decide(situation: Situation) -> Decision:
    """Judge every step that is newer than the release, and then the way as a whole."""
    taken = [step for step in situation.steps if is_taken(step, situation)]
    left = [step for step in situation.steps if step not in taken]
    judged = tuple(judge(step, situation) for step in taken)
    why = tuple(_against_the_whole(situation, judged, taken, left))
    verdicts = [one.verdict for one in judged] + [verdict for verdict, _ in why]
    blocked = next((one for one in judged if one.verdict not in _OUT_OF_THE_WAY), None)
    lasting = next((one for one in judged if one.verdict in {Verdict.LOSES_DATA, Verdict.IMPOSSIBLE}), None)
    return Decision(
        to=situation.to,
        steps=judged,
        verdict=max(verdicts, key=lambda one: one.weight, default=Verdict.NOTHING),
        why=tuple(text for _, text in why),
        nearest=_nearest(judged, blocked, situation),
        no_return=lasting.step.label if lasting is not None else None,
    )


def is_taken(step: Candidate, situation: Situation) -> bool:
    """Whether a step is newer than the release that is gone back to, and of the one change, where there is one."""
    if situation.only is not None and step.change != situation.only:
        return False
    return _place(step.release, situation) > situation.releases.index(situation.to)


def judge(step: Candidate, situation: Situation) -> Judged:
    """One step by itself."""
    running = [one for one in situation.rollouts if one.status.runs]
    new = [one for one in running if _is_new(one.release, step, situation)]
    code = _code(running, new, situation)
    schema = schema_of(step)
    rule = DECISIONS[schema][code]
    names = ", ".join(one.release for one in new)
    why = rule.why.format(new=names, to=situation.to)
    verdict, reasons = _with_the_way(step, rule.verdict, why, schema)
    return Judged(step, verdict, reasons, schema, code)


def schema_of(step: Candidate) -> Schema:
    """What has become of a step, and of what it made."""
    if step.status in {StepStatus.FAILED, StepStatus.REVERTED, StepStatus.SKIPPED, StepStatus.PENDING}:
        return Schema.IDLE
    if step.status is StepStatus.PURGED or step.part is Part.PURGE or step.destroyed is not None:
        return Schema.CONTRACTED
    cut_off = step.status in _CUT_OFF and not step.cut_off_back
    if step.phase is Phase.CONTRACT or step.status is StepStatus.QUARANTINED:
        return Schema.CONTRACTING if cut_off else Schema.QUARANTINED
    if step.backfilling:
        return Schema.MIGRATING
    if step.synced is False:
        return Schema.SWITCHED
    if step.phase is Phase.MIGRATE:
        return Schema.MIGRATED_ALONE if step.losses else Schema.MIGRATED
    if cut_off:
        return Schema.EXPANDING
    return Schema.EXPANDED_ALONE if step.losses else Schema.EXPANDED


def permit(decision: Decision, *, accepted: bool, reason: str | None) -> None:
    """Refuse what may not be done.

    Args:
        accepted: that data is lost.
        reason: why.

    Raises:
        BackwardRefusedError: when a step or the whole forbids it, or data would be lost that nobody has given up.
    """
    if decision.verdict in _OUT_OF_THE_WAY:
        return
    worst = next((one for one in decision.steps if one.verdict is decision.verdict), None)
    what = f"{worst.step.label}: {worst.why[0]}" if worst is not None else decision.why[0]
    if decision.verdict is not Verdict.LOSES_DATA:
        near = f"without loss it goes back to {decision.nearest}" if decision.nearest else None
        raise BackwardRefusedError(f"there is no way back to {decision.to} now: {what}", hint=near)
    if not accepted or not (reason or "").strip():
        raise BackwardRefusedError(
            f"the way back to {decision.to} loses data: {what}",
            hint="export it first, or give it up with --accept-data-loss --reason TEXT",
        )


# -- one step


def _place(release: str | None, situation: Situation) -> int:
    """A step that no release carries yet belongs to the latest one, which is being made."""
    if release is None or release not in situation.releases:
        return len(situation.releases) - 1
    return situation.releases.index(release)


def _is_new(running: str, step: Candidate, situation: Situation) -> bool:
    """A release whose place nobody knows may be newer than all."""
    if running not in situation.releases:
        return True
    return situation.releases.index(running) >= _place(step.release, situation)


def _code(running: Sequence[Rollout], new: Sequence[Rollout], situation: Situation) -> Code:
    if not situation.rollouts and situation.protected:
        return Code.UNTOLD
    if not new:
        return Code.OLD
    old = [one for one in running if one not in new]
    if not old:
        return Code.NEW
    settled = all(one.status is RolloutStatus.DEPLOYED and one.percent in {None, _ALL_OF_IT} for one in new)
    warm = all(one.status is RolloutStatus.DRAINING for one in old)
    return Code.NEW_WARM if settled and warm else Code.BOTH


def _with_the_way(step: Candidate, verdict: Verdict, why: str, schema: Schema) -> tuple[Verdict, tuple[str, ...]]:
    """What the table says, held against the step's own way back."""
    if verdict in {Verdict.NOTHING, Verdict.IMPOSSIBLE}:
        return verdict, (step.destroyed or why,) if schema is Schema.CONTRACTED else (why,)
    if step.no_way is not None:
        return Verdict.IMPOSSIBLE, (step.no_way,)
    if verdict is Verdict.FORBIDDEN:
        return verdict, (why,)
    if (left := step.nothing or step.stays) is not None:
        return Verdict.NOTHING, (left,)
    if schema is Schema.EXPANDING and not step.partly_undoable:
        return Verdict.FORBIDDEN, (
            "it was cut off half-way, and its way back wants the whole: migsafe run resume first",
        )
    if step.losses:  # also of a contract's way back
        return Verdict.LOSES_DATA, step.losses
    return verdict, (why,)


# -- the whole


def _against_the_whole(
    situation: Situation, judged: Sequence[Judged], taken: Sequence[Candidate], left: Sequence[Candidate]
) -> Iterable[tuple[Verdict, str]]:
    yield from _floor(situation, taken, left)
    if situation.in_a_line:
        yield from _out_of_line(situation, judged, taken)
    yield from _built_upon(situation, taken, left)


def _floor(
    situation: Situation, taken: Sequence[Candidate], left: Sequence[Candidate]
) -> Iterable[tuple[Verdict, str]]:
    """The release must work on the schema that is left: a contract that stays keeps a floor."""
    staying = _contracts(left)
    if not staying and _contracts(taken):  # with the contracts goes the floor that they have raised
        return
    if situation.doubt is not None:
        yield Verdict.FORBIDDEN, f"nobody can tell whether {situation.to} works on the schema: {situation.doubt}"
    floors = [(_floor_of(step, situation), f", since {step.label}") for step in staying]
    for floor, since in floors or [(situation.floor, "")]:
        if floor is not None and _is_below(situation.to, floor, situation.releases):
            yield Verdict.IMPOSSIBLE, f"the schema works from {floor} on{since}: {situation.to} would not run on it"
            return


def _contracts(steps: Sequence[Candidate]) -> list[Candidate]:
    return [step for step in steps if step.phase is Phase.CONTRACT and schema_of(step) is not Schema.IDLE]


def _floor_of(contract: Candidate, situation: Situation) -> str | None:
    """The release with the last step before a contract is the oldest that does without what it took away."""
    older = situation.steps[situation.steps.index(contract) + 1 :]
    before = [
        step.release
        for step in older
        if contract.change is not None and step.change == contract.change and step.phase is not Phase.CONTRACT
    ]
    known = [release for release in before if release in situation.releases]
    return max(known, key=situation.releases.index, default=situation.floor) if known else situation.floor


def _is_below(release: str, floor: str, releases: Sequence[str]) -> bool:
    return floor not in releases or releases.index(release) < releases.index(floor)


def _out_of_line(
    situation: Situation, judged: Sequence[Judged], taken: Sequence[Candidate]
) -> Iterable[tuple[Verdict, str]]:
    """A tool with one version number takes back its last migration, and then the one before it."""
    passed = next((step for step in _newer_than_last(situation.steps, taken) if step not in taken), None)
    if passed is not None:
        yield Verdict.FORBIDDEN, f"{passed.label} came after it, and the tool takes its migrations back in a line"
    staying = next((one.step for one in judged if one.step.stays is not None), None)
    if staying is not None:
        yield Verdict.IMPOSSIBLE, f"{staying.label}: {staying.stays}; the tool takes its migrations back in a line"


def _built_upon(
    situation: Situation, taken: Sequence[Candidate], left: Sequence[Candidate]
) -> Iterable[tuple[Verdict, str]]:
    """A step that stays may stand on what one before it made."""
    for step in _newer_than_last(situation.steps, taken):
        older = [one for one in taken if situation.steps.index(one) > situation.steps.index(step)]
        shared = sorted({table for one in older for table in one.touches & step.touches})
        if step in left and shared and schema_of(step) is not Schema.IDLE:
            yield Verdict.FORBIDDEN, f"{step.label} stays, came after it, and is about {', '.join(shared)} too"


def _newer_than_last(steps: Sequence[Candidate], taken: Sequence[Candidate]) -> Sequence[Candidate]:
    return steps[: steps.index(taken[-1])] if taken else ()


def _nearest(judged: Sequence[Judged], blocked: Judged | None, situation: Situation) -> str | None:
    """The release that carries the first step that cannot be taken back, where there are steps of later ones."""
    if blocked is None:
        return None
    place = _place(blocked.step.release, situation)
    free = judged[: judged.index(blocked)]
    later = any(_place(one.step.release, situation) > place for one in free)
    return situation.releases[place] if later else None
