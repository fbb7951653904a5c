"""Is there a way back?"""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Evidence
from migsafe.model.phase import Nature
from migsafe.phases.registry import evidence_of, requirement
from migsafe.phases.story import Case


@requirement("XR17", Nature.CONTRACT, weighs="warning")
def contract_without_way_back(case: Case) -> Iterator[Evidence]:
    """A contract has no way back, and does not say why.

    Why it hurts: when it proves wrong, somebody writes the way back by hand, on production.
    Do instead: write it, or say why there is none: -- migsafe: irreversible reason="…".
    Fine when: the project keeps no ways back at all.
    Source: docs/phases.md
    """
    if not any(chapter.has_way_back for chapter in case.story.chapters):
        return
    reason = case.chapter.declaration.irreversible
    ask = contract_without_way_back
    if case.chapter.has_way_back:
        yield evidence_of(ask, "pass", "there is a way back", source="migration", place=case.chapter.path)
    elif reason:
        yield evidence_of(
            ask, "pass", f"there is none, and it says why: {reason}", source="declaration", place=case.chapter.path
        )
    else:
        text = "there is no way back, and no word why"
        yield evidence_of(ask, "fail", text, source="migration", place=case.chapter.path)
