from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_desks import NEW, OLD, Analyst, Desk, Killed
from deploy_engines import Engine
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.means import Manner
from migsafe.deploy.rollout import Pace, make_rollout
from migsafe.deploy.turn import RolloutTurnLostError, break_rollout_turn
from migsafe.deploy.verdict import Result, Verdict, Window
from migsafe.model.state import KnownRelease, RolloutStatus
from migsafe.tracker.deployments import DeploymentStatus, set_deployment
from migsafe.tracker.lease import LeaseLostError
from tracker_books import ME, Book, book_in, copy_of

WHOLE = [
    "stage 1.9.0",
    "shift 1.9.0 5",
    "shift 1.9.0 50",
    "shift 1.9.0 100",
    "promote 1.9.0",
    "retire 1.8.0",
]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Book:
    folder = tmp_path_factory.mktemp("books")
    return copy_of(book_in(folder).furnish(), folder / "empty.db")


@pytest.fixture
def book(empty: Book, tmp_path: Path) -> Book:
    return copy_of(empty, tmp_path / "tracker.db")


def fails_at(weight: int) -> Callable[[Window], Result]:
    return lambda window: Result.FAIL if window.weight == weight else Result.PASS


def test_the_whole_way(book: Book) -> None:
    desk = Desk(book)
    came = desk.run()
    assert came.status is DeploymentStatus.DONE
    assert desk.engine.orders == WHOLE
    assert [(one.kind, str(one.status), one.attempts) for one in desk.last().steps] == [
        (kind, "done", 1) for kind in ("soak", "stage", "shift", "shift", "shift", "promote", "bake", "retire")
    ]
    assert desk.standing() == {OLD: ("retired", 0), NEW: ("deployed", 100)}
    assert desk.now == 5 + 3 * 10 + 20, "each window lasts as long as it was planned"
    assert {(window.weight, window.candidate) for window in desk.analyst.windows} == {
        (0, None),
        (5, NEW),
        (50, NEW),
        (100, NEW),
    }


def test_what_is_said_of_a_release_is_said_before_it_gets_traffic(book: Book) -> None:
    desk = Desk(book)
    said = []

    def look(_: float) -> None:
        said.append((desk.engine.weight, desk.standing().get(NEW)))

    desk.on_sleep = look
    desk.run()
    assert (0, None) in said, "in the soak"
    for weight, standing in said:
        assert weight == 0 or standing == ("rolling", weight)


def test_a_failure_sends_the_traffic_back_at_once(book: Book) -> None:
    desk = Desk(book, analyst=Analyst(fails_at(5)))
    came = desk.run()
    assert (came.status, came.reason) == (DeploymentStatus.ABORTED, "errors: fail at 5 %")
    assert came.back_ms == 0
    assert desk.engine.orders == ["stage 1.9.0", "shift 1.9.0 5", "abort 1.8.0"]
    assert desk.now == 5, "no second was waited after the failure"
    assert desk.standing() == {OLD: ("deployed", 100), NEW: ("draining", 0)}, "it may still work for itself"
    assert [str(one.status) for one in desk.last().steps][:4] == ["done", "done", "failed", "planned"]


def test_a_running_version_that_is_unwell_is_left_alone(book: Book) -> None:
    desk = Desk(book, analyst=Analyst(fails_at(0)))
    assert desk.run().status is DeploymentStatus.ABORTED
    assert desk.engine.orders == ["abort 1.8.0"]
    assert desk.standing() == {OLD: ("deployed", 100)}


def test_while_baking_the_way_back_is_to_the_old_one(book: Book) -> None:
    desk = Desk(book, analyst=Analyst(lambda window: Result.FAIL if window.stable == NEW else Result.PASS))
    assert desk.run().status is DeploymentStatus.ABORTED
    assert desk.engine.orders[-2:] == ["promote 1.9.0", "abort 1.8.0"]
    assert (desk.engine.stable, desk.engine.weight) == (OLD, 0)
    assert desk.standing() == {OLD: ("deployed", 100), NEW: ("draining", 0)}


