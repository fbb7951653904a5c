"""Migrations that hold steps of several phases, and releases whose steps stand in the wrong order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from migsafe.model.finding import Severity
from migsafe.model.phase import Nature, Phase
from migsafe.phases.act import Act, Chapter
from migsafe.phases.mixture import mixture_of
from migsafe.phases.registry import check
from migsafe.phases.story import Remark, Story
from migsafe.phases.verdict import evidence_for, verdict
from migsafe.phases.words import listed, shown


def mixtures(story: Story) -> Iterator[Remark]:
    """One remark for each migration that mixes phases: what `mixed-phases` says where no hazard carries it."""
    for chapter in story.chapters:
        parts = mixture_of(chapter)
        if parts:
            yield _remark(chapter, parts)


def _remark(chapter: Chapter, parts: tuple[Act, ...]) -> Remark:
    last = parts[-1]
    listed = ", ".join(f"{act.nature.phase} ({act.operation} {_about(act)})" for act in parts)
    steps = "\n".join(f"-- a migration of its own, phase={phase}" for phase in _phases(parts))
    return Remark(
        severity="error",
        chapter=chapter,
        place=last.place,
        message=f"{chapter.migration} holds steps of several phases: {listed}",
        instead=f"split it (migsafe lint --fix does):\n{steps}",
        objects=tuple(dict.fromkeys(shown(subject) for act in parts for subject in act.subjects)),
    )


def _about(act: Act) -> str:
    return listed(act.made or act.subjects)


def _phases(parts: tuple[Act, ...]) -> list[Phase]:
    found = {phase for act in parts if (phase := act.nature.phase) is not None}
    return sorted(found, key=lambda phase: phase.order)


@check("XR16")
def phases_out_of_order(story: Story) -> Iterator[Remark]:
    """Inside one release, a step stands behind one of a later phase.

    Why it hurts: tools run migrations in their order: the expand that the new code waits for comes after a contract
        that must wait for the new code.
    Do instead: put it before the contract, or the contract into a later release.
    Fine when: the contract is of an earlier release, or nothing is known that forbids to run it now.
    Source: docs/phases.md
    """
    if not story.told:
        return
    current = [chapter for chapter in story.chapters if not story.is_past(chapter)]
    for _, group in groupby(current, key=story.sequence_of):
        for contract, behind in _queues(group):
            reported = [chapter for chapter in behind if chapter.reported]
            if reported and _may_not_run(story, contract):
                yield _behind(story, reported, contract)


def _queues(chapters: Iterable[Chapter]) -> Iterator[tuple[Chapter, list[Chapter]]]:
    """Each contract, and the expands between it and the next one."""
    contract: Chapter | None = None
    behind: list[Chapter] = []
    for chapter in chapters:
        if chapter.of(Nature.CONTRACT) and chapter.phase is Phase.CONTRACT:
            if contract is not None:
                yield contract, behind
            contract, behind = chapter, []
        elif chapter.phase is Phase.EXPAND and chapter.of(Nature.EXPAND):
            behind.append(chapter)
    if contract is not None:
        yield contract, behind


def _may_not_run(story: Story, contract: Chapter) -> bool:
    """Whether it is an error to run it; of what is not known in a pull request, its own finding warns."""
    evidence = evidence_for(story, contract, contract.of(Nature.CONTRACT))
    return verdict(story, contract, evidence) is Severity.ERROR


def _behind(story: Story, reported: Sequence[Chapter], contract: Chapter) -> Remark:
    chapter, *others = reported
    act = chapter.of(Nature.EXPAND)[0]
    name = story.release_name(chapter)
    more = f", as {len(others)} more do" if others else ""
    where = f"behind {contract.migration}, a contract of the same release ({name})"
    return Remark(
        severity="error",
        chapter=chapter,
        place=act.place,
        message=f"{chapter.migration} expands {where}{more}",
        instead=f"-- move {contract.migration} to a release after {name}, or order it behind {chapter.migration}",
        objects=tuple(map(shown, act.made or act.subjects)),
    )
