"""Is the code that needed it gone, everywhere?"""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Evidence
from migsafe.model.phase import Nature
from migsafe.phases import gates
from migsafe.phases.changes import NEEDS_MIGRATE
from migsafe.phases.registry import requirement
from migsafe.phases.story import Case


@requirement("XR05", Nature.CONTRACT)
def contract_before_rollout(case: Case) -> Iterator[Evidence]:
    """A contract comes while a release that needs the old thing may still run.

    Why it hurts: every query of that release which names the old thing fails: on some servers during a rollout, on all
        of them after a rollback.
    Do instead: wait until the release before is rolled out in full, and all older ones are retired.
    Fine when: the state document says so for every protected environment.
    Source: docs/phases.md
    """
    if case.story.is_past(case.chapter) or case.never_shipped is not None:
        return
    before = case.story.running_before(case.chapter)
    yield gates.fully_rolled_out(before.name if before is not None else None, case.story.releases, case.story.state)


@requirement("XR07", Nature.CONTRACT)
def contract_before_verified(case: Case) -> Iterator[Evidence]:
    """A contract comes before its change's data was carried over and verified.

    Why it hurts: a row that was missed is lost with the old place.
    Do instead: run the migrate step to its end and verify it on every protected target, a day before at the earliest.
    Fine when: the state document says that both are done.
    Source: docs/phases.md
    """
    change = case.change
    if change is None or change.kind not in NEEDS_MIGRATE or not change.migrate:
        return
    if case.story.is_past(case.chapter) or case.never_shipped is not None:
        return
    yield gates.migrated_and_verified(
        change.name if change.declared else None,
        [chapter.migration for chapter in change.migrate],
        case.story.state,
        case.story.now,
    )


@requirement("XR13", Nature.CONSTRAIN)
def constrain_before_writers(case: Case) -> Iterator[Evidence]:
    """A constraint comes while a release that breaks it may still write.

    Why it hurts: each INSERT or UPDATE of that release that breaks it fails.
    Do instead: release the code that keeps it first, everywhere; add the constraint after that.
    Fine when: every release that runs, or would after a rollback, writes as the constraint asks.
    Source: docs/phases.md; https://www.postgresql.org/docs/18/ddl-constraints.html
    """
    story = case.story
    if story.is_past(case.chapter):
        return
    before = story.running_before(case.chapter)
    if before is not None:  # before the first release, nobody writes
        yield gates.writers_ready(before.name, story.releases, story.state)
