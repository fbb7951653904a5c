"""What code has given up, and nobody has said when it goes from the database."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.state import ChangeState
from migsafe.model.usage import Subject
from migsafe.phases.act import Act, Chapter
from migsafe.phases.registry import check
from migsafe.phases.story import Remark, Story
from migsafe.phases.words import shown


@check("XR21", weighs="info")
def unscheduled_removal(story: Story) -> Iterator[Remark]:
    """The code no longer names a column that the release before named, and no change says when it goes.

    Why it hurts: nobody will remember that it may go: it is written, backed up and asked about for years.
    Do instead: plan its removal now, while it is known that nobody needs it: `migsafe plan drop-column`.
    Fine when: a change or a contract takes it away, or other code reads it.
    Source: docs/usage-evidence.md
    """
    if story.given_up is None or not story.told:
        return
    subjects = [subject for subject in story.given_up() if not _is_scheduled(story, subject)]
    for subject in subjects:
        made = _made(story, subject)
        if made is not None and not (subject.column is not None and subject.whole in subjects):
            yield _remark(story, subject, *made)


def _is_scheduled(story: Story, subject: Subject) -> bool:
    """Whether an open change is about it: by what its steps do, or by what the state document says of it."""
    ours = {subject, subject.whole}
    for change in story.changes:
        touched = {one for chapter in change.chapters for act in chapter.acts for one in (*act.subjects, *act.made)}
        if change.declared and change.is_open and subject in touched:
            return True
    names = {name for one in ours for name in (str(one), shown(one))}
    said = story.state.changes if story.state is not None else ()
    return any(one.state is ChangeState.OPEN and not names.isdisjoint(one.objects) for one in said)


def _made(story: Story, subject: Subject) -> tuple[Chapter, Act] | None:
    chapter = story.maker_of(subject)
    act = next((act for act in chapter.acts if subject in act.made), None) if chapter is not None else None
    return None if chapter is None or act is None else (chapter, act)


def _remark(story: Story, subject: Subject, chapter: Chapter, act: Act) -> Remark:
    latest = story.releases.latest
    whose = latest.name if latest is not None else "the release before"
    kind = "drop-table" if subject.column is None else "drop-column"
    return Remark(
        severity="info",
        chapter=chapter,
        place=act.place,
        message=f"the code no longer names {shown(subject)}, as {whose} did, and no change says when it goes",
        instead=f"migsafe plan {kind} {shown(subject)}",
        objects=(shown(subject),),
    )
