"""The tracker is really cut off at a step's boundary, in a file and on a server, and comes back, or does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cuts import FILE, Database, File, Watch, watching
from deploy_desks import NEW, OLD, Analyst, Desk
from migsafe.deploy.means import Manner
from migsafe.deploy.rollout import Pace, make_rollout
from migsafe.deploy.verdict import Result
from migsafe.tracker.deployments import DeploymentStatus
from tracker_books import Book, book_in

if TYPE_CHECKING:
    from conftest import MakeDatabase

pytestmark = pytest.mark.long

ORDERS = ["stage 1.9.0", "shift 1.9.0 50", "shift 1.9.0 100", "promote 1.9.0", "retire 1.8.0"]


class Tracker:
    """One that can be cut off, and the coordinator that needs it."""

    def __init__(self, where: Database | File, book: Book) -> None:
        self.where = where
        self.desk = Desk(
            book.furnish(),
            rollout=make_rollout(OLD, NEW, (50, 100), Pace(step=5)),
            manner=Manner(look_every=1, judge_every=1, tracker_back_within=30),
        )
        self.is_away, self.went = False, 0.0

    def disturbed(self, *, back_after: float | None, done: bool = False) -> DeploymentStatus:
        """Run into a cut at the end of the first watched step.

        Args:
            back_after: seconds until it is there again; None where it never is.
            done: what was to be written has been committed, and the answer is lost.
        """
        ended: list[str] = []

        def meant(statement: str, name: str, is_done: bool) -> bool:
            if name == self.where.name and statement.startswith("UPDATE") and "deployment_step" in statement:
                ended.append(statement)
            # Each write of a step is one statement that is seen before and after: begin, end; begin, reach, end.
            at_the_end = name == self.where.name and statement == "COMMIT" and len(ended) >= 2 * 5
            return at_the_end and is_done is done

        with watching(Watch(meant, self._cut)) as watch:
            self.desk.on_sleep = self._bring_back_at(back_after)
            came = self.desk.run()
        assert watch.happened, "the moment never came"
        return came.status

    def _cut(self) -> None:
        self.is_away, self.went = True, self.desk.now
        self.where.cut_off()

    def _bring_back_at(self, back_after: float | None) -> Callable[[float], None]:
        def look(now: float) -> None:
            if self.is_away and back_after is not None and now >= self.went + back_after:
                self.is_away = False
                self.where.bring_back()

        return look


@pytest.fixture(params=[FILE, pytest.param("server", marks=pytest.mark.server)])
def tracker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tracker]:
    if request.param == FILE:
        book = book_in(tmp_path)
        assert book.address.file is not None
        made = Tracker(File(book.address.file), book)
    else:
        make: MakeDatabase = request.getfixturevalue("make_database")
        dsn = make("")
        made = Tracker(Database(dsn), Book("env:TRACKER", environ={"TRACKER": dsn}))
    yield made
    made.where.bring_back()


@pytest.mark.parametrize("done", [False, True])
def test_back_in_time_it_ends_as_if_nothing_had_been(tracker: Tracker, done: bool) -> None:
    assert tracker.disturbed(back_after=10, done=done) is DeploymentStatus.DONE
    assert tracker.desk.engine.orders == ORDERS
    assert [str(one.status) for one in tracker.desk.last().steps] == ["done"] * 5
    assert [one.attempts for one in tracker.desk.last().steps] == [1] * 5
    assert any(line.startswith("the tracker is back, after 1") for line in tracker.desk.lines)


def test_not_back_in_time_it_is_held_and_resumed(tracker: Tracker) -> None:
    assert tracker.disturbed(back_after=None) is DeploymentStatus.HELD
    assert tracker.desk.engine.weight == 50
    tracker.where.bring_back()
    tracker.desk.on_sleep = lambda now: None
    assert tracker.desk.run().status is DeploymentStatus.DONE
    assert tracker.desk.engine.orders == ORDERS


def test_a_version_that_fails_meanwhile_goes_back(tracker: Tracker) -> None:
    tracker.desk.analyst = Analyst(lambda window: Result.FAIL if tracker.is_away else Result.PASS)
    assert tracker.disturbed(back_after=None) is DeploymentStatus.ABORTED
    assert tracker.desk.engine.orders == ["stage 1.9.0", "shift 1.9.0 50", "abort 1.8.0"]
