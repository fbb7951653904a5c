"""Is the new place filled?"""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Evidence
from migsafe.model.phase import Nature
from migsafe.phases.changes import NEEDS_MIGRATE
from migsafe.phases.registry import evidence_of, requirement
from migsafe.phases.story import Case


@requirement("XR06", Nature.CONTRACT)
def migrate_step_missing(case: Case) -> Iterator[Evidence]:
    """The old place goes, and no step has carried its data to the new one.

    Why it hurts: what stands in the old place only is gone with it.
    Do instead: backfill the new place in a migration between the expand and the contract, and verify it.
    Fine when: nothing takes the place of what goes.
    Source: docs/phases.md
    """
    change = case.change
    if change is None or change.kind not in NEEDS_MIGRATE or not change.expand:
        return
    if change.migrate:
        step = change.migrate[-1]
        text = f"{step.migration} carries the data over"
        yield evidence_of(migrate_step_missing, "pass", text, source="migrations", place=step.path)
        return
    text = f"no migration between {change.expand[-1].migration} and {case.chapter.migration} carries the data over"
    yield evidence_of(migrate_step_missing, "fail", text, source="migrations", place=case.chapter.path)