def test_what_nobody_can_tell_is_held_and_can_be_resumed(book: Book) -> None:
    desk = Desk(book, analyst=Analyst(lambda window: Result.INCONCLUSIVE if window.weight == 5 else Result.PASS))
    came = desk.run()
    assert (came.status, came.reason) == (DeploymentStatus.HELD, "errors: inconclusive at 5 %")
    assert desk.engine.weight == 5, "it stays where it is"
    desk.analyst = Analyst()
    assert desk.run().status is DeploymentStatus.DONE
    assert desk.engine.orders == WHOLE


def test_what_nobody_can_tell_goes_back_where_that_is_wanted(book: Book) -> None:
    desk = Desk(book, analyst=Analyst(lambda window: Result.INCONCLUSIVE if window.weight == 5 else Result.PASS))
    desk.manner = Manner(ready_within=30, look_every=1, judge_every=1, abort_when_unsure=True)
    assert desk.run().status is DeploymentStatus.ABORTED


def test_a_version_that_never_becomes_ready(book: Book) -> None:
    desk = Desk(book, engine=Engine(never_ready=NEW))
    came = desk.run()
    assert came.status is DeploymentStatus.ABORTED
    assert came.reason == "given up after 30 s: 1.9.0 is not ready yet (0 of 1)"
    assert desk.engine.orders == ["stage 1.9.0", "abort 1.8.0"]


def test_a_first_page_that_fails_is_seen_before_there_is_traffic(book: Book) -> None:
    desk = Desk(book, smoke=(Verdict(check="smoke", result=Result.FAIL, text="/ at x: status 500"),))
    came = desk.run()
    assert (came.status, came.reason) == (DeploymentStatus.ABORTED, "smoke: / at x: status 500")
    assert desk.engine.orders == ["stage 1.9.0", "abort 1.8.0"]


def test_an_engine_that_cannot_be_asked_past_is_no_reason_to_stop(book: Book) -> None:
    desk = Desk(book, smoke=(Verdict(check="smoke", result=Result.INCONCLUSIVE, text="not asked"),))
    assert desk.run().status is DeploymentStatus.DONE
    assert (desk.last().steps[1].note or "").endswith("not asked")


def test_a_candidate_that_dies_is_seen_though_no_check_sees_it(book: Book) -> None:
    desk = Desk(book)

    def die(now: float) -> None:
        if desk.engine.weight == 50:
            desk.engine.unready.add(NEW)

    desk.on_sleep = die
    came = desk.run()
    assert came.status is DeploymentStatus.ABORTED
    assert came.reason == "it was ready, and is not any more: 1.9.0 is not ready yet (0 of 1)"


def test_a_moment_of_not_being_ready_is_forgiven(book: Book) -> None:
    desk = Desk(book)

    def stumble(now: float) -> None:
        desk.engine.unready = {NEW} if now in {18, 19} else set()

    desk.on_sleep = stumble
    assert desk.run().status is DeploymentStatus.DONE


def test_an_engine_that_is_away_for_a_while_is_waited_for(book: Book) -> None:
    desk = Desk(book, engine=Engine(away=5))
    assert desk.run().status is DeploymentStatus.DONE
    assert desk.engine.orders == WHOLE


def test_an_engine_that_stays_away_is_held_and_nothing_is_pretended(book: Book) -> None:
    desk = Desk(book, engine=Engine(away=1000))
    came = desk.run()
    assert came.status is DeploymentStatus.HELD
    assert came.reason == "given up after 30 s: the engine cannot be reached: no answer"


