"""Leases in a file: who may take them, when they are dead, and what the fence stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from migsafe.errors import UsageError
from migsafe.model.state import TargetName
from migsafe.tracker.errors import TrackerRefusedError, UnknownNameError
from migsafe.tracker.events import prove
from migsafe.tracker.lease import (
    DEAD_AFTER,
    Holder,
    Lease,
    LeaseHeldError,
    LeaseLostError,
    Rollouts,
    beat,
    break_lease,
    check_fence,
    read_lease,
    release_lease,
    take_lease,
)
from migsafe.tracker.opening import Tracker
from tracker_books import MAIN, ME, NOW, Book, book_in

if TYPE_CHECKING:
    from pathlib import Path

MIRA = Holder(actor="mira", host="laptop", pid=4711, purpose="expand of 1.8.0", backend_pid=99)
OMAR = Holder(actor="omar", host="ci", pid=12, purpose="contract of 1.9.0")


class Desk:
    """A tracker whose clock is set by hand."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.now = NOW
        self.tracker = Tracker(book.address, clock=lambda: self.now)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def take(self, holder: Holder = MIRA, *, gone: bool = False) -> Lease:
        with self.tracker.writing(ME) as store:
            return take_lease(store, MAIN, holder, is_gone=lambda _: gone)

    def release(self, lease: Lease) -> bool:
        with self.tracker.writing(ME) as store:
            return release_lease(store, lease)

    def break_(self, reason: str = "the machine is gone") -> Lease:
        with self.tracker.writing(ME) as store:
            return break_lease(store, MAIN, reason)

    def check(self, lease: Lease) -> None:
        with self.tracker.reading() as ledger:
            check_fence(ledger, lease)

    def seen(self) -> Lease | None:
        with self.tracker.reading() as ledger:
            return read_lease(ledger, MAIN, now=self.now)

    def events(self) -> list[tuple[str, datetime]]:
        with self.tracker.reading() as ledger:
            events = list(ledger.events())
        prove(events)
        return [(one.subject, one.at) for one in events if one.kind == "lease"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(book_in(tmp_path).furnish())


def test_each_taking_has_a_fence_of_its_own_and_an_event(desk: Desk) -> None:
    fences = []
    for holder in (MIRA, OMAR, MIRA):
        lease = desk.take(holder)
        desk.check(lease)
        fences.append(lease.fence)
        assert desk.release(lease)
    assert fences == [1, 2, 3]
    subjects = [subject for subject, _ in desk.events()]
    assert subjects == ["production/main taken", "production/main released"] * 3


def test_who_is_refused_reads_who_has_it_where_since_when_and_what_for(desk: Desk) -> None:
    desk.take()
    desk.pass_time(8)
    with pytest.raises(LeaseHeldError) as refused:
        desk.take(OMAR)
    assert refused.value.message == (
        "production/main is taken: mira on laptop (process 4711) since 09:00:00 UTC (8 s): expand of 1.8.0"
    )
    assert refused.value.exit_code == 4
    assert refused.value.lease.holder == MIRA
    assert len(desk.events()) == 1, "a refusal writes nothing"


@pytest.mark.parametrize(("silence", "free"), [(DEAD_AFTER - 0.1, False), (DEAD_AFTER, True)])
def test_a_lease_is_dead_after_a_minute_of_silence_and_not_before(desk: Desk, silence: float, free: bool) -> None:
    mine = desk.take()
    desk.pass_time(100)
    assert beat(desk.tracker, mine)
    desk.pass_time(silence)
    if free:
        assert desk.take(OMAR).fence == mine.fence + 1
        with pytest.raises(LeaseLostError, match="taken over by omar on ci"):
            desk.check(mine)
    else:
        with pytest.raises(LeaseHeldError) as refused:
            desk.take(OMAR)
        assert refused.value.hint
        assert "--wait-for-turn 2" in refused.value.hint
        desk.check(mine)


@pytest.mark.parametrize(("where", "offered"), [(MAIN, True), (Rollouts("production"), False)])
def test_only_what_the_command_has_is_offered_against_a_silent_holder(
    desk: Desk, where: TargetName | Rollouts, offered: bool
) -> None:
    """`migsafe deploy` has no --break-lock: its abort takes the turn from whoever has it."""
    with desk.tracker.writing(ME) as store:
        take_lease(store, where, MIRA)
    desk.pass_time(30)
    with desk.tracker.writing(ME) as store, pytest.raises(LeaseHeldError) as refused:
        take_lease(store, where, OMAR)
    assert refused.value.hint is not None
    assert refused.value.hint.startswith(
        "nothing was heard of it for 30 s, and after 60 s it is gone: --wait-for-turn 31"
    )
    assert ("--break-lock" in refused.value.hint) is offered


def test_a_holder_that_is_known_to_be_gone_is_not_waited_for(desk: Desk) -> None:
    desk.take()
    assert desk.take(OMAR, gone=True).fence == 2


def test_who_has_lost_it_can_neither_beat_nor_give_back_what_is_somebody_elses(desk: Desk) -> None:
    old = desk.take()
    desk.pass_time(DEAD_AFTER)
    new = desk.take(OMAR)
    assert not beat(desk.tracker, old)
    assert not desk.release(old)
    assert beat(desk.tracker, new)
    assert desk.release(new)
    assert not desk.release(new)
    assert not beat(desk.tracker, new)


def test_a_broken_lease_stops_its_holder_and_says_why(desk: Desk) -> None:
    mine = desk.take()
    with pytest.raises(UsageError):
        desk.break_("  ")
    assert desk.break_().holder == MIRA
    with pytest.raises(LeaseLostError, match="was broken"):
        desk.check(mine)
    assert not beat(desk.tracker, mine)
    with pytest.raises(TrackerRefusedError, match="nothing to break"):
        desk.break_()
    assert desk.take(OMAR).fence == mine.fence + 2
    with desk.tracker.reading() as ledger:
        broken = next(one for one in ledger.events() if one.subject.endswith("broken"))
    assert (broken.facts["reason"], broken.facts["from"]["holder"]) == ("the machine is gone", "mira")


def test_giving_back_ends_it_for_late_comers_of_the_same_run(desk: Desk) -> None:
    mine = desk.take()
    desk.release(mine)
    with pytest.raises(LeaseLostError, match="given back"):
        desk.check(mine)
    seen = desk.seen()
    assert seen is not None
    assert not seen.is_held


def test_a_heartbeat_is_no_event(desk: Desk) -> None:
    mine = desk.take()
    desk.pass_time(7)
    beat(desk.tracker, mine)
    seen = desk.seen()
    assert seen == replace(mine, heartbeat_at=desk.now, seen_at=desk.now)
    assert len(desk.events()) == 1


def test_a_database_that_nobody_knows_has_no_lease(desk: Desk) -> None:
    with pytest.raises(UnknownNameError), desk.tracker.writing(ME) as store:
        take_lease(store, TargetName("production", "mian"), MIRA)
    assert desk.seen() is None
    with pytest.raises(TrackerRefusedError, match="nothing to break"):
        desk.break_()


def test_the_lease_of_one_database_is_not_that_of_another(desk: Desk) -> None:
    from migsafe.model.dialect import Dialect
    from migsafe.model.state import Target

    with desk.tracker.writing(ME) as store:
        store.put_target("production", Target(name="other", dialect=Dialect.POSTGRES))
    desk.take()
    with desk.tracker.writing(ME) as store:
        other = take_lease(store, TargetName("production", "other"), OMAR)
    assert other.fence == 1
    seen = desk.seen()
    assert seen is not None
    assert seen.holder == MIRA
