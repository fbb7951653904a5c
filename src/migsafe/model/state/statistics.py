"""What the databases' own statistics say of the use of an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.state.environments import TargetName

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.model.usage import Use


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReading:
    """How well the statistics of one server could be read.

    Attributes:
        reads_all: the role sees the queries of other roles (`pg_read_all_stats`).
        stats_reset: when the statistics last began anew; None where nobody looked.
        evicted: statements that fell out of them in the window (`dealloc`); None where nobody looked.
    """

    node: str
    reads_all: bool
    stats_reset: datetime | None = None
    evicted: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsFact:
    """The use of one object on one database in a window of time.

    Attributes:
        object: as people write it: `users.name`.
        use: what the statistics say. Whether "none" may be believed, the readings say: see `doubts`.
        since: begin of the window: not before the last release that used the object was retired.
        calls: how often statements ran that name it; None where nobody counted.
    """

    object: str
    environment: str
    target: str
    use: Use
    since: datetime
    until: datetime
    calls: int | None = None
    readings: tuple[NodeReading, ...] = ()

    @property
    def where(self) -> TargetName:
        """The database."""
        return TargetName(self.environment, self.target)

    def doubts(self, nodes: tuple[str, ...]) -> tuple[str, ...]:
        """Why a "none" proves nothing, in words; empty when it does.

        Args:
            nodes: all servers that answer queries on the database; empty where nobody said, which is a doubt.
        """
        read = {reading.node for reading in self.readings}
        unread = [f"nobody has read the node {node}" for node in nodes if node not in read]
        unlisted = [] if nodes else ["nobody has said which nodes there are"]
        return (*unlisted, *unread, *(doubt for reading in self.readings for doubt in self._doubts_of(reading)))

    def _doubts_of(self, reading: NodeReading) -> list[str]:
        doubts = []
        if not reading.reads_all:
            doubts.append(f"the role does not see the queries of others on {reading.node}")
        if reading.stats_reset is None:
            doubts.append(f"nobody has looked when the statistics of {reading.node} began")
        elif reading.stats_reset > self.since:
            doubts.append(f"the statistics of {reading.node} began anew within the window")
        if reading.evicted != 0:
            doubts.append(f"statements may have fallen out of the statistics of {reading.node}")
        return doubts
