"""How trouble is told from a moment of silence."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.model.state import TargetName
from migsafe.runner import heartbeat
from migsafe.runner.turn import Turn, TurnLostError
from migsafe.tracker.errors import TrackerAwayError
from migsafe.tracker.lease import DEAD_AFTER, Holder, Lease

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LEASE = Lease(
    where=TargetName("production", "main"),
    fence=1,
    holder=Holder(actor="mira", host="laptop", pid=1, purpose="expand"),
    taken_at=NOW,
    heartbeat_at=NOW,
    seen_at=NOW,
)


class Bench:
    """A turn whose server and tracker answer as a test says, and whose heart beats by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.beats: list[object] = []
        self.guardian_lost = False
        monkeypatch.setattr(heartbeat, "beat", lambda tracker, lease: self._beat())
        monkeypatch.setattr(heartbeat, "time", SimpleNamespace(monotonic=lambda: self.now))
        guardian: Any = SimpleNamespace(query=lambda sql: self._look())
        nobody: Any = None
        self.turn = Turn(guardian, nobody, nobody, LEASE)

    def beat(self, answer: object = True, *, seconds: float = 5.0) -> None:
        self.now += seconds
        self.beats.append(answer)
        self.turn._heart._beat()
        self.turn._heart._look()

    def _beat(self) -> object:
        answer = self.beats.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _look(self) -> None:
        if self.guardian_lost:
            raise EnvironmentFailedError("terminating connection")

    def trouble(self) -> str:
        with pytest.raises(TurnLostError) as lost:
            self.turn.check()
        assert lost.value.exit_code == 5
        return lost.value.message


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_a_tracker_that_is_away_for_a_moment_is_no_trouble_and_for_long_it_is(bench: Bench) -> None:
    for _ in range(9):
        bench.beat(TrackerAwayError("the tracker failed"))
        bench.turn.check()
    bench.beat()
    for _ in range(9):
        bench.beat(TrackerAwayError("the tracker failed"))
    bench.turn.check()
    bench.beat(TrackerAwayError("the tracker failed"))
    assert "the tracker could not be told for 50 s" in bench.trouble()
    assert bench.now < 95 + DEAD_AFTER, "before anybody may take it over"


def test_a_lease_that_is_somebody_elses_is_trouble_for_good(bench: Bench) -> None:
    bench.beat(False)
    bench.beat(True)
    assert "the lease was taken over or broken" in bench.trouble()


def test_a_lost_guardian_is_trouble_and_the_heart_beats_on(bench: Bench) -> None:
    bench.guardian_lost = True
    bench.beat()
    assert "the session that held the lock of this run is gone (terminating connection)" in bench.trouble()
    for _ in range(20):
        bench.beat()
    assert "the session that held" in bench.trouble()
    assert bench.beats == []


def test_whoever_waits_for_the_tracker_calls_the_heart(bench: Bench) -> None:
    heart = bench.turn._heart
    for answer, has_answered in ((TrackerAwayError("the tracker failed"), False), (True, True), (False, False)):
        bench.now += 1
        bench.beats.append(answer)
        heart.call()
        assert heart.has_answered is has_answered
    assert heart.loss == "the lease was taken over or broken"


def test_a_call_is_heard_at_once_by_a_heart_that_beats_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    beaten = threading.Event()
    monkeypatch.setattr(heartbeat, "beat", lambda tracker, lease: beaten.set() or True)  # type: ignore[func-returns-value]  # set, and then an answer
    nobody: Any = None
    heart = heartbeat.Heart(nobody, nobody, LEASE, every=3600)
    heart.start()
    try:
        heart.call()
        assert beaten.wait(30)
    finally:
        heart.stop()
    assert heart.has_answered
    assert not heart.is_alive()
