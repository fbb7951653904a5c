"""Statistics prove that nothing uses an object only where they were read as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migsafe.model.state import NodeReading, StatisticsFact
from migsafe.model.usage import Use

SINCE = datetime(2026, 10, 5, tzinfo=UTC)
SOUND = NodeReading(node="db-1", reads_all=True, stats_reset=SINCE, evicted=0)
FACT = StatisticsFact(
    object="users.name", environment="production", target="main", use=Use.NONE, since=SINCE,
    until=SINCE + timedelta(days=14), readings=(SOUND, replace(SOUND, node="db-2")),
)  # fmt: skip
NODES = ("db-1", "db-2")


def test_all_nodes_read_as_a_whole_leave_no_doubt() -> None:
    assert FACT.doubts(NODES) == ()


@pytest.mark.parametrize(
    ("reading", "doubt"),
    [
        (replace(SOUND, reads_all=False), "the role does not see the queries of others on db-1"),
        (replace(SOUND, stats_reset=None), "nobody has looked when the statistics of db-1 began"),
        (
            replace(SOUND, stats_reset=SINCE + timedelta(seconds=1)),
            "the statistics of db-1 began anew within the window",
        ),
        (replace(SOUND, evicted=1), "statements may have fallen out of the statistics of db-1"),
        (replace(SOUND, evicted=None), "statements may have fallen out of the statistics of db-1"),
    ],
)
def test_each_gap_is_a_doubt(reading: NodeReading, doubt: str) -> None:
    assert replace(FACT, readings=(reading, FACT.readings[1])).doubts(NODES) == (doubt,)


def test_a_replica_that_nobody_read_is_a_doubt() -> None:
    assert FACT.doubts((*NODES, "db-3")) == ("nobody has read the node db-3",)


def test_without_a_list_of_nodes_there_may_be_others() -> None:
    assert FACT.doubts(()) == ("nobody has said which nodes there are",)
