"""Does the release that runs give a value to what must have one from now on?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migsafe.model.evidence import BrokenQuery, CheckedQueries
from migsafe.model.finding import Evidence
from migsafe.model.phase import Nature
from migsafe.model.release import Release
from migsafe.model.usage import Giving, Subject, Writer, Writers
from migsafe.phases.demands import Filler, filler_of
from migsafe.phases.registry import Result, evidence_of, requirement
from migsafe.phases.story import Case
from migsafe.phases.words import shown

#: Places that are named one by one; of the others there is a count.
_NAMED = 3


@requirement("XR09", Nature.CONSTRAIN, Nature.CONTRACT)
def breaks_previous_release(case: Case) -> Iterator[Evidence]:
    """A query of the release that runs fails from now on: an INSERT leaves out a column that must have a value.

    Why it hurts: while this release is rolled out, and after a rollback, each of those queries fails.
    Do instead: release code that gives the column a value in every INSERT, or give the column a DEFAULT; then make it
        NOT NULL a release later.
    Fine when: every INSERT of the release before gives the column a value, or a default or BEFORE trigger does; and of
        the queries that `migsafe verify --queries` asked, none fails.
    Source: docs/usage-evidence.md; https://www.postgresql.org/docs/18/ddl-constraints.html
    """
    before = case.story.running_before(case.chapter)
    if before is None or case.story.is_past(case.chapter):
        return
    for subject in case.act.demands:
        yield from _said_of(case, subject, before)
    seen = case.story.checked.get(case.chapter.migration)
    if seen is not None:
        yield from _seen(seen)


def _seen(queries: CheckedQueries) -> Iterator[Evidence]:
    """What a server said of the release's own queries; nothing where none was asked."""
    broken: dict[Result, list[BrokenQuery]] = {
        "fail": [one for one in queries.broken if one.certain],
        "unknown": [one for one in queries.broken if not one.certain],
    }
    for result, ones in broken.items():
        for one in ones[:_NAMED]:
            how = "fails" if one.certain else "may fail"
            yield _entry(result, f"a query of the running release {how}: {one.message}", "verify", one.place)
        more = len(ones) - _NAMED
        if more > 0:
            yield _entry(result, f"and so do {more} more" if result == "fail" else f"and so may {more} more", "verify")
    if queries.checked and not queries.broken:
        left = f"; {queries.unchecked} could not be asked in full" if queries.unchecked else ""
        text = f"none of {queries.checked} queries of the running release fails on a server{left}"
        yield _entry("pass", text, "verify")


def _said_of(case: Case, subject: Subject, release: Release) -> Iterator[Evidence]:
    filler = filler_of(case.chapter, case.act, subject)
    if filler is not None and filler.sure and filler.whatever:
        yield _entry("pass", filler.text, "migrations")
        return
    look = case.story.writers
    if look is None:
        yield _entry("unknown", "no code was looked at", "usage", case.place)
        return
    writers = look(case.chapter, subject, release)
    if writers is None or not (writers.found or writers.files):
        yield _entry("unknown", f"{release.name}: no code was found to look at for what writes {_table(subject)}")
        return
    yield from _judged(writers, subject, release, filler)


def _judged(writers: Writers, subject: Subject, release: Release, filler: Filler | None) -> Iterator[Evidence]:
    """What condemns it; else what leaves it open; else that nothing does."""
    leaving = [one for one in writers.found if one.giving is Giving.LEAVES_OUT]
    unsure = [one for one in writers.found if one.giving is Giving.MAY_LEAVE_OUT]
    if leaving and filler is None:
        yield from _listed("fail", leaving, f"leave out {shown(subject)}", release)
        return
    if filler is not None and not filler.sure and leaving:
        yield _entry("unknown", f"{release.name}: {leaving[0].text}; {filler.text}", leaving[0].source, leaving[0])
        return
    if unsure:
        yield from _listed("unknown", unsure, f"may leave out {shown(subject)}", release)
    if writers.doubt:
        yield _entry("unknown", f"{release.name}: {writers.doubt}")
    if not unsure and not writers.doubt:
        sources = ", ".join(sorted({one.source for one in writers.found})) or "usage"
        yield _entry("pass", f"{release.name}: {_all_well(writers, subject, filler if leaving else None)}", sources)


def _listed(result: Result, writers: Sequence[Writer], how: str, release: Release) -> Iterator[Evidence]:
    for one in writers[:_NAMED]:
        yield _entry(result, f"{release.name}: {one.text}", one.source, one)
    more = len(writers) - _NAMED
    if more > 0:
        yield _entry(result, f"{release.name}: {more} more {'places' if more > 1 else 'place'} {how}")


def _all_well(writers: Writers, subject: Subject, filler: Filler | None) -> str:
    if not writers.found:
        files = f"{writers.files} file{'s' if writers.files > 1 else ''}"
        return f"nothing in {files} writes {_table(subject)}"
    number = len(writers.found)
    places = f"all {number} places that write" if number > 1 else "the one place that writes"
    gives = "give" if number > 1 else "gives"
    otherwise = f", or leave{'' if number > 1 else 's'} it out: {filler.text}" if filler is not None else ""
    return f"{places} {_table(subject)} {gives} {subject.column} a value{otherwise}"


def _table(subject: Subject) -> str:
    return shown(subject.whole)


def _entry(result: Result, text: str, source: str = "usage", where: Writer | str = "") -> Evidence:
    place = where if isinstance(where, str) else str(where.place)
    return evidence_of(breaks_previous_release, result, text, source=source, place=place)
