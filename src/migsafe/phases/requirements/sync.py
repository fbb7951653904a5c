"""Is what keeps old and new alike taken away by the right change?"""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Evidence
from migsafe.model.phase import Nature
from migsafe.phases.registry import evidence_of, requirement
from migsafe.phases.story import Case


@requirement("XR10", Nature.CONTRACT, only=("drop-trigger",))
def sync_dropped_early(case: Case) -> Iterator[Evidence]:
    """A trigger that keeps an old and a new column alike is dropped outside of its change's contract.

    Why it hurts: from then on the two columns go apart while both releases run, and nobody is told.
    Do instead: drop it in the contract of the change that made it.
    Fine when: the contract of that change drops it.
    Source: docs/phases.md
    """
    table = case.act.subjects[0].whole
    makers = [
        chapter
        for chapter in case.story.chapters
        if chapter.order < case.chapter.order
        and any(act.operation == "create-trigger" and table in act.subjects for act in chapter.acts)
    ]
    change = case.chapter.declaration.change
    maker = makers[-1] if makers else None
    if maker is None or maker.declaration.change == change:
        text = f"the change {change} ends here" if change else "no other change made it"
        yield evidence_of(sync_dropped_early, "pass", text, source="migrations", place=case.place)
        return
    text = f"{maker.migration} made it for the change {maker.declaration.change or '(none is named)'}"
    yield evidence_of(sync_dropped_early, "fail", text, source="migrations", place=maker.path)