def test_somebody_else_at_the_engine(book: Book) -> None:
    desk = Desk(book)

    def meddle(now: float) -> None:
        if desk.engine.weight == 50:
            desk.engine.weight = 77

    desk.on_sleep = meddle
    came = desk.run()
    assert came.status is DeploymentStatus.DRIFTED
    assert came.reason == "1.9.0 has 77 % of the traffic, where 5 % was left and 50 % is wanted"
    assert desk.engine.weight == 77, "nothing is done about it"
    assert desk.abort("it was me").status is DeploymentStatus.ABORTED


def test_what_the_engine_refuses_before_anything_moved_ends_the_rollout(book: Book) -> None:
    desk = Desk(book, engine=Engine(refuses="stage"))
    came = desk.run()
    assert (came.status, came.reason) == (DeploymentStatus.ABORTED, "stage makes no sense here")


def test_what_the_engine_refuses_later_is_held(book: Book) -> None:
    desk = Desk(book, engine=Engine(refuses="promote"))
    came = desk.run()
    assert (came.status, desk.engine.weight) == (DeploymentStatus.HELD, 100)


class _Choosy(Engine):
    """Refuses the second share; `dies`: because the version is gone since somebody looked."""

    dies = False

    def shift(self, version: str, weight: int) -> None:
        if weight == 50:
            if self.dies:
                self.unready.add(version)
            raise ProviderRefusedError(f"{version} gets no 50 %")
        super().shift(version, weight)


@pytest.mark.parametrize("dies", [True, False])
def test_a_version_that_dies_just_before_its_next_share_loses_the_one_that_it_has(book: Book, dies: bool) -> None:
    engine = _Choosy()
    engine.dies = dies
    came = Desk(book, engine=engine).run()
    status, weight = (DeploymentStatus.ABORTED, 0) if dies else (DeploymentStatus.HELD, 5)
    assert (came.status, engine.weight, came.reason) == (status, weight, "1.9.0 gets no 50 %")


def test_the_schema_has_a_word(book: Book) -> None:
    desk = Desk(book, answers={OLD: "yes", NEW: "no"})
    came = desk.run()
    assert (came.status, came.reason) == (
        DeploymentStatus.ABORTED,
        "1.9.0 does not work on the schema as it is now",
    )
    assert desk.engine.orders == ["abort 1.8.0"]


def test_stopped_by_a_person_it_stays_where_it_is(book: Book) -> None:
    desk = Desk(book)
    desk.on_sleep = lambda now: desk.stop.set() if now >= 20 else None
    came = desk.run()
    assert (came.status, desk.engine.weight) == (DeploymentStatus.PAUSED, 50)
    desk.stop.clear()
    desk.on_sleep = lambda now: None
    assert desk.run().status is DeploymentStatus.DONE
    assert desk.engine.orders == WHOLE


def test_going_back_waits_for_no_tracker(book: Book) -> None:
    """It is away from the moment of the failure on: the traffic goes back, and what was not written is said."""
    desk = Desk(book)

    def fail(window: Window) -> Result:
        desk.away = window.weight == 50
        return Result.FAIL if desk.away else Result.PASS

    desk.analyst = Analyst(fail)
    came = desk.run()
    assert (came.status, desk.engine.weight, desk.engine.stable) == (DeploymentStatus.ABORTED, 0, OLD)
    assert any("could not be written down: the tracker is away" in note for note in came.notes)
    assert desk.last().status is DeploymentStatus.RUNNING, "nobody has written that it is over"
    desk.analyst = Analyst()
    came = desk.run()
    assert (came.status, came.reason) == (
        DeploymentStatus.ABORTED,
        "all traffic is at 1.8.0 already: it was sent back",
    )
    assert desk.last().status is DeploymentStatus.ABORTED


def test_a_way_back_that_does_not_come_true_is_not_called_one(book: Book) -> None:
    class Stuck(Engine):
        def abort(self, stable: str) -> None:
            self.orders.append(f"abort {stable}")

    desk = Desk(book, engine=Stuck(), analyst=Analyst(fails_at(5)))
    came = desk.run()
    assert came.status is DeploymentStatus.ABORTING
    assert came.reason is not None
    assert "the traffic is not back at 1.8.0: the engine shows 1.8.0 95 %, 1.9.0 5 %" in came.reason
    assert desk.last().is_open


