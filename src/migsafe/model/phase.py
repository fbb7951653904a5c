"""Phases of a change: expand, migrate, contract; and what an operation is by nature."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """When a step may run, beside which code."""

    EXPAND = "expand"
    """Adds; the code that runs does not notice."""
    MIGRATE = "migrate"
    """Moves data, and makes rules that the running code keeps already."""
    CONTRACT = "contract"
    """Takes away what no running code needs any more."""

    @property
    def order(self) -> int:
        """For comparison: the later, the greater."""
        return {"expand": 0, "migrate": 1, "contract": 2}[self.value]


class Part(StrEnum):
    """The two halves of a contract."""

    QUARANTINE = "quarantine"
    """Out of reach, and restorable."""
    PURGE = "purge"
    """Gone."""


class Nature(StrEnum):
    """What one operation does to code that is running."""

    EXPAND = "expand"
    """It adds; running code does not notice."""
    CONSTRAIN = "constrain"
    """It refuses rows or statements that were accepted before; nothing is taken away."""
    MIGRATE = "migrate"
    """It changes rows, or checks them."""
    CONTRACT = "contract"
    """It takes away, or renames, what running code may use."""
    NEUTRAL = "neutral"
    """Neither rows nor their shape change for anybody."""

    @property
    def phase(self) -> Phase | None:
        """The earliest phase in which it may run; None where any will do."""
        return _PHASES[self]

    @property
    def is_held(self) -> bool:
        """Whether it must wait until code that is running can bear it."""
        return self in {Nature.CONTRACT, Nature.CONSTRAIN}


_PHASES = {
    Nature.EXPAND: Phase.EXPAND,
    Nature.CONSTRAIN: Phase.MIGRATE,
    Nature.MIGRATE: Phase.MIGRATE,
    Nature.CONTRACT: Phase.CONTRACT,
    Nature.NEUTRAL: None,
}
