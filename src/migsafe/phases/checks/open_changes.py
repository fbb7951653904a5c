"""Changes that are open: forgotten, or in each other's way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from migsafe.model.release import Release
from migsafe.model.script import Position
from migsafe.model.usage import Subject
from migsafe.phases.act import Chapter
from migsafe.phases.changes import Change
from migsafe.phases.registry import check
from migsafe.phases.story import Remark, Story
from migsafe.phases.words import shown

#: Days that count as much as one release, where a change is due on a day.
_DAYS_OF_GRACE = 14


@check("XR11")
def change_overdue(story: Story) -> Iterator[Remark]:
    """A change has been open for longer than it promised: its contract has not come.

    Why it hurts: the old column is written with every row, the trigger runs with every statement, and each month fewer
        people know why.
    Do instead: write the contract (`migsafe change show NAME` says what it still needs), or give it another date.
    Fine when: the contract is due in a later release.
    Source: docs/phases.md
    """
    for change in story.changes:
        late = lateness_of(story, change) if change.is_open else None
        if late is None:
            continue
        chapter = change.expand[-1] if change.expand else change.chapters[-1]
        yield Remark(
            severity="error" if late.long else "warning",
            chapter=chapter,
            place=_first_place(chapter),
            message=f"the change {change.name} was to be ended {late.said}, and is still open",
            instead=f"migsafe change show {change.name}",
            objects=tuple(map(shown, change.objects)),
        )


@check("XR12")
def changes_collide(story: Story) -> Iterator[Remark]:
    """Two open changes work on the same column.

    Why it hurts: each one's triggers and backfill write what the other's must not: the values they leave depend on who
        came last.
    Do instead: end one of them before the other begins.
    Fine when: one of them has had its contract.
    Source: docs/phases.md
    """
    changes = [change for change in story.changes if change.declared and change.is_open]
    for one, other in combinations(changes, 2):
        common = sorted({shown(s) for s in _touched(one) if s in _touched(other)})
        if common:
            chapter = other.chapters[0]
            yield Remark(
                severity="error",
                chapter=chapter,
                place=_first_place(chapter),
                message=f"the open changes {one.name} and {other.name} both work on {', '.join(common)}",
                instead=f"-- end {one.name} first: migsafe change show {one.name}",
                objects=tuple(common),
            )


@check("XR14", weighs="warning")
def obligation_missing(story: Story) -> Iterator[Remark]:
    """A change has put the new thing beside the old one, and nobody has said when the old one goes.

    Why it hurts: nothing reminds anybody: the old column stays for years.
    Do instead: say when it is due, in the plan of the change or in the tracker.
    Fine when: a plan of the change exists, or its contract is written.
    Source: docs/phases.md
    """
    if not story.told:
        return
    for change in story.changes:
        if change.declared and change.is_open and due_in(story, change) is None:
            chapter = change.chapters[-1]
            yield Remark(
                severity="warning",
                chapter=chapter,
                place=_first_place(chapter),
                message=f"the change {change.name} has begun, and its contract is due at no time",
                instead=f"migsafe change show {change.name}",
                objects=tuple(map(shown, change.objects)),
            )


def due_in(story: Story, change: Change) -> str | None:
    """When a change is to be ended, for people: by a release, or a day; None where nobody has said, or can say."""
    said = story.state.change(change.name) if story.state is not None else None
    if said is not None and (said.due_release is not None or said.due is not None):
        return f"by {said.due_release}" if said.due_release is not None else f"until {said.due}"
    if change.name not in story.plans:
        return None
    release = _usual_due(story, change)
    return f"by {release.name}" if release is not None else f"{story.settings.due_after} releases after its last step"


@dataclass(frozen=True, slots=True)
class Lateness:
    """By how much a change is late.

    Attributes:
        said: when it was to be ended.
        long: whether nobody can have overlooked it.
    """

    said: str
    long: bool


def lateness_of(story: Story, change: Change) -> Lateness | None:
    """By how much an open change is late; None where it is in time, or nobody has said when it is due."""
    said = story.state.change(change.name) if story.state is not None else None
    grace = story.settings.due_after
    if said is None or (said.due_release is None and said.due is None):
        release, latest = _usual_due(story, change), story.releases.latest
        if release is None or latest is None or change.name not in story.plans:
            return None
        return Lateness(f"by {release.name}", latest.sequence - release.sequence >= grace)
    if said.due_release is not None:
        release, latest = story.releases.named(said.due_release), story.releases.latest
        if release is None or latest is None or latest.sequence < release.sequence:
            return None
        return Lateness(f"by {release.name}", latest.sequence - release.sequence >= grace)
    if said.due is None or story.now.date() <= said.due:
        return None
    return Lateness(f"until {said.due}", (story.now.date() - said.due).days >= grace * _DAYS_OF_GRACE)


def _usual_due(story: Story, change: Change) -> Release | None:
    """The release by which a planned change is to be ended, where nobody has said another; None while it lies ahead."""
    sequences = [story.sequence_of(chapter) for chapter in change.chapters]
    due = max(sequences) + story.settings.due_after
    return story.releases.releases[due] if due < len(story.releases.releases) else None


def _touched(change: Change) -> set[Subject]:
    return {s for chapter in change.chapters for act in chapter.acts for s in (*act.subjects, *act.made) if s.column}


def _first_place(chapter: Chapter) -> Position:
    return chapter.acts[0].place if chapter.acts else chapter.declaration.place or Position(1, 1)
