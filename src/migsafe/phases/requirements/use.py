"""Does anybody still use it?"""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Evidence
from migsafe.model.phase import Nature
from migsafe.model.release import Release
from migsafe.model.usage import Subject, UsageEvidence, Use
from migsafe.phases.act import Chapter
from migsafe.phases.registry import Result, evidence_of, requirement
from migsafe.phases.story import Case, Usage
from migsafe.phases.words import shown

_RESULTS: dict[Use, Result] = {
    Use.NONE: "pass",
    Use.WEAK: "unknown",
    Use.STRONG: "fail",
    Use.UNKNOWN: "unknown",
}


@requirement("XR08", Nature.CONTRACT)
def still_in_use(case: Case) -> Iterator[Evidence]:
    """What is taken away is named by the code as it is, or by the code of the release before.

    Why it hurts: while this release is rolled out, the release before it still runs: each of its queries that names
        the thing fails.
    Do instead: release code that no longer names it, then take it away a release later.
    Fine when: neither the working tree nor the release before names it.
    Source: docs/usage-evidence.md
    """
    look = case.story.usage
    if case.story.is_past(case.chapter):
        return  # it has run: who used it then is no question any more
    if look is None:
        text = "no code was looked at"
        yield evidence_of(still_in_use, "unknown", text, source="usage", place=case.place)
        return
    before = case.story.running_before(case.chapter)
    for release in dict.fromkeys((None, before)):
        for subject in case.act.subjects:
            yield from _said_of(case.chapter, subject, release, look)


def _said_of(chapter: Chapter, subject: Subject, release: Release | None, look: Usage) -> Iterator[Evidence]:
    """The heaviest of what was found for one object in one release's code; all that names it."""
    found = look(chapter, subject, release)
    whose = "the working tree" if release is None else release.name
    if not found:
        text = f"{whose}: no code was found to look at for {shown(subject)}"
        yield evidence_of(still_in_use, "unknown", text, source="usage")
        return
    heaviest = max(found, key=lambda one: one.use.weight)
    if heaviest.use is Use.NONE:
        text = f"{whose}: nothing names {shown(subject)}"
        yield evidence_of(still_in_use, "pass", text, source=", ".join(sorted({one.source for one in found})))
        return
    for one in found:
        if one.use is not Use.NONE:
            yield evidence_of(
                still_in_use, _RESULTS[one.use], f"{whose}: {one.text}", source=one.source, place=_place(one)
            )


def _place(one: UsageEvidence) -> str:
    return str(one.places[0]) if one.places else ""
