"""Are rows written where the schema changes?"""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Evidence
from migsafe.model.phase import Nature
from migsafe.phases.mixture import mixture_of
from migsafe.phases.registry import evidence_of, requirement
from migsafe.phases.story import Case
from migsafe.phases.words import listed


@requirement("XR19", Nature.MIGRATE)
def backfill_beside_ddl(case: Case) -> Iterator[Evidence]:
    """Rows are written in bulk in a migration that changes the schema.

    Why it hurts: the change's lock is held until the last row is written, or the schema is there and the rows are not
        when it fails half-way.
    Do instead: write the rows in a migration of their own, in batches, outside of a transaction.
    Fine when: the rows are those of a table that the migration itself makes.
    Source: docs/phases.md
    """
    other = next((act for act in mixture_of(case.chapter) if act.nature is not Nature.MIGRATE), None)
    if other is not None:
        text = f"the migration also changes the schema: {other.operation} {listed(other.made or other.subjects)}"
        place = f"{case.chapter.path}:{other.place.line}"
        yield evidence_of(backfill_beside_ddl, "fail", text, source="migration", place=place)
