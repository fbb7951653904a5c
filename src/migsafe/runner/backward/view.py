"""A database as somebody sees it who wants to go back: its steps, their ways back, and what those would lose."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.config.nearest import did_you_mean
from migsafe.errors import NoMigrationsError
from migsafe.model.catalogue.replay import apply
from migsafe.model.operation import CreateTrigger, DropTrigger
from migsafe.model.phase import Phase
from migsafe.model.state import StepStatus
from migsafe.postgres.catalogue import read_catalogue
from migsafe.postgres.live import open_live
from migsafe.rules.knowledge.locks import locks
from migsafe.runner.backward.decide import Candidate, Decision, Judged, Situation, decide, is_taken
from migsafe.runner.backward.losses import Live, losses_of, sources_of
from migsafe.runner.backward.ways import (
    WayBack,
    destroyed_by,
    made_by,
    operations_of,
    read_kept,
    tables_of,
    way_back,
)
from migsafe.tracker.backfills import BackfillRows, ShardState, read_pause
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.kept import standing_steps
from migsafe.tracker.reading import read_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migsafe.bookkeeping.project import Project
    from migsafe.config import Config
    from migsafe.model.catalogue import Catalogue
    from migsafe.model.locks import LockClaim
    from migsafe.model.plan import ChangePlan
    from migsafe.model.statement import ReadScript
    from migsafe.runner.target import OpenTarget
    from migsafe.tracker.kept import StandingStep
    from migsafe.tracker.ledger import Ledger

#: What keeps both sides of a change in step is called so, whatever else triggers do.
_SYNC = "zzz_migsafe_"


@dataclass(frozen=True, slots=True)
class StepView:
    """One step that would be taken back.

    Attributes:
        locks: those that its way back takes, as lint predicts them.
    """

    standing: StandingStep
    way: WayBack
    judged: Judged
    locks: tuple[LockClaim, ...]


@dataclass(frozen=True, slots=True)
class View:
    """All of it, the newest step first."""

    decision: Decision
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True)
class _Sighted:
    """What was found out of one step."""

    standing: StandingStep
    way: WayBack
    locks: tuple[LockClaim, ...] = ()
    losses: tuple[str, ...] = ()


def project_at_hand(config: Config) -> Project | None:
    """The project of this folder; None where there is none: going back needs none."""
    from migsafe.bookkeeping.project import read_project

    with suppress(NoMigrationsError):
        return read_project(config)
    return None


def look(target: OpenTarget, to: str, *, only: str | None, project: Project | None, in_a_line: bool) -> View:
    """Look at a database, and judge.

    Raises:
        UnknownNameError: when nobody knows the release, or the change.
        EnvironmentFailedError: when the server or the tracker is away.
    """
    with target.access.reading() as ledger:
        situation, standing, at_work = _read(target, ledger, to, only, in_a_line=in_a_line)
    taken = [step for step, bare in zip(standing, situation.steps, strict=True) if is_taken(bare, situation)]
    newer = standing[: standing.index(taken[-1]) + 1] if taken else ()
    plans = tuple(project.story.plans.values()) if project is not None else ()
    with open_live(target.dsn) as session:
        live = Live(session, read_catalogue(session), sources_of(plans))
        sighted = _sight(taken, plans, live)
    synced = _synced([step for step in standing if step.change in {one.change for one in taken}], live.catalogue)
    by_id = {one.standing.step_id: one for one in sighted}
    candidates = tuple(
        _completed(
            _with_text(candidate, step) if step in newer else candidate, step, by_id.get(step.step_id), synced, at_work
        )
        for candidate, step in zip(situation.steps, standing, strict=True)
    )
    decision = decide(replace(situation, steps=candidates))
    views = (
        StepView(one.standing, one.way, judged, one.locks) for one, judged in zip(sighted, decision.steps, strict=True)
    )
    return View(decision, tuple(views))


def _read(
    target: OpenTarget, ledger: Ledger, to: str, only: str | None, *, in_a_line: bool
) -> tuple[Situation, tuple[StandingStep, ...], frozenset[str]]:
    """What the tracker knows."""
    known = read_known(ledger, target.clock())
    releases = tuple(one.name for one in known.state.releases)
    if to not in releases:
        hint = did_you_mean(to, releases, otherwise=f"known are {', '.join(releases[-5:]) or 'none'}")
        raise UnknownNameError(f'no release "{to}" is known', hint=hint)
    changes = [one.id for one in known.state.changes]
    if only is not None and only not in changes:
        raise UnknownNameError(f'no change "{only}" is known', hint=did_you_mean(only, changes, otherwise=None))
    environment = known.state.environment(target.where.environment)
    compatible = known.compatibility.get(target.where)
    standing = standing_steps(ledger, target.where)
    paused = read_pause(ledger, target.where) is not None
    at_work = frozenset() if paused else frozenset(_at_work(ledger, target, standing))
    situation = Situation(
        to=to,
        releases=releases,
        rollouts=environment.rollouts if environment is not None else (),
        protected=environment is None or environment.protected,
        steps=tuple(map(_bare, standing)),
        floor=compatible.floor if compatible is not None else None,
        doubt=compatible.doubt if compatible is not None else None,
        only=only,
        in_a_line=in_a_line,
    )
    return situation, standing, at_work


def _at_work(ledger: Ledger, target: OpenTarget, standing: Iterable[StandingStep]) -> Iterable[str]:
    for step in standing:
        shards = BackfillRows(ledger, step.step_id, target.where).shards()
        if any(shard.state is ShardState.RUNNING for shard in shards):
            yield step.step_id


def _bare(step: StandingStep) -> Candidate:
    """What the tracker alone says of a step."""
    return Candidate(
        label=step.label,
        phase=step.phase,
        status=step.status,
        change=step.change,
        part=step.part,
        release=step.release,
        cut_off_back=step.going_back and step.status in {StepStatus.RUNNING, StepStatus.PARTIAL},
    )


def _with_text(candidate: Candidate, step: StandingStep) -> Candidate:
    """And what the text of it says, which takes time to read: only of what was run since the last one that is taken."""
    if step.kept is None:
        return candidate
    read = read_kept(step.kept, step.label)
    return replace(candidate, destroyed=_destroyed(step, read), touches=tables_of(read))


def _destroyed(step: StandingStep, read: ReadScript) -> str | None:
    """A quarantine may take away what its way back makes again."""
    if step.status is StepStatus.QUARANTINED:
        return None
    gone = destroyed_by(read)
    if not gone:
        return None
    return f"it dropped {', '.join(gone)}: roll forward; older code needs a restored backup"


# -- the server


def _sight(taken: Sequence[StandingStep], plans: tuple[ChangePlan, ...], live: Live) -> list[_Sighted]:
    """Each step as it will be when those after it have been taken back."""
    forwards = [read_kept(step.kept, step.label) for step in taken if step.kept is not None]
    made = frozenset(name for read in forwards for name in made_by(read))
    then = live.catalogue.fork()
    sighted: list[_Sighted] = []
    for step in taken:
        way = way_back(step, plans, made)
        if way.backward is None:
            sighted.append(_Sighted(step, way))
            continue
        losses = losses_of(way.backward, then, live, trusted=way.planned is not None)
        sighted.append(_Sighted(step, way, tuple(_locks(way.backward, then)), losses))
    return sighted


def _locks(read: ReadScript, then: Catalogue) -> Iterable[LockClaim]:
    """The strongest lock on each relation that exists before; the catalogue goes back with the script."""
    before = then.fork()
    strongest: dict[object, LockClaim] = {}
    for operation in operations_of(read):
        for claim in locks(operation, then):
            known = strongest.get(claim.table)
            if before.exists(claim.table) and (known is None or known.mode < claim.mode):
                strongest[claim.table] = claim
        apply(then, operation)
    return strongest.values()


def _synced(standing: Sequence[StandingStep], live: Catalogue) -> Mapping[str, bool]:
    """By change: whether all triggers that its steps made to keep both sides in step are there, and fire."""
    wanted: dict[str, dict[str, str]] = {}
    for step in reversed(standing):
        if step.change is None or step.kept is None:
            continue
        triggers = wanted.setdefault(step.change, {})
        for operation in operations_of(read_kept(step.kept, step.label)):
            if isinstance(operation, CreateTrigger) and operation.name.startswith(_SYNC):
                triggers[operation.name] = str(live.resolve(operation.table))
            elif isinstance(operation, DropTrigger):
                triggers.pop(operation.name, None)
    firing = {
        (trigger.name, str(table.name)) for table in live.tables.values() for trigger in table.triggers.values()
        if trigger.enabled
    }  # fmt: skip
    return {change: all(one in firing for one in triggers.items()) for change, triggers in wanted.items() if triggers}


def _completed(
    candidate: Candidate,
    step: StandingStep,
    sighted: _Sighted | None,
    synced: Mapping[str, bool],
    at_work: frozenset[str],
) -> Candidate:
    if sighted is None:
        return candidate
    way = sighted.way
    in_step = synced.get(step.change or "") if step.phase is not Phase.CONTRACT else None
    return replace(
        candidate,
        no_way=way.no_way,
        nothing=way.nothing,
        stays=way.stays,
        losses=(*sighted.losses, *([way.stale] if way.stale is not None else [])),
        backfilling=step.step_id in at_work,
        synced=in_step,
        partly_undoable=way.backward is None or _bears_a_part(way.backward),
    )


def _bears_a_part(read: ReadScript) -> bool:
    """Whether every statement says IF EXISTS, or changes nothing that must be there."""
    return all(
        any(bool(getattr(one, flag, False)) for flag in ("if_exists", "if_column_exists", "if_constraint_exists"))
        for one in operations_of(read)
        if hasattr(one, "if_exists") or hasattr(one, "if_column_exists")
    )
