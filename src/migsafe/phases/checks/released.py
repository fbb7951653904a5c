"""Migrations that were changed after they were released, and values that are written too early."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.phase import Nature
from migsafe.model.script import Position
from migsafe.phases.act import Act, Chapter
from migsafe.phases.registry import check
from migsafe.phases.story import Remark, Story
from migsafe.phases.words import shown


@check("XR18")
def released_migration_edited(story: Story) -> Iterator[Remark]:
    """A migration says something else than when it was released.

    Why it hurts: databases that have run it keep what it said then; new ones get what it says now. From here on they
        differ, and nothing will tell.
    Do instead: put it back, and write a new migration.
    Fine when: only comments or the layout of the text have changed.
    Source: docs/releases.md
    """
    for chapter in story.chapters:
        what = story.edited.get(chapter.path)
        if what is not None:
            yield Remark(
                severity="error",
                chapter=chapter,
                place=Position(1, 1),
                message=f"{chapter.migration} was released with {story.release_name(chapter)}, and {what}",
                instead=f"git checkout {story.release_name(chapter)} -- {chapter.path}\n-- and a new migration",
            )


@check("XR20", weighs="warning")
def new_values_too_early(story: Story) -> Iterator[Remark]:
    """A migration writes a new value of an enum in the release that adds it.

    Why it hurts: the release before still runs, and does not know the value: an ORM raises when it reads such a row.
    Do instead: add the value now, and write it a release later.
    Fine when: the value was added by an earlier release.
    Source: https://docs.sqlalchemy.org/en/20/core/type_basics.html#sqlalchemy.types.Enum
    """
    if not story.told:
        return
    added: dict[str, Chapter] = {}
    for chapter in story.chapters:
        for act in chapter.acts:
            if act.operation == "add-enum-value":
                added.update(dict.fromkeys(act.words, chapter))
        for act, value in () if story.is_past(chapter) else _writes(chapter, added):
            if story.sequence_of(added[value]) == story.sequence_of(chapter):
                yield _too_early(story, chapter, act, value, added[value])


def _writes(chapter: Chapter, added: dict[str, Chapter]) -> Iterator[tuple[Act, str]]:
    for act in chapter.acts:
        if act.operation in {"update", "insert", "set-default"} and act.nature is not Nature.CONTRACT:
            yield from ((act, word) for word in sorted(act.words) if word in added)


def _too_early(story: Story, chapter: Chapter, act: Act, value: str, adder: Chapter) -> Remark:
    release = story.release_name(adder)
    return Remark(
        severity="warning",
        chapter=chapter,
        place=act.place,
        message=f"{chapter.migration} writes '{value}', which {adder.migration} adds in {release} too",
        instead=f"-- write '{value}' in the release after {release}",
        objects=tuple(map(shown, act.subjects)),
    )
