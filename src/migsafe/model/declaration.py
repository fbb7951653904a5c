"""What a migration says of itself: its phase, its change, its release.

    -- migsafe: phase=contract change=users-full-name release=2026.11

In Python the same keys are plain globals of a revision, or attributes of a migration's class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.model.phase import Part, Phase
    from migsafe.model.script import Position


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is said, as it is said; all None where a file says nothing.

    Attributes:
        phase: the phase in which the migration runs.
        change: the name of the change that it is a step of.
        of: the migration, or the change, whose expand this contract ends.
        release: the first release that carries it.
        part: which half of a contract it is; None for both.
        irreversible: why there is no way back; None where nothing is said.
        place: where it stands in the file; None where nothing is said.
        problem: why it cannot be understood, in a few words; what is understood counts nevertheless.
    """

    phase: Phase | None = None
    change: str | None = None
    of: str | None = None
    release: str | None = None
    part: Part | None = None
    irreversible: str | None = None
    place: Position | None = None
    problem: str | None = None


SILENT = Declaration()
