"""The databases of a fleet, and the rings in which they move; values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.config.nearest import did_you_mean
from migsafe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class FleetTarget:
    """One database.

    Attributes:
        url: as a person says an address; `{target}` in it, or in the variable that it names, is the database's name.
    """

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Ring:
    """Databases that move together.

    Attributes:
        concurrency: how many of them at once.
    """

    name: str
    targets: tuple[FleetTarget, ...]
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class Roster:
    """All rings, in the order in which they move."""

    rings: tuple[Ring, ...]

    @property
    def size(self) -> int:
        """How many databases there are."""
        return sum(len(ring.targets) for ring in self.rings)

    def __iter__(self) -> Iterator[FleetTarget]:
        """The databases, ring by ring."""
        return (target for ring in self.rings for target in ring.targets)

    def only(self, name: str | None) -> Roster:
        """The same with one ring; with all of them when None.

        Raises:
            UsageError: when there is none of that name.
        """
        if name is None:
            return self
        known = {ring.name: ring for ring in self.rings}
        if name not in known:
            raise UsageError(f'no ring "{name}"', hint=did_you_mean(name, known, otherwise=f"{', '.join(known)}"))
        return Roster((known[name],))

    def target(self, name: str) -> FleetTarget:
        """One database.

        Raises:
            UsageError: when there is none of that name.
        """
        known = {target.name: target for target in self}
        if name not in known:
            otherwise = "the fleet's file, or the query in it, names its databases"
            raise UsageError(f'no database "{name}" in the fleet', hint=did_you_mean(name, known, otherwise=otherwise))
        return known[name]
