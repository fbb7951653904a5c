"""Is the statement where its phase says it belongs?"""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Evidence
from migsafe.model.phase import Nature, Phase
from migsafe.phases.mixture import mixture_of
from migsafe.phases.registry import evidence_of, requirement
from migsafe.phases.story import Case
from migsafe.phases.words import listed


@requirement("XR01", Nature.CONTRACT)
def destructive_outside_contract(case: Case) -> Iterator[Evidence]:
    """Something is taken away in a migration that says it is no contract.

    Why it hurts: expand and migrate steps run while the old code is still at work: what they take away, it misses.
    Do instead: move the statement to a migration of its own that says phase=contract.
    Fine when: the migration says phase=contract, or says nothing and does nothing else.
    Source: docs/phases.md
    """
    said = case.chapter.declaration.phase
    ask = destructive_outside_contract
    if said is None:
        yield evidence_of(ask, "pass", "the migration is taken for a contract", source="inferred", place=case.place)
    elif said is Phase.CONTRACT:
        yield evidence_of(ask, "pass", "the migration says phase=contract", source="declaration", place=case.place)
    else:
        yield evidence_of(ask, "fail", f"the migration says phase={said}", source="declaration", place=case.place)


@requirement("XR02", Nature.CONTRACT)
def mixed_phases(case: Case) -> Iterator[Evidence]:
    """One migration holds steps of several phases.

    Why it hurts: the phases of a change run beside different code: whenever this migration runs, one of its steps runs
        too early or too late.
    Do instead: split it, one migration a phase; `migsafe lint --fix` writes them.
    Fine when: the other step is about a table or column that the migration itself makes.
    Source: docs/phases.md
    """
    mixture = mixture_of(case.chapter)
    other = next((act for act in mixture if act.nature is not Nature.CONTRACT), None)
    if other is None:
        yield evidence_of(mixed_phases, "pass", "the migration does nothing else", source="migration", place=case.place)
        return
    about = listed(other.made or other.subjects)
    text = f"the migration also holds a step of the phase {other.nature.phase}: {other.operation} {about}"
    yield evidence_of(mixed_phases, "fail", text, source="migration", place=f"{case.chapter.path}:{other.place.line}")