def test_the_traffic_is_back_before_the_tracker_is_told_why(book: Book) -> None:
    desk = Desk(book, analyst=Analyst(fails_at(50)))
    told: list[str] = []

    class Slow(Engine):
        def abort(self, stable: str) -> None:
            told.extend(str(one.status) for one in desk.last().steps)
            super().abort(stable)

    desk.engine = Slow()
    assert desk.run().status is DeploymentStatus.ABORTED
    assert "failed" not in told
    assert "failed" in [str(one.status) for one in desk.last().steps]


class Lasting(Engine):
    """Instances that do not end."""

    def retire(self, version: str) -> None:
        self._take("retire", version)


def test_an_old_version_that_does_not_end_is_no_reason_to_go_back_to_it(book: Book) -> None:
    desk = Desk(book, engine=Lasting())
    came = desk.run()
    assert (came.status, came.reason) == (
        DeploymentStatus.HELD,
        "given up after 30 s: the engine shows 1.9.0 100 %, 1.8.0 0 %",
    )
    assert desk.engine.orders == WHOLE
    assert desk.standing() == {OLD: ("draining", 0), NEW: ("deployed", 100)}


def test_an_old_version_that_has_ended_cannot_be_gone_back_to(book: Book) -> None:
    """And nothing is stuck by that: the rollout goes on to its end."""
    desk = Desk(book, engine=Engine(refuses="abort"), kill_after_order=len(WHOLE))
    with pytest.raises(Killed):
        desk.run()
    came = desk.abort()
    assert came.status is DeploymentStatus.HELD
    assert (came.reason or "").endswith("migsafe deploy resume, then migsafe rollback")
    assert desk.standing() == {OLD: ("draining", 0), NEW: ("deployed", 100)}
    assert desk.run().status is DeploymentStatus.DONE


def test_a_version_is_not_called_gone_before_it_is(book: Book) -> None:
    unsure = Analyst(lambda window: Result.INCONCLUSIVE if window.weight == 5 else Result.PASS)
    desk = Desk(book, engine=Lasting(), analyst=unsure)
    assert desk.run().status is DeploymentStatus.HELD
    with desk.coordinator() as coordinator:
        came = coordinator.go_back("by hand", retire=True)
    assert came.status is DeploymentStatus.ABORTED
    assert desk.standing()[NEW] == ("draining", 0)
    assert came.notes == [
        "1.9.0 has not ended: given up after 30 s: the engine shows 1.8.0 100 %, 1.9.0 0 %",
    ]


def test_what_an_earlier_rollout_left_behind_is_gone_when_one_version_is_alone(book: Book) -> None:
    with book.writing() as store:
        store.put_releases([KnownRelease("1.8.5")])
        store.mark("production", "1.8.5", RolloutStatus.DRAINING, source="deploy")
    desk = Desk(book)
    assert desk.run().status is DeploymentStatus.DONE
    assert desk.standing() == {OLD: ("retired", 0), "1.8.5": ("rolled_back", 0), NEW: ("deployed", 100)}


def test_a_first_version_has_no_way_back(book: Book) -> None:
    desk = Desk(book, engine=Engine(stable=None), rollout=make_rollout(None, NEW, (100,), Pace(step=10)))
    desk.answers = {NEW: "yes"}
    desk.analyst = Analyst(fails_at(100))
    came = desk.run()
    assert came.status is DeploymentStatus.HELD
    assert came.reason == (
        "errors: fail at 100 %; there is no version to go back to, and migsafe deploy abort --retire ends 1.9.0"
    )
    with desk.coordinator() as coordinator:
        assert coordinator.go_back("it is no good", retire=True).status is DeploymentStatus.ABORTED
    assert desk.engine.orders[-2:] == ["shift 1.9.0 0", "retire 1.9.0"]
    assert desk.standing() == {NEW: ("rolled_back", 0)}
    assert not desk.is_open, "the next one may begin"


