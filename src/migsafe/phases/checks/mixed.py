"""Migrations that hold steps of several phases, and releases whose steps stand in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator
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
    Fine when: the contract is of an earlier release, or may run now: its evidence is complete.
    Source: docs/phases.md
    """
    if not story.told:
        return
    current = [chapter for chapter in story.chapters if not story.is_past(chapter)]
    for _, group in groupby(current, key=story.sequence_of):
        contract: Chapter | None = None
        for chapter in group:
            if chapter.of(Nature.CONTRACT) and chapter.phase is Phase.CONTRACT:
                contract = chapter
            elif contract is not None and chapter.phase is Phase.EXPAND and chapter.of(Nature.EXPAND):
                evidence = evidence_for(story, contract, contract.of(Nature.CONTRACT))
                weight = verdict(story, contract, evidence)
                if weight is not None:
                    yield _behind(story, chapter, contract, weight)


def _behind(story: Story, chapter: Chapter, contract: Chapter, weight: Severity) -> Remark:
    act = chapter.of(Nature.EXPAND)[0]
    name = story.release_name(chapter)
    return Remark(
        severity=weight.value,
        chapter=chapter,
        place=act.place,
        message=f"{chapter.migration} expands behind {contract.migration}, a contract of the same release ({name})",
        instead=f"-- move {contract.migration} to a release after {name}, or order it behind {chapter.migration}",
        objects=tuple(map(shown, act.made or act.subjects)),
    )
