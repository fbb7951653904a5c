"""What evidence makes of an act that takes something away, or forbids what was allowed; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.finding import Severity
from migsafe.phases.changes import change_of
from migsafe.phases.requirements import REQUIREMENTS
from migsafe.phases.story import Case, Story

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migsafe.model.finding import Evidence
    from migsafe.phases.act import Act, Chapter


_HEAVIEST_FIRST = ("fail", "unknown", "pass")
_WEIGHS = {rule.name: rule.weighs for rule in REQUIREMENTS}


def evidence_for(story: Story, chapter: Chapter, acts: Iterable[Act]) -> tuple[Evidence, ...]:
    """What every requirement says of some acts of one statement; empty where nothing is known of releases.

    What fails comes first, then what is not known; each in the order of the rules' numbers.
    """
    if not story.told:
        return ()
    found: dict[Evidence, None] = {}
    for act in acts:
        case = Case(story, chapter, act, change_of(chapter, act, story.changes))
        for rule in REQUIREMENTS:
            if rule.ask is not None and act.nature in rule.natures and rule.concerns(act.operation):
                found.update(dict.fromkeys(rule.ask(case)))
    return tuple(sorted(found, key=lambda one: _HEAVIEST_FIRST.index(one.result)))


def verdict(
    story: Story, chapter: Chapter, evidence: Sequence[Evidence], *, usual: Severity = Severity.ERROR
) -> Severity | None:
    """What evidence makes of a finding: None clears it.

    Any that fails is an error, unless its requirement only warns. What is unknown warns in a pull request and is an
    error in a deployment. Of what is released already it is only worth knowing, save while that release is deployed;
    so is whatever is wrong with a release that another one has followed.

    Args:
        usual: how much the finding weighs without evidence: one that is only worth knowing stays so in a pull request.
    """
    if story.is_past(chapter):
        return None if all(one.result == "pass" for one in evidence) else Severity.INFO
    failed = {_WEIGHS[one.rule] for one in evidence if one.result == "fail"}
    if "error" in failed:
        return Severity.ERROR
    if any(one.result == "unknown" for one in evidence):
        if story.is_released(chapter) and story.settings.stage == "pull-request":
            return Severity.INFO
        return Severity.ERROR if story.settings.stage == "deploy" else min(Severity.WARNING, usual, key=_weight)
    return Severity.WARNING if failed else None


def _weight(severity: Severity) -> int:
    return severity.weight