def test_a_first_version_that_never_had_traffic_is_taken_away(book: Book) -> None:
    engine = Engine(stable=None, never_ready=NEW)
    desk = Desk(book, engine=engine, rollout=make_rollout(None, NEW, (100,), Pace(step=10)), answers={NEW: "yes"})
    assert desk.run().status is DeploymentStatus.ABORTED
    assert desk.engine.orders == ["stage 1.9.0", "retire 1.9.0"]
    assert desk.standing() == {NEW: ("rolled_back", 0)}


def test_a_first_version_that_is_promoted_is_not_taken_away(book: Book) -> None:
    rollout = make_rollout(None, NEW, (100,), Pace())
    desk = Desk(book, engine=Engine(stable=None), rollout=rollout, answers={NEW: "yes"}, kill_after_order=3)
    with pytest.raises(Killed):
        desk.run()
    with desk.coordinator() as coordinator:
        came = coordinator.go_back("it is no good", retire=True)
    assert (came.status, desk.engine.orders[-1]) == (DeploymentStatus.HELD, "promote 1.9.0")
    assert (came.reason or "").endswith("and migsafe deploy resume goes on")
    assert desk.run().status is DeploymentStatus.DONE


def test_a_rehearsal_goes_back_from_the_first_share(book: Book) -> None:
    desk = Desk(book, rehearsal=True)
    came = desk.run()
    assert came.status is DeploymentStatus.ABORTED
    assert desk.engine.orders == ["stage 1.9.0", "shift 1.9.0 5", "abort 1.8.0"]


def test_who_has_lost_the_turn_moves_nothing_more(book: Book) -> None:
    desk = Desk(book)

    def take_over(now: float) -> None:
        if now == 8:
            break_rollout_turn(desk.book.tracker, "production", ME, "it hangs")

    desk.on_sleep = take_over
    with pytest.raises((RolloutTurnLostError, LeaseLostError)):
        desk.run()
    assert desk.engine.orders == WHOLE[:2]


# -- killed


#: All of them by hand, in nox's `heavy-deploy`.
_EVERY = [pytest.param(5, marks=pytest.mark.long), pytest.param(1, marks=pytest.mark.endurance)]


@pytest.mark.parametrize("every", _EVERY)
def test_killed_after_a_write_it_goes_on_to_the_same_end(empty: Book, tmp_path: Path, every: int) -> None:
    undisturbed = Desk(copy_of(empty, tmp_path / "undisturbed.db"))
    undisturbed.run()
    assert undisturbed.writes > 16
    for write in range(1, undisturbed.writes, every):
        desk = Desk(copy_of(empty, tmp_path / f"{write}.db"), kill_at=write)
        with pytest.raises(Killed):
            desk.run()
        if desk.is_open:
            assert desk.run().status is DeploymentStatus.DONE, write
        assert desk.last().status is DeploymentStatus.DONE
        assert desk.engine.orders == WHOLE, f"killed after write {write}: told twice, or not at all"
        assert desk.standing() == undisturbed.standing()


@pytest.mark.parametrize("every", _EVERY)
def test_killed_on_the_way_back_after_a_write(empty: Book, tmp_path: Path, every: int) -> None:
    undisturbed = Desk(copy_of(empty, tmp_path / "undisturbed.db"), analyst=Analyst(fails_at(50)))
    assert undisturbed.run().status is DeploymentStatus.ABORTED
    for write in range(1, undisturbed.writes, every):
        desk = Desk(copy_of(empty, tmp_path / f"{write}.db"), analyst=Analyst(fails_at(50)), kill_at=write)
        with pytest.raises(Killed):
            desk.run()
        if desk.is_going_back:
            assert desk.abort().status is DeploymentStatus.ABORTED, write
        elif desk.is_open:
            assert desk.run().status is DeploymentStatus.ABORTED, write
        assert (desk.engine.stable, desk.engine.weight) == (OLD, 0)
        assert desk.standing() == undisturbed.standing()


