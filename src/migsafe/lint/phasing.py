"""Sets findings against time: what evidence clears, what it condemns, and what the whole story shows; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from migsafe.lint.engine import FindingKey, Ground, Outcome, key_of
from migsafe.model.finding import Category, Evidence, Finding, Severity
from migsafe.model.phase import Nature
from migsafe.model.script import Direction
from migsafe.phases.act import Act, Chapter
from migsafe.phases.checks.mixed import mixtures
from migsafe.phases.judge import remarks
from migsafe.phases.nature import TAKING_AWAY
from migsafe.phases.requirements.time import in_one_release
from migsafe.phases.rules import PHASE_RULES
from migsafe.phases.story import Remark, Story
from migsafe.phases.verdict import evidence_for, verdict

#: Rules whose hazard is one of time: when no code needs the thing, or keeps to the constraint, it is none any more.
#: How long a lock is held, and what becomes of rows, is no question of time.
_A_QUESTION_OF_TIME = TAKING_AWAY - {"truncate-table", "delete-without-where", "create-table-force"} | {
    "drop-default",
    "drop-trigger",
    "new-write-restriction",
}
#: Rules whose hazard no time takes away, and whose evidence only says more.
_A_QUESTION_OF_ROWS = frozenset(
    {
        "unbatched-backfill",
        "update-without-where",
        "backfill-in-ddl-transaction",
        "add-column-not-null-no-default",
    }
)
_JUDGED = _A_QUESTION_OF_TIME | _A_QUESTION_OF_ROWS
#: What is an entry of a hazard's evidence, and speaks alone where no hazard stands on the statement.
_ALONE: Mapping[str, Callable[[Story], Iterator[Remark]]] = MappingProxyType(
    {"mixed-phases": mixtures, "expand-and-contract-in-one-release": in_one_release}
)
_WHAT_CLEARS_IT = (
    "-- this clears itself on evidence, once releases are known (docs/phases.md):\n"
    "--   given up in an earlier release, rolled out everywhere, named by no code"
)


@dataclass(frozen=True, slots=True)
class Phased:
    """What is left when phases have had their say.

    Attributes:
        findings: what stays, and what rules about phases have found.
        cleared: findings whose evidence is complete.
    """

    outcome: Outcome
    findings: tuple[Finding, ...]
    cleared: tuple[Finding, ...]


def set_in_time(outcome: Outcome, story: Story, active: frozenset[str]) -> Phased:
    """Judge a run's findings by a story. Ignores of rules about phases take effect here.

    Args:
        active: names of the rules about phases that run.
    """
    judge = _Judge(outcome, story, active)
    kept: list[Finding] = []
    cleared: list[Finding] = []
    for finding in outcome.findings:
        judged = judge.judged(finding)
        (cleared if judged is None else kept).append(judged or judge.as_cleared(finding))
    added = outcome.close(list(judge.added(kept)))
    return Phased(outcome, (*kept, *added), tuple(cleared))


class _Judge:
    def __init__(self, outcome: Outcome, story: Story, active: frozenset[str]) -> None:
        self._grounds: dict[FindingKey, Ground] = outcome.grounds
        self._story = story
        self._active = active
        self._waived = outcome.waived

    def judged(self, finding: Finding) -> Finding | None:
        """The finding as phases see it; None when it is cleared."""
        found = self._acts_of(finding)
        if found is None:
            return finding
        chapter, acts = found
        finding = self._in_its_phase(finding, chapter, acts)
        evidence = self._evidence(finding, chapter, acts)
        if not evidence:
            return replace(finding, instead=_with_what_clears(finding)) if _takes_away(acts) else finding
        if finding.rule in _A_QUESTION_OF_ROWS:
            return replace(finding, evidence=evidence)
        severity = verdict(self._story, chapter, evidence, usual=finding.severity)
        return None if severity is None else replace(finding, severity=severity, evidence=evidence)

    def as_cleared(self, finding: Finding) -> Finding:
        """A finding that was cleared, with the evidence that did it."""
        found = self._acts_of(finding)
        assert found is not None, "only what has acts is cleared"
        chapter, acts = found
        return replace(self._in_its_phase(finding, chapter, acts), evidence=self._evidence(finding, chapter, acts))

    def _in_its_phase(self, finding: Finding, chapter: Chapter, acts: Sequence[Act]) -> Finding:
        """The phase that the migration says; else that of the statement, which may be an earlier one."""
        phases = [phase for act in acts if (phase := act.nature.phase) is not None]
        inferred = max(phases, key=lambda phase: phase.order, default=chapter.phase)
        phase = chapter.declaration.phase or inferred
        return replace(finding, phase=phase.value, release=self._release_of(chapter))

    def _evidence(self, finding: Finding, chapter: Chapter, acts: Iterable[Act]) -> tuple[Evidence, ...]:
        """What the requirements say that run, without what is waived."""
        return tuple(
            one
            for one in evidence_for(self._story, chapter, acts)
            if one.rule in self._active and (one.result == "pass" or not self._waived(finding, one.rule))
        )

    def added(self, kept: Iterable[Finding]) -> Iterator[Finding]:
        """What the checks find, and what no hazard speaks of."""
        spoken = self._spoken_of(kept)
        for name, remark in remarks(self._story):
            if name in self._active and remark.chapter.reported:
                yield self._finding(name, remark)
        for name, alone in _ALONE.items():
            for remark in alone(self._story) if name in self._active else ():
                if remark.chapter.reported and not spoken & _statements_of(remark):
                    yield self._finding(name, remark)

    def _spoken_of(self, findings: Iterable[Finding]) -> set[tuple[int, int]]:
        """The statements on which a hazard stands that weighs: it speaks for the mixture too."""
        grounds = (
            self._grounds.get(key_of(finding))
            for finding in findings
            if finding.direction is Direction.UP and finding.severity is not Severity.INFO
        )
        return {(ground.chapter, ground.statement) for ground in grounds if ground is not None}

    def _acts_of(self, finding: Finding) -> tuple[Chapter, tuple[Act, ...]] | None:
        """The acts that a finding is about."""
        ground = self._grounds.get(key_of(finding))
        if ground is None or finding.rule not in _JUDGED or finding.direction is not Direction.UP:
            return None
        chapter = self._story.chapters[ground.chapter]
        acts = tuple(
            act
            for act in chapter.acts
            if act.statement == ground.statement
            and act.operation == ground.operation
            and act.nature is not Nature.EXPAND
        )
        return (chapter, acts) if acts else None

    def _release_of(self, chapter: Chapter) -> str | None:
        release = self._story.release_of(chapter)
        return None if release is None else release.name

    def _finding(self, name: str, remark: Remark) -> Finding:
        chapter, rule = remark.chapter, PHASE_RULES[name]
        parts = (name, chapter.migration, Direction.UP, *remark.objects)
        return Finding(
            rule=name,
            category=Category.PHASE,
            severity=Severity(remark.severity),
            path=chapter.path,
            start=remark.place,
            end=remark.place,
            migration=chapter.migration,
            direction=Direction.UP,
            operation="migration",
            objects=remark.objects,
            message=remark.message,
            why=rule.descriptor.why,
            instead=remark.instead,
            phase=chapter.phase.value,
            release=self._release_of(chapter),
            fingerprint=hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32],
        )


def _statements_of(remark: Remark) -> set[tuple[int, int]]:
    """The statement that a remark stands on."""
    return {(remark.chapter.order, act.statement) for act in remark.chapter.acts if act.place == remark.place}


def _takes_away(acts: Iterable[Act]) -> bool:
    return any(act.nature is Nature.CONTRACT for act in acts)


def _with_what_clears(finding: Finding) -> str:
    return f"{finding.instead}\n{_WHAT_CLEARS_IT}"
