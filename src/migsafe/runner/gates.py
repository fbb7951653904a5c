"""Whether the code that runs can bear a step, judged by what the tracker knows at this moment; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.phase import Nature
from migsafe.phases.verdict import evidence_for
from migsafe.runner.selection import RunRefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.bookkeeping.project import ProjectStep
    from migsafe.model.finding import Evidence
    from migsafe.model.state import StateDocument
    from migsafe.phases.story import Story


def seen_from(state: StateDocument, environment: str) -> StateDocument:
    """A state as if there were no other environment: a step on staging does not wait for production."""
    return replace(
        state,
        environments=tuple(replace(each, protected=True) for each in state.environments if each.name == environment),
    )


def evidence_of(step: ProjectStep, story: Story, state: StateDocument, now: datetime) -> tuple[Evidence, ...]:
    """What a step that forbids something is held against; a contract has a plan of its own for that.

    Args:
        state: as `seen_from` gives it.
    """
    told = replace(story, state=state, now=now, usage=None, given_up=None)
    acts = step.chapter.of(Nature.CONSTRAIN)
    return evidence_for(told, step.chapter, acts)


def refuse_step(step: ProjectStep, evidence: tuple[Evidence, ...], *, protected: bool, accepted: str | None) -> None:
    """Refuse a step that running code cannot bear, or of which nobody knows whether it can.

    Args:
        protected: the environment is one for which what is not known is not enough.
        accepted: why somebody answers for what is not known; that which is known to be wrong stays refused.

    Raises:
        RunRefusedError: with the first thing that speaks against it.
    """
    label = f"{step.facts.label} ({step.facts.phase})"
    if (failed := next((one for one in evidence if one.result == "fail"), None)) is not None:
        raise RunRefusedError(f"{label} may not run yet: {failed.text} ({failed.rule})")
    unknown = next((one for one in evidence if one.result == "unknown"), None)
    if unknown is not None and protected and accepted is None:
        raise RunRefusedError(
            f"nobody knows whether {label} may run: {unknown.text} ({unknown.rule})",
            hint="migsafe release mark and migsafe record say what is so; --accept REASON answers for it",
        )