def test_killed_right_behind_the_order_to_go_back(book: Book) -> None:
    desk = Desk(book, analyst=Analyst(fails_at(50)), kill_after_order=4)
    with pytest.raises(Killed):
        desk.run()
    assert desk.engine.orders[-1] == "abort 1.8.0"
    assert desk.run().status is DeploymentStatus.ABORTED
    assert desk.standing() == {OLD: ("deployed", 100), NEW: ("draining", 0)}


@pytest.mark.parametrize("order", range(1, len(WHOLE) + 1))
def test_killed_after_an_order_it_is_not_told_again(book: Book, order: int) -> None:
    desk = Desk(book, kill_after_order=order)
    with pytest.raises(Killed):
        desk.run()
    assert desk.run().status is DeploymentStatus.DONE
    assert desk.engine.orders == WHOLE


@pytest.mark.parametrize("weight", [5, 50])
def test_killed_behind_the_order_to_go_back_it_gives_no_share_again(book: Book, weight: int) -> None:
    desk = Desk(book, analyst=Analyst(fails_at(weight)), kill_after_order=3 if weight == 5 else 4)
    with pytest.raises(Killed):
        desk.run()
    assert desk.engine.orders[-1] == "abort 1.8.0"
    desk.analyst = Analyst()
    assert desk.run().status is DeploymentStatus.ABORTED
    assert desk.engine.orders.count(f"shift 1.9.0 {weight}") == 1


def test_what_was_sent_back_without_the_tracker_stays_there(book: Book) -> None:
    desk = Desk(book, analyst=Analyst(lambda window: Result.INCONCLUSIVE if window.weight == 5 else Result.PASS))
    assert desk.run().status is DeploymentStatus.HELD
    desk.engine.abort(OLD)
    desk.analyst = Analyst()
    came = desk.run()
    assert (came.status, came.reason) == (
        DeploymentStatus.ABORTED,
        "all traffic is at 1.8.0 already: it was sent back",
    )


def test_an_order_that_comes_true_behind_the_way_back_of_somebody_else_is_undone(book: Book) -> None:
    desk = Desk(book)

    class Late(Engine):
        def shift(self, version: str, weight: int) -> None:
            if weight == 50:
                break_rollout_turn(desk.book.tracker, "production", ME, "abort")
                assert desk.abort("by hand").status is DeploymentStatus.ABORTED
            super().shift(version, weight)

    desk.engine = Late()
    with pytest.raises((RolloutTurnLostError, LeaseLostError)):
        desk.run()
    assert desk.engine.orders[-2:] == ["shift 1.9.0 50", "abort 1.8.0"]
    assert (desk.engine.weight, desk.last().status) == (0, DeploymentStatus.ABORTED)


def test_what_was_set_by_hand_is_set_again_and_goes_on(book: Book) -> None:
    desk = Desk(book, analyst=Analyst(lambda window: Result.INCONCLUSIVE if window.weight == 5 else Result.PASS))
    assert desk.run().status is DeploymentStatus.HELD
    desk.engine.weight = 33
    desk.analyst = Analyst()
    assert desk.run().status is DeploymentStatus.DRIFTED
    with desk.coordinator() as coordinator:
        coordinator.reassert("it was a slip")
        assert coordinator.go_on().status is DeploymentStatus.DONE


def test_where_all_is_done_nothing_is_set_again(book: Book) -> None:
    whole = Desk(book)
    whole.run()
    with book.writing() as store:
        set_deployment(store, whole.last(), DeploymentStatus.RUNNING, fence=whole.last().fence)
    told = list(whole.engine.orders)
    with whole.coordinator() as coordinator:
        coordinator.reassert("to be sure")
        assert coordinator.go_on().status is DeploymentStatus.DONE
    assert whole.engine.orders == told
