"""What migrations say of themselves, and nobody can understand."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.script import Position
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
    for chapter in story.chapters:
        said = chapter.declaration
        if said.problem is not None:
            yield Remark(
                severity="error",
                chapter=chapter,
                place=said.place or Position(1, 1),
                message=f"what {chapter.migration} says of itself cannot be understood: {said.problem}",
                instead="-- migsafe: phase=expand|migrate|contract change=NAME release=NAME of=MIGRATION",
            )
