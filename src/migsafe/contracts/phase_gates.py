"""What the rules about phases ask of a contract, as gates: releases, rollout, age, verification, use; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from migsafe.contracts.values import Gate
from migsafe.model.state import ChangeState, RolloutStatus, StepStatus
from migsafe.model.usage import Use
from migsafe.phases import gates
from migsafe.phases.requirements import REQUIREMENTS
from migsafe.phases.rollout import order_of
from migsafe.phases.verdict import evidence_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from migsafe.contracts.values import GateResult, Thresholds
    from migsafe.model.finding import Evidence
    from migsafe.model.release import ReleaseHistory
    from migsafe.model.state import Environment, StateDocument, TargetName
    from migsafe.phases.act import Chapter
    from migsafe.phases.changes import Change
    from migsafe.phases.story import Story
    from migsafe.tracker.deployments import Deployment

#: Evidence of use is shown by itself; what a person can weigh is theirs to accept.
USAGE_RULES = frozenset({"still-in-use", "breaks-previous-release"})
_VERIFIED = "contract-before-verified"
_ONLY_WARN = frozenset(rule.name for rule in REQUIREMENTS if rule.weighs == "warning")

#: What `migsafe record --check` calls the proof that a backup can be restored.
BACKUP_CHECK = "a backup was restored"


def phase_gates(
    story: Story, chapters: Sequence[Chapter], change: Change | None, *, verified_at: datetime
) -> tuple[tuple[Gate, ...], tuple[Gate, ...]]:
    """Gates, and evidence of use.

    Args:
        story: with the tracker's state.
        chapters: the migrations of the part that is due.
        verified_at: the moment for which a verification must be fresh: that of the quarantine for a purge, since from
            then on old and new are no longer kept in step.
    """
    found = dict.fromkeys(
        one
        for chapter in chapters
        for one in evidence_for(story, chapter, [act for act in chapter.acts if act.nature.is_held])
        if one.rule != _VERIFIED
    )
    judged = [_gate(one) for one in found]
    usage = tuple(one for one in judged if one.name in USAGE_RULES)
    others = [one for one in judged if one.name not in USAGE_RULES]
    return (*others, *_asked_anyway(story, change, {one.name for one in others}, verified_at)), usage


def as_begun(judged: Iterable[Gate]) -> Iterator[Gate]:
    """Of a plan that has begun: what was verified before it began cannot be verified again in between."""
    return (replace(one, result="note") if _is_unverified(one) else one for one in judged)


def as_quarantined(judged: Iterable[Gate]) -> Iterator[Gate]:
    """Of what is in quarantine: nobody can verify it any more, since old and new are not kept in step."""
    for one in judged:
        text = f"{one.text}; that was before the quarantine, and cannot be verified any more"
        yield replace(one, result="acknowledge", text=text) if _is_unverified(one) else one


def _is_unverified(one: Gate) -> bool:
    return one.name == _VERIFIED and one.result == "unknown"


def floor_of(story: Story, change: Change | None) -> str | None:
    """The release of the last step before the contract: its code does without what goes."""
    before = (*change.expand, *change.migrate) if change is not None else ()
    last = max(before, key=lambda chapter: (story.sequence_of(chapter), chapter.order), default=None)
    release = story.release_of(last) if last is not None else None
    return None if release is None else release.name


def _asked_anyway(story: Story, change: Change | None, said: set[str], verified_at: datetime) -> Iterator[Gate]:
    """What is asked of every contract, also of one whose statements no rule holds."""
    floor = floor_of(story, change)
    if "contract-before-rollout" not in said:
        release = floor or _before(story)
        yield _gate(gates.fully_rolled_out(release, story.releases, story.state))
        if "contract-too-early" not in said:
            yield _gate(
                gates.old_enough(release, story.releases, story.state, story.now, min_age=story.settings.min_age)
            )
    if change is not None and change.migrate:
        state = _until(story.state, verified_at)
        names = [chapter.migration for chapter in change.migrate]
        yield _gate(gates.migrated_and_verified(change.name, names, state, verified_at))


def _before(story: Story) -> str | None:
    """Nothing was added before it: the latest release is the one whose code must do without."""
    latest = story.releases.latest
    return None if latest is None else latest.name


def _until(state: StateDocument | None, moment: datetime) -> StateDocument | None:
    """What was verified until a moment; the proof of a backup is no verification of the change."""
    if state is None:
        return None
    checks = tuple(check for check in state.checks if check.at <= moment and check.name != BACKUP_CHECK)
    return replace(state, checks=checks)


def narrowed(state: StateDocument, where: TargetName) -> StateDocument:
    """What is known of one database and of the code that runs on it: what others have, is none of its business."""
    environment = state.environment(where.environment)
    if environment is None:
        return state
    targets = tuple(target for target in environment.targets if target.name == where.target)
    here = replace(environment, protected=True, targets=targets)
    checks = tuple(check for check in state.checks if check.where == where)
    return replace(state, environments=(here,), checks=checks)


def expanded(change: Change | None, state: StateDocument, where: TargetName) -> Iterator[Gate]:
    """The steps before the contract have run on the very database."""
    for chapter in change.expand if change is not None else ():
        step = next((one for one in state.steps if one.migration == chapter.migration), None)
        run = step.run(where) if step is not None else None
        if run is None:
            text, result = f"nobody has said whether {chapter.migration} has run on {where}", "unknown"
        elif run.status in {StepStatus.DONE, StepStatus.SKIPPED}:
            since = f" since {run.at.date()}" if run.at else ""
            text, result = f"{chapter.migration} is {run.status} on {where}{since}", "pass"
        else:
            text, result = f"{chapter.migration} is {run.status} on {where}", "fail"
        yield Gate("expand-has-run", _result(result), text, "tracker", str(where))


def obligation(name: str, state: StateDocument) -> Gate:
    """Whether the contract is still owed."""
    change = state.change(name)
    if change is None:
        return Gate("obligation", "note", f"the tracker does not know {name} yet", "tracker", name)
    if change.state is ChangeState.CLOSED:
        # It closes with the last contract step that the tracker knows; one that nobody has run it may not know.
        return Gate("obligation", "note", f"the tracker has closed {name}, and this has not run here", "tracker", name)
    since = f" since {change.introduced_in}" if change.introduced_in else ""
    due = f", due in {change.due_release or change.due}" if change.due_release or change.due else ""
    return Gate("obligation", "pass", f"{name} is open{since}{due}", "tracker", name)


def rollout_gates(
    environment: Environment | None,
    history: ReleaseHistory,
    floor: str | None,
    name: str,
    deployment: Deployment | None = None,
) -> Iterator[Gate]:
    """No rollout is open, and whatever runs, or would after a rollback, is at or above the floor.

    Args:
        deployment: the one of migsafe's own coordinator that is open.
    """
    if environment is None:
        yield Gate("open-rollout", "unknown", f"nobody has said what runs on {name}", "tracker", name)
        return
    yield open_rollout(environment, name, deployment)
    running = [one.release for one in environment.running]
    back = [environment.rollback_to] if environment.rollback_to else []
    word = gates.compatible([*running, *back], floor, history)
    if floor is None:
        yield Gate("floor", "note", "nobody can tell the oldest release that works after it", "releases", name)
    else:
        yield Gate("floor", _result(word.result), word.text, "tracker", name)


def open_rollout(environment: Environment, name: str, deployment: Deployment | None) -> Gate:
    """What is open, and how to bring it to its end."""
    marked = [
        one.release
        for one in environment.rollouts
        if one.status in {RolloutStatus.ROLLING, RolloutStatus.EXPANDING}
        or (one.status is RolloutStatus.DEPLOYED and one.percent is not None and one.percent < 100)
    ]
    if deployment is not None:
        # Also while it watches before code moves, or bakes: until its end, its way back is open.
        said = (
            f"{deployment.release} is being rolled out on {name} (deployment no. {deployment.n}, {deployment.status})"
        )
        resume, abort = (f"migsafe deploy {verb} --env {name}" for verb in ("resume", "abort"))
        way_on = f"{resume} brings it to its end, {abort} --reason WHY sends it back"
    elif marked:
        said = f"{' and '.join(marked)} is being rolled out on {name}"
        way_on = (
            f"migsafe release mark {marked[0]} --env {name} --status deployed, or rolled_back, says when it is over"
        )
    else:
        return Gate("open-rollout", "pass", f"no rollout is open on {name}", "tracker", name)
    return Gate("open-rollout", "fail", f"{said}: no contract meanwhile; {way_on}", "tracker", name)


def quiet_gate(
    environment: Environment | None, history: ReleaseHistory, floor: str | None, now: datetime, thresholds: Thresholds
) -> Iterator[Gate]:
    """Older releases have been gone for a while: terminating pods, cron and ETL live longer than a rollout says."""
    order = order_of(history)
    if environment is None or floor is None or floor not in order:
        return
    quiet = timedelta(seconds=thresholds.quiet)
    fresh = [
        (one.retired_at, one.release)
        for one in environment.rollouts
        if one.retired_at is not None
        and now < one.retired_at + quiet
        and order.get(one.release, order[floor]) < order[floor]
    ]
    if fresh:
        at, last = max(fresh)
        others = f", and {len(fresh) - 1} more before it" if len(fresh) > 1 else ""
        text = f"{last} was retired at {at:%H:%M} UTC{others}; wait until {at + quiet:%H:%M}"
        yield Gate("older-release-quiet", "fail", text, "tracker", last)


def statistics_gates(state: StateDocument, objects: Sequence[str], where: TargetName) -> Iterator[Gate]:
    """What the database's own statistics say of use; a zero that may be false proves nothing."""
    target = state.target(where)
    for name in objects:
        facts = [one for one in state.statistics if one.object == name and one.where == where]
        if not facts:
            yield Gate("statistics", "note", f"nobody has read the statistics for {name}", "statistics", name, "none")
            continue
        last = max(facts, key=lambda one: one.until)
        window = f"between {last.since.date()} and {last.until.date()}"
        doubts = last.doubts(target.nodes if target is not None else ())
        if last.use in {Use.STRONG, Use.WEAK}:
            text = f"{name} was used {last.calls or 'some'} times {window}"
            yield Gate("statistics", "fail", text, "statistics", name, "strong")
        elif last.use is Use.NONE and not doubts:
            yield Gate("statistics", "pass", f"no statement named {name} {window}", "statistics", name, "strong")
        else:
            why = doubts[0] if doubts else "it could not be looked at"
            yield Gate("statistics", "note", f"nothing is proved for {name}: {why}", "statistics", name, "none")


def _gate(one: Evidence) -> Gate:
    result: GateResult = one.result
    confidence = ""
    if one.rule in USAGE_RULES:
        confidence = {"pass": "strong", "fail": "strong"}.get(one.result, "weak")
        result = "acknowledge" if one.result == "unknown" else one.result
    elif one.rule in _ONLY_WARN and one.result != "pass":
        result = "note"
    return Gate(one.rule, result, one.text, one.source, one.place, confidence)


def _result(word: str) -> GateResult:
    return "pass" if word == "pass" else "fail" if word == "fail" else "unknown"
