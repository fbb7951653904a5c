"""At least once, in the background, never waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from migsafe.deploy.notify.delivery import MOST_ATTEMPTS, Delivery, pause_s
from migsafe.deploy.notify.sink import DELIVERED, Sent
from migsafe.errors import EnvironmentFailedError
from outboxes import BEGAN, Clock, MemoryOutbox, Receiver

LONG = 20.0
LATER = Sent(result="retry", why="answers 503")
NEVER = Sent(result="refused", why="answers 410")


@contextmanager
def delivery(outbox: MemoryOutbox, *receivers: Receiver, clock: Clock | None = None) -> Iterator[Delivery]:
    found = Delivery(outbox, receivers, now=clock or Clock(), glance_s=3_600.0)
    try:
        yield found
    finally:
        found.close()
        for receiver in receivers:
            if receiver.gate is not None:
                receiver.gate.set()


def test_what_waits_is_sent_in_its_order() -> None:
    outbox, receiver = MemoryOutbox(), Receiver()
    for number in range(120):  # more than one handful
        outbox.put(str(number))
    with delivery(outbox, receiver) as found:
        assert found.flush(LONG)
        assert receiver.got == outbox.delivered == [str(number) for number in range(120)]
        assert found.trouble == ""
        outbox.put("later")
        found.wake()
        assert found.flush(LONG)
    assert receiver.got[-1] == "later"


def test_each_row_goes_to_its_own_receiver() -> None:
    outbox, one, two = MemoryOutbox(), Receiver("one"), Receiver("two")
    outbox.put("a", "one")
    outbox.put("b", "two")
    with delivery(outbox, one, two) as found:
        assert found.flush(LONG)
    assert (one.got, two.got) == (["a"], ["b"])


def test_a_failure_is_tried_again_after_a_pause_that_grows() -> None:
    outbox, receiver, clock = MemoryOutbox(), Receiver(says=[LATER, LATER, DELIVERED]), Clock()
    outbox.put("a")
    with delivery(outbox, receiver, clock=clock) as found:
        assert not found.flush(LONG)
        assert found.trouble == "one: answers 503"
        clock.go(1.9)
        assert found.flush(LONG)  # nothing is due
        assert receiver.got == ["a"]
        clock.go(0.1)
        assert not found.flush(LONG)
        clock.go(3.9)
        found.flush(LONG)
        assert receiver.got == ["a", "a"]
        clock.go(0.1)
        assert found.flush(LONG)
    assert (receiver.got, outbox.delivered) == (["a"] * 3, ["a"])


def test_a_receiver_may_ask_for_a_longer_pause() -> None:
    outbox, clock = MemoryOutbox(), Clock()
    outbox.put("a")
    with delivery(outbox, Receiver(says=[Sent(result="retry", why="429", wait_s=90)]), clock=clock) as found:
        found.flush(LONG)
    assert (outbox.next_at["a"] - BEGAN).total_seconds() == 90


def test_what_is_refused_is_given_up_and_said() -> None:
    outbox, receiver = MemoryOutbox(), Receiver(says=[NEVER, DELIVERED])
    outbox.put("a")
    outbox.put("b")
    with delivery(outbox, receiver) as found:
        assert found.flush(LONG)
        assert found.trouble == "one: answers 410"
    assert (outbox.given_up, outbox.delivered) == ({"a": "answers 410"}, ["b"])


def test_after_many_tries_a_message_is_given_up() -> None:
    outbox, receiver, clock = MemoryOutbox(), Receiver(says=[LATER]), Clock()
    outbox.put("a")
    with delivery(outbox, receiver, clock=clock) as found:
        for _ in range(MOST_ATTEMPTS):
            found.flush(LONG)
            clock.go(600)
    assert list(outbox.given_up) == ["a"]
    assert len(receiver.got) == MOST_ATTEMPTS


def test_a_receiver_that_fails_is_asked_once_in_a_round_and_harms_no_other() -> None:
    outbox, bad, good = MemoryOutbox(), Receiver("bad", says=[LATER]), Receiver("good")
    for number in range(6):
        outbox.put(str(number), "bad" if number % 2 else "good")
    with delivery(outbox, bad, good) as found:
        found.flush(LONG)
    assert (bad.got, good.got) == (["1"], ["0", "2", "4"])
    assert len(outbox.errors) == 3


def test_a_message_to_nobody_that_is_known_here_waits_for_who_knows_him() -> None:
    outbox, clock, pager = MemoryOutbox(), Clock(), Receiver("pager")
    outbox.put("a", "pager")
    with delivery(outbox, Receiver(), clock=clock) as found:
        assert not found.flush(LONG)
        assert found.trouble == "pager: this deploy.toml has no [[notify]] of that name"
    clock.go(2)
    with delivery(outbox, pager, clock=clock) as found:
        assert found.flush(LONG)
    assert pager.got == ["a"]


def test_a_receiver_that_raises_is_one_that_failed() -> None:
    outbox = MemoryOutbox()
    outbox.put("a")
    with delivery(outbox, Receiver(says=[ZeroDivisionError()])) as found:
        assert not found.flush(LONG)
        assert found.trouble == "one: ZeroDivisionError"


def test_one_that_hangs_blocks_nobody() -> None:
    outbox, receiver = MemoryOutbox(), Receiver(gate=threading.Event())
    outbox.put("a")
    with delivery(outbox, receiver) as found:
        found.start()
        assert receiver.entered.wait(LONG)
        began = time.monotonic()
        found.wake()
        assert not found.flush(0.05)
        found.close()
        assert time.monotonic() - began < LONG / 2
        assert outbox.delivered == []


def test_a_tracker_that_is_away_is_no_failure_of_a_deployment() -> None:
    outbox, receiver = MemoryOutbox(is_away=True), Receiver()
    outbox.put("a")
    with delivery(outbox, receiver) as found:
        assert not found.flush(LONG)
        assert found.trouble == "the tracker is away"
        outbox.is_away = False
        assert found.flush(LONG)
    assert receiver.got == ["a"]


def test_a_tracker_that_cannot_be_written_makes_no_second_message_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, receiver = MemoryOutbox(), Receiver()
    outbox.put("a")
    with delivery(outbox, receiver) as found:
        with monkeypatch.context() as full:
            full.setattr(outbox, "mark_delivered", _refuse)
            for _ in range(3):
                assert not found.flush(LONG)
            assert found.trouble == "the tracker is full"
        assert found.flush(LONG)
    assert (receiver.got, outbox.delivered) == (["a"], ["a"])


def _refuse(_row_id: str) -> None:
    raise EnvironmentFailedError("the tracker is full")


def test_what_one_process_has_left_the_next_one_sends() -> None:
    """Killed after it was sent and before that was written down: the receiver gets it twice, with one id."""
    outbox = MemoryOutbox()
    outbox.put("a")
    first = Receiver(gate=threading.Event())
    with delivery(outbox, first) as killed:
        killed.start()
        assert first.entered.wait(LONG)
        second = Receiver()
        with delivery(outbox, second) as found:
            assert found.flush(LONG)
    assert first.got == second.got == ["a"]


def test_without_a_start_nothing_is_sent() -> None:
    outbox, receiver = MemoryOutbox(), Receiver()
    outbox.put("a")
    with delivery(outbox, receiver) as found:
        found.wake()
    assert receiver.got == []


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 2), (1, 4), (8, 512), (9, 600), (10_000, 600)])
def test_the_pauses(attempts: int, seconds: float) -> None:
    assert pause_s(attempts) == seconds


def test_what_is_due_again_is_found_without_being_told() -> None:
    outbox, receiver = MemoryOutbox(), Receiver()
    found = Delivery(outbox, [receiver], now=Clock(), glance_s=0.01)
    try:
        assert found.flush(LONG)
        outbox.put("a")
        assert receiver.entered.wait(LONG)
    finally:
        found.close()
