"""The board of changes: what is open, what is due, what blocks the next step, and why; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from migsafe.model.phase import Phase
from migsafe.phases import gates
from migsafe.phases.changes import NEEDS_MIGRATE, Change
from migsafe.phases.checks.open_changes import due_in, lateness_of
from migsafe.phases.verdict import evidence_for, verdict
from migsafe.phases.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.finding import Evidence
    from migsafe.model.release import Release
    from migsafe.phases.story import Story

#: What stands in the way of a change's next step: nothing, something that is known, or something that is not known.
Standing = Literal["done", "ready", "blocked", "unknown", "overdue"]


@dataclass(frozen=True, slots=True)
class StepLine:
    """One migration of a change.

    Attributes:
        release: the first that carries it; None while none does.
    """

    phase: Phase
    migration: str
    path: str
    release: str | None


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """One change.

    Attributes:
        kind: what it is about; None where that cannot be seen.
        due: when its contract is to come, in words; None where nobody has said.
        reasons: what its contract was held against.
    """

    name: str
    kind: str | None
    declared: bool
    objects: tuple[str, ...]
    standing: Standing
    due: str | None
    steps: tuple[StepLine, ...]
    reasons: tuple[Evidence, ...]


def board(story: Story) -> tuple[BoardEntry, ...]:
    """All changes that somebody has declared, and those whose contract is not behind us."""
    return tuple(_entry(change, story) for change in story.changes if _is_of_interest(change, story))


def phases_by_release(story: Story) -> dict[str | None, dict[str, int]]:
    """Release, None for what is in none → phase → how many of its migrations belong to it."""
    found: dict[str | None, dict[str, int]] = {}
    for chapter in story.chapters:
        if chapter.acts:
            counts = found.setdefault(_name(story.release_of(chapter)), {phase.value: 0 for phase in Phase})
            counts[chapter.phase.value] += 1
    return {name: {phase: count for phase, count in counts.items() if count} for name, counts in found.items()}


def promises_by_release(story: Story) -> dict[str | None, tuple[str, ...]]:
    """Release, None for what is in none → the changes that it has begun, and that are still open."""
    found: dict[str | None, tuple[str, ...]] = {}
    for change in story.changes:
        if change.is_open:
            name = _name(story.release_of(change.chapters[0]))
            found[name] = (*found.get(name, ()), change.name)
    return found


def _is_of_interest(change: Change, story: Story) -> bool:
    return change.declared or any(not story.is_past(chapter) for chapter in change.contract)


def _entry(change: Change, story: Story) -> BoardEntry:
    reasons = tuple(_reasons(change, story))
    return BoardEntry(
        name=change.name,
        kind=change.kind.value if change.kind is not None else None,
        declared=change.declared,
        objects=tuple(map(shown, change.objects)),
        standing=_standing(change, story, reasons),
        due=due_in(story, change),
        steps=tuple(
            StepLine(one.phase, one.migration, one.path, _name(story.release_of(one))) for one in change.chapters
        ),
        reasons=reasons,
    )


def _standing(change: Change, story: Story, reasons: tuple[Evidence, ...]) -> Standing:
    if not change.contract and not change.is_open:
        return "done"
    if change.contract and all(story.is_past(chapter) for chapter in change.contract):
        return "done"
    if change.is_open and lateness_of(story, change) is not None:
        return "overdue"
    chapter = change.contract[0] if change.contract else change.chapters[-1]
    if not reasons or any(one.result == "unknown" for one in reasons):
        return "blocked" if any(one.result == "fail" for one in reasons) else "unknown"
    return "ready" if verdict(story, chapter, reasons) is None else "blocked"


def _reasons(change: Change, story: Story) -> Iterator[Evidence]:
    """What its contract is held against; where it is not written yet, what it will be held against."""
    if not story.told:
        return
    if change.contract:
        for chapter in change.contract:
            if not story.is_past(chapter):
                acts = [act for act in chapter.acts if act.nature.is_held]
                yield from evidence_for(story, chapter, acts)
        return
    if change.is_open:
        release = story.release_of(max(change.chapters, key=lambda one: (story.sequence_of(one), one.order)))
        yield gates.fully_rolled_out(_name(release), story.releases, story.state)
        if change.kind in NEEDS_MIGRATE:
            yield gates.migrated_and_verified(
                change.name, [one.migration for one in change.migrate], story.state, story.now
            )


def _name(release: Release | None) -> str | None:
    return None if release is None else release.name
