"""What migrations say of themselves, and nobody can understand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migsafe.model.script import Position
from migsafe.phases.act import Chapter
from migsafe.phases.registry import check
from migsafe.phases.story import Remark, Story


@check("")
def declaration_unclear(story: Story) -> Iterator[Remark]:
    """What a migration says of its phase, change or release cannot be understood.

    Why it hurts: the migration is judged as if it had said nothing: its change is not found, its phase is guessed.
    Do instead: write it as docs/declaring-phases.md has it.
    Fine when: never.
    Source: docs/declaring-phases.md
    """
    by_name = {chapter.migration: chapter for chapter in story.chapters}
    for chapter in story.chapters:
        problem = chapter.declaration.problem or _circle(chapter, by_name)
        if problem is not None:
            yield Remark(
                severity="error",
                chapter=chapter,
                place=chapter.declaration.place or Position(1, 1),
                message=f"what {chapter.migration} says of itself cannot be understood: {problem}",
                instead="-- migsafe: phase=expand|migrate|contract change=NAME release=NAME of=MIGRATION",
            )


def _circle(chapter: Chapter, by_name: Mapping[str, Chapter]) -> str | None:
    """How a migration comes to end itself, where it does."""
    way = [chapter.migration]
    while (name := by_name[way[-1]].declaration.of) is not None and name in by_name:
        if name == chapter.migration:
            return f"of= goes round in a circle: {' → '.join([*way, name])}"
        if name in way:
            return None  # the circle is somebody else's
        way.append(name)
    return None
