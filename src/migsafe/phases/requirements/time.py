"""Did the step before it ship long enough ago?"""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Evidence
from migsafe.model.phase import Nature
from migsafe.phases import gates
from migsafe.phases.registry import evidence_of, requirement
from migsafe.phases.story import Case, Remark, Story
from migsafe.phases.words import shown


@requirement("XR03", Nature.CONTRACT)
def expand_and_contract_in_one_release(case: Case) -> Iterator[Evidence]:
    """One release both puts the new thing in place and takes the old one away.

    Why it hurts: while that release is rolled out, the code of the release before it still uses the old thing.
    Do instead: ship the expand now, and the contract in a later release.
    Fine when: no release that was ever rolled out used the old thing.
    Source: docs/phases.md
    """
    change = case.change
    if change is None or not change.expand or case.never_shipped is not None:
        return
    story, here = case.story, case.story.sequence_of(case.chapter)
    together = [chapter for chapter in change.expand if story.sequence_of(chapter) == here]
    name = story.release_name(case.chapter)
    ask = expand_and_contract_in_one_release
    if together:
        text = f"{together[0].migration} expands the same change, and both are in {name}"
        yield evidence_of(ask, "fail", text, source="releases", place=together[0].path)
    else:
        text = f"{change.expand[-1].migration} expanded it in {story.release_name(change.expand[-1])}, before {name}"
        yield evidence_of(ask, "pass", text, source="releases", place=change.expand[-1].path)


def in_one_release(story: Story) -> Iterator[Remark]:
    """One remark for each contract whose change expands in the same release: for where no hazard carries it."""
    for change in story.changes if story.told else ():
        for chapter in change.contract:
            acts = chapter.of(Nature.CONTRACT)
            here = story.sequence_of(chapter)
            together = [one for one in change.expand if story.sequence_of(one) == here]
            if acts and together and not story.is_past(chapter):
                name = story.release_name(chapter)
                yield Remark(
                    severity="error",
                    chapter=chapter,
                    place=acts[0].place,
                    message=f"{chapter.migration} ends the change that {together[0].migration} begins, both in {name}",
                    instead=f"-- move {chapter.migration} to a release after {name}",
                    objects=tuple(map(shown, change.objects)),
                )


@requirement("XR04", Nature.CONTRACT)
def contract_too_early(case: Case) -> Iterator[Evidence]:
    """A contract comes before the release in which the old thing was given up is old enough.

    Why it hurts: a release that still needs the old thing may be running, or may be what one rolls back to.
    Do instead: wait for the release; `migsafe change show` says for which.
    Fine when: the contract names, or is matched to, an earlier step of the change in a release that is old enough; or
        no release has ever had what it takes away.
    Source: docs/phases.md
    """
    maker = case.never_shipped
    if maker is not None:
        text = f"no release has it: {maker.migration} made it in {case.story.release_name(maker)} too"
        yield evidence_of(contract_too_early, "pass", text, source="releases", place=maker.path)
        return
    yield from _far_enough(case)
    if not case.story.is_past(case.chapter):
        before = case.story.running_before(case.chapter)
        if before is not None:
            age = case.story.settings.min_age
            yield gates.old_enough(before.name, case.story.releases, case.story.state, case.story.now, min_age=age)


def _far_enough(case: Case) -> Iterator[Evidence]:
    """Whether enough releases lie between."""
    change, of = case.change, case.chapter.declaration.of
    if of is not None and (change is None or not (change.expand or change.migrate)):
        text = f"of={of} names neither a migration nor a change"
        yield evidence_of(contract_too_early, "fail", text, source="declaration", place=case.chapter.path)
        return
    steps = (*change.expand, *change.migrate) if change is not None else ()
    if steps:
        last = max(steps, key=lambda chapter: (case.story.sequence_of(chapter), chapter.order))
        yield _apart(
            case, case.story.sequence_of(last), f"{last.migration} is in {case.story.release_name(last)}", last.path
        )
        return
    maker = case.story.maker_of(case.act.subjects[0]) if case.act.subjects else None
    before = case.story.running_before(case.chapter)
    if before is None:
        text = "no release lies before it"
        yield evidence_of(contract_too_early, "fail", text, source="releases", place=case.chapter.path)
    elif maker is not None:
        yield _apart(
            case, case.story.sequence_of(maker), f"it was made in {case.story.release_name(maker)}", maker.path
        )
    else:
        yield _apart(case, before.sequence, f"it is older than {before.name}", case.chapter.path)


def _apart(case: Case, earlier: int, text: str, place: str) -> Evidence:
    needed = case.story.settings.min_releases
    here = case.story.sequence_of(case.chapter)
    enough = here - earlier >= needed
    name = case.story.release_name(case.chapter)
    said = f"{text}, {here - earlier} before {name}" if enough else f"{text}: {needed} must lie before {name}"
    return evidence_of(contract_too_early, "pass" if enough else "fail", said, source="releases", place=place)
