"""The tracker is away or busy between two steps: the code is watched on, and nothing comes out of order."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_desks import NEW, OLD, Analyst, Desk
from deploy_engines import Engine
from migsafe.deploy.means import Manner
from migsafe.deploy.rollout import Pace, make_rollout
from migsafe.deploy.turn import RolloutTurnLostError, break_rollout_turn
from migsafe.deploy.verdict import Result, Window
from migsafe.tracker.deployments import DeploymentStatus
from migsafe.tracker.lease import LeaseLostError
from tracker_books import ME, Book, book_in, copy_of

MANNER = Manner(ready_within=30, look_every=1, judge_every=1, unready_for=3, tracker_back_within=60)
#: What is written to the tracker, in its order.
WRITES = (
    "turn", "begin stage", "end stage", "begin 50", "reach 50", "end 50", "begin 100", "reach 100", "end 100",
    "begin promote", "end promote", "begin retire", "end retire", "done",
)  # fmt: skip
ORDERS = ["stage 1.9.0", "shift 1.9.0 50", "shift 1.9.0 100", "promote 1.9.0", "retire 1.8.0"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return book_in(tmp_path_factory.mktemp("books")).furnish()


@pytest.fixture(scope="module")
def undisturbed(empty: Book, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """It has gone the whole way."""
    desk = desk_on(copy_of(empty, tmp_path_factory.mktemp("undisturbed") / "tracker.db"))
    desk.run()
    return desk


@pytest.fixture
def desk(empty: Book, tmp_path: Path) -> Desk:
    return desk_on(copy_of(empty, tmp_path / "tracker.db"))


def desk_on(book: Book) -> Desk:
    return Desk(book, rollout=make_rollout(OLD, NEW, (50, 100), Pace(step=10)), manner=MANNER)


def number_of(write: str) -> int:
    return WRITES.index(write) + 1


class Away:
    """The tracker is away from one of `WRITES` on, for so many seconds.

    Attributes:
        since: when it went; None before.
    """

    def __init__(self, desk: Desk, write: str, seconds: float = 20) -> None:
        self.since: float | None = None
        self._desk = desk
        self._seconds = seconds
        desk.on_write = lambda number: self._go() if number == number_of(write) else None
        desk.on_sleep = self._look

    def _go(self) -> None:
        if self.since is None:
            self.since, self._desk.away = self._desk.now, True

    def is_over(self, seconds: float) -> bool:
        """It has been away for so long."""
        return self.since is not None and self._desk.now >= self.since + seconds

    def _look(self, now: float) -> None:
        if self.since is not None and now >= self.since + self._seconds:
            self._desk.away = False


def told(desk: Desk) -> list[tuple[str, str, int]]:
    return [(one.kind, str(one.status), one.attempts) for one in desk.last().steps]


def events(desk: Desk) -> list[str]:
    with desk.book.tracker.reading() as ledger:
        return [f"{one.kind} {one.subject} {one.detail}" for one in ledger.events()]


@pytest.mark.parametrize("write", ["begin 50", "reach 50", "end 50", "end promote", "begin retire", "done"])
def test_back_in_time_it_ends_as_if_nothing_had_been(desk: Desk, undisturbed: Desk, write: str) -> None:
    away = Away(desk, write)
    assert desk.run().status is DeploymentStatus.DONE
    assert away.since is not None, "the moment never came"
    assert desk.engine.orders == ORDERS
    assert told(desk) == told(undisturbed)
    assert desk.standing() == undisturbed.standing()
    assert len(events(desk)) == len(events(undisturbed)), "nothing is said twice"
    assert desk.lines.count("the tracker is back, after 20 s") == 1
    assert any("the tracker is away: it is waited for, up to 1 min 00 s" in line for line in desk.lines)


def test_while_it_is_away_a_version_that_fails_goes_back(desk: Desk) -> None:
    away = Away(desk, "end 50", seconds=1000)  # 50 % are watched to their end, and that cannot be written down
    desk.analyst = Analyst(lambda window: Result.FAIL if away.is_over(5) else Result.PASS)
    came = desk.run()
    assert (came.status, came.reason) == (DeploymentStatus.ABORTED, "errors: fail at 50 %")
    assert desk.engine.orders == ["stage 1.9.0", "shift 1.9.0 50", "abort 1.8.0"]
    assert any("could not be written down: the tracker is away" in note for note in came.notes)
    assert away.since is not None
    assert desk.now == away.since + 5, "no second was waited after the failure"


def test_while_it_is_away_a_promoted_version_that_fails_goes_back(desk: Desk) -> None:
    away = Away(desk, "end promote", seconds=1000)  # promoted, and that cannot be written down
    desk.analyst = Analyst(lambda window: Result.FAIL if away.is_over(1) and window.stable == NEW else Result.PASS)
    assert desk.run().status is DeploymentStatus.ABORTED
    assert desk.engine.orders[-2:] == ["promote 1.9.0", "abort 1.8.0"]


def test_while_it_is_away_a_version_that_dies_goes_back(desk: Desk) -> None:
    away = Away(desk, "end 50", seconds=1000)
    look = desk.on_sleep

    def die(now: float) -> None:
        look(now)
        if away.is_over(10) and desk.away:
            desk.engine.unready.add(NEW)

    desk.on_sleep = die
    came = desk.run()
    assert came.status is DeploymentStatus.ABORTED
    assert came.reason == "it was ready, and is not any more: 1.9.0 is not ready yet (0 of 1)"


def test_what_nobody_can_tell_is_no_failure_while_it_is_away(desk: Desk) -> None:
    Away(desk, "end 50")
    desk.analyst = Analyst(lambda window: Result.INCONCLUSIVE if desk.away else Result.PASS)
    assert desk.run().status is DeploymentStatus.DONE


def test_an_engine_that_is_away_too_is_looked_at_later(desk: Desk) -> None:
    away = Away(desk, "end 50")
    desk.analyst = Analyst(lambda window: Result.PASS)
    look = desk.on_sleep

    def go_too(now: float) -> None:
        look(now)
        if away.is_over(2) and not desk.engine.away and desk.away:
            desk.engine.away = 5

    desk.on_sleep = go_too
    assert desk.run().status is DeploymentStatus.DONE


def test_not_back_in_time_it_is_held_as_it_is_and_can_be_resumed(desk: Desk) -> None:
    Away(desk, "end 50", seconds=1000)
    came = desk.run()
    assert came.status is DeploymentStatus.HELD
    assert came.reason == "the tracker was not back within 1 min 00 s: the tracker is away"
    assert came.notes == [
        "1.8.0 50 %, 1.9.0 50 %: it stays so, and nobody watches it any more",
        "migsafe deploy resume --env production goes on when the tracker is back; "
        "migsafe deploy abort --env production --reason WHY --to 1.8.0 goes back without it",
        "“held” could not be written down: the tracker is away",
    ]
    assert desk.engine.weight == 50
    assert desk.last().status is DeploymentStatus.RUNNING
    desk.on_write, desk.on_sleep = lambda number: None, lambda now: None
    assert desk.run().status is DeploymentStatus.DONE
    assert desk.engine.orders == ORDERS


def test_not_back_in_time_it_goes_back_where_that_is_wanted(desk: Desk) -> None:
    desk.manner = Manner(look_every=1, judge_every=1, tracker_back_within=60, abort_when_unsure=True)
    Away(desk, "end 50", seconds=1000)
    came = desk.run()
    assert (came.status, desk.engine.weight) == (DeploymentStatus.ABORTED, 0)
    assert (came.reason or "").startswith("the tracker was not back within 1 min 00 s")


def test_once_the_old_version_has_ended_nothing_goes_back(desk: Desk) -> None:
    """Whatever the checks say, and whatever is wanted where nobody can tell."""
    desk.manner = Manner(look_every=1, judge_every=1, tracker_back_within=60, abort_when_unsure=True)
    away = Away(desk, "end retire", seconds=1000)
    desk.analyst = Analyst(lambda window: Result.FAIL if away.is_over(0) else Result.PASS)
    came = desk.run()
    assert (came.status, desk.engine.orders) == (DeploymentStatus.HELD, ORDERS)
    assert came.notes[1] == "migsafe deploy resume --env production goes on when the tracker is back"


def test_stopped_by_a_person_while_it_is_away(desk: Desk) -> None:
    Away(desk, "end 50", seconds=1000)
    desk.analyst = Analyst(lambda window: desk.stop.set() or Result.PASS if desk.away else Result.PASS)  # type: ignore[func-returns-value]  # set, and then a result
    assert desk.run().status is DeploymentStatus.PAUSED


def test_who_has_lost_the_turn_meanwhile_stops_and_says_so(desk: Desk) -> None:
    away = Away(desk, "end 50")
    look = desk.on_sleep

    def take_over(now: float) -> None:
        look(now)
        if away.since is not None and now == away.since + 10 and desk.away:
            desk.away = False
            break_rollout_turn(desk.book.tracker, "production", ME, "it hangs")

    desk.on_sleep = take_over
    with pytest.raises((RolloutTurnLostError, LeaseLostError)) as lost:
        desk.run()
    assert "was broken: nothing more is done" in lost.value.message
    assert desk.engine.orders == ORDERS[:2]


@pytest.mark.parametrize("write", ["begin 50", "reach 50", "end 50", "end retire", "done"])
def test_an_answer_that_is_lost_is_no_reason_to_write_it_twice(desk: Desk, undisturbed: Desk, write: str) -> None:
    """It has been committed, and the connection broke behind that."""
    desk.lose_answer_of = number_of(write)
    assert desk.run().status is DeploymentStatus.DONE
    assert desk.lose_answer_of is None, "the moment never came"
    assert events(desk) == events(undisturbed)
    assert desk.engine.orders == ORDERS


def test_traffic_that_somebody_has_sent_back_meanwhile_stays_there(desk: Desk) -> None:
    away = Away(desk, "end 50")
    look = desk.on_sleep

    def send_back(now: float) -> None:
        look(now)
        if away.is_over(10) and desk.away:
            desk.engine.abort(OLD)

    desk.on_sleep = send_back
    came = desk.run()
    assert (came.status, desk.engine.weight) == (DeploymentStatus.ABORTED, 0)
    assert desk.engine.orders.count("shift 1.9.0 50") == 1


def test_a_first_version_that_fails_while_it_is_away_is_held(empty: Book, tmp_path: Path) -> None:
    book = copy_of(empty, tmp_path / "tracker.db")
    desk = Desk(book, engine=Engine(stable=None), rollout=make_rollout(None, NEW, (100,), Pace(step=10)), manner=MANNER)
    desk.answers = {NEW: "yes"}
    away = Away(desk, "end 50", seconds=1000)
    desk.analyst = Analyst(lambda window: Result.FAIL if away.is_over(0) else Result.PASS)
    came = desk.run()
    assert (came.status, desk.engine.weight) == (DeploymentStatus.HELD, 100)
    assert "there is no version to go back to" in (came.reason or "")


def test_what_is_watched_is_what_the_engine_shows(desk: Desk) -> None:
    windows: list[Window] = []
    Away(desk, "begin 100")

    def keep(window: Window) -> Result:
        if desk.away:
            windows.append(window)
        return Result.PASS

    desk.analyst = Analyst(keep)
    desk.run()
    assert {(one.stable, one.candidate, one.weight, one.over) for one in windows} == {(OLD, NEW, 50, False)}
    assert len(windows) == 20


def test_a_tracker_that_is_known_to_be_away_is_not_asked_before_it_has_answered(desk: Desk) -> None:
    """To connect may take long, and nobody would watch meanwhile."""
    asked: list[int] = []
    desk.on_write = asked.append
    with desk.coordinator() as coordinator:
        heart = coordinator._turn._heart
        heart._is_heard = False
        asked.clear()
        desk.on_sleep = lambda now: asked.append(0)
        assert coordinator.go_on().status is DeploymentStatus.DONE
    assert asked[0] == 0, "a second was waited before anything was written"
    assert desk.lines[0] == "the tracker does not answer: it is waited for, up to 1 min 00 s; the code is watched on"
    assert desk.lines[1] == "the tracker is back, after 1.0 s"
