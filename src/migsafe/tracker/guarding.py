"""Whether a release works on a database's schema, before it starts; pure.

A schema that is ahead by expands works with every release. Contracts raise the floor; a release whose own expands have
not run is above the ceiling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from migsafe.config.nearest import nearest
from migsafe.model.phase import Phase
from migsafe.model.state import StepStatus
from migsafe.tracker.reading import Compatibility

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.state import TargetName
    from migsafe.tracker.reading import Known

#: `yes`: it works · `no`: it does not · `unknown`: nobody can tell.
Answer = Literal["yes", "no", "unknown"]

_RAN = frozenset({StepStatus.DONE, StepStatus.SKIPPED})
_TAKEN = frozenset({StepStatus.DONE, StepStatus.QUARANTINED, StepStatus.PURGED})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a guard says.

    Attributes:
        why: a sentence.
    """

    answer: Answer
    release: str
    where: TargetName
    why: str


def judge(known: Known, release: str, where: TargetName) -> Verdict:
    """Whether a release works on a database as it is now.

    What forbids it wins over what is unknown, and that over what allows it.
    """
    order = {each.name: place for place, each in enumerate(known.state.releases)}
    said = known.compatibility.get(where, Compatibility())
    if release not in order:
        meant = nearest(release, order, limit=1)
        hint = f"; did you mean {meant[0]}?" if meant else ""
        return Verdict("unknown", release, where, f"nobody knows the place of {release} among the releases{hint}")
    words = [*_bounds(said, known, release, where, order), *_expands(known, release, where, order)]
    for answer in ("no", "unknown"):
        if found := [text for told, text in words if told == answer]:
            return Verdict(answer, release, where, "; ".join(found))
    works = said.spelt if said.doubt is None else f"from {release} on, which carries all that was taken away"
    return Verdict("yes", release, where, f"the schema of {where} works {works}")


def _bounds(
    said: Compatibility, known: Known, release: str, where: TargetName, order: dict[str, int]
) -> Iterator[tuple[Answer, str]]:
    here = order[release]
    if said.floor is not None:
        if said.floor not in order:
            yield "unknown", f"nobody knows the place of {said.floor}, the floor of {where}, among the releases"
        elif here < order[said.floor]:
            yield "no", f"the schema of {where} works with {said.floor} and later releases only"
    if said.ceiling is not None:
        if said.ceiling not in order:
            yield "unknown", f"nobody knows the place of {said.ceiling}, the ceiling of {where}, among the releases"
        elif here > order[said.ceiling]:
            yield "no", f"the schema of {where} works with {said.ceiling} and earlier releases only"
    if said.doubt is not None and not _ships_with(known, here, where, order):
        yield "unknown", said.doubt


def _ships_with(known: Known, here: int, where: TargetName, order: dict[str, int]) -> bool:
    """Whether a release carries every contract that has run, or is later: its code does without what they took."""
    runs = ((step, step.run(where)) for step in known.state.steps if step.phase is Phase.CONTRACT)
    taken = [step.release for step, run in runs if run is not None and run.status in _TAKEN]
    return bool(taken) and all(name in order and order[name] <= here for name in taken)


def _expands(known: Known, release: str, where: TargetName, order: dict[str, int]) -> Iterator[tuple[Answer, str]]:
    """What the release and those before it have added must be there."""
    for step in known.state.steps:
        if step.phase is not Phase.EXPAND or step.release is None or order.get(step.release, -1) > order[release]:
            continue
        run = step.run(where)
        if run is None:
            yield "unknown", f"nobody has said whether {step.label}, which {step.release} needs, has run on {where}"
        elif run.status not in _RAN:
            yield "no", f"{step.label}, which {step.release} needs, is {run.status} on {where}"
