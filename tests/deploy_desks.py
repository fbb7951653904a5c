"""A coordinator at work in a test: a tracker in a file, an engine that is a value, a clock that only sleeping moves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy_engines import Engine
from migsafe.deploy.coordinator import Coordinator
from migsafe.deploy.journal import Journal, Silence, planned_steps, rollout_of
from migsafe.deploy.means import Came, Manner, Means
from migsafe.deploy.rollout import Pace, Rollout, make_rollout, rehearsal_of
from migsafe.deploy.turn import take_rollout_turn
from migsafe.deploy.verdict import Result, Verdict, Window
from migsafe.model.state import KnownRelease, RolloutStatus
from migsafe.tracker.deployments import (
    Deployment,
    DeploymentStatus,
    NewDeployment,
    begin_deployment,
    last_deployment,
)
from migsafe.tracker.opening import Tracker
from tracker_books import ME, NOW, Book

if TYPE_CHECKING:
    from migsafe.deploy.decide import Answer
    from migsafe.deploy.provider import Provider
    from migsafe.tracker.store import Store

OLD, NEW = "1.8.0", "1.9.0"
ENV = "production"


class Killed(BaseException):
    """As SIGKILL: nothing that catches errors sees it."""


@dataclass
class Analyst:
    """Says of a window what a test wants said.

    Attributes:
        windows: that it was asked about.
    """

    say: Callable[[Window], Result] = lambda window: Result.PASS
    windows: list[Window] = field(default_factory=list)

    def begin(self) -> None:
        """Nothing is remembered."""

    def judge(self, window: Window) -> tuple[Verdict, ...]:
        """One verdict."""
        self.windows.append(window)
        result = self.say(window)
        return (Verdict(check="errors", result=result, text=f"{result} at {window.weight} %"),)


@dataclass
class Desk:
    """All that a rollout needs.

    Attributes:
        another: makes an engine's provider anew, as each process does; `engine` when None.
        kill_at: which write to the journal is the last thing that the process does; it has been committed.
        kill_after_order: which order to the engine is; it has come true.
        on_write: called before a write, with the number that it has.
        lose_answer_of: which write is committed, and fails for whoever wrote it.
        writes: how many there were.
    """

    book: Book
    engine: Engine = field(default_factory=Engine)
    another: Callable[[], Provider] | None = None
    rollout: Rollout = field(
        default_factory=lambda: make_rollout(OLD, NEW, (5, 50, 100), Pace(soak=5, step=10, bake=20))
    )
    analyst: Analyst = field(default_factory=Analyst)
    manner: Manner = field(default_factory=lambda: Manner(ready_within=30, look_every=1, judge_every=1, unready_for=3))
    smoke: tuple[Verdict, ...] = ()
    answers: dict[str, Answer] = field(default_factory=lambda: {OLD: "yes", NEW: "yes"})
    stop: threading.Event = field(default_factory=threading.Event)
    kill_at: int | None = None
    kill_after_order: int | None = None
    on_write: Callable[[int], None] = lambda number: None
    lose_answer_of: int | None = None
    writes: int = 0
    away: bool = False
    rehearsal: bool = False
    now: float = 0.0
    lines: list[str] = field(default_factory=list)
    on_sleep: Callable[[float], None] = lambda now: None

    def __post_init__(self) -> None:
        self.engine.after_order = self._ordered
        with self.book.writing() as store:
            assert self.rollout.stable is not None or self.engine.stable is None
            if self.rollout.stable is not None:
                store.put_releases([KnownRelease(self.rollout.stable), KnownRelease(self.rollout.candidate)])
                store.mark(ENV, self.rollout.stable, RolloutStatus.DEPLOYED)
        if self.rehearsal:
            self.rollout = rehearsal_of(self.rollout)

    def run(self) -> Came:
        """Begin, or go on."""
        with self.coordinator() as coordinator:
            return coordinator.go_on()

    def abort(self, why: str = "by hand") -> Came:
        """Go back."""
        with self.coordinator() as coordinator:
            return coordinator.go_back(why)

    @contextmanager
    def coordinator(self) -> Iterator[Coordinator]:
        """One that has the turn."""
        tracker = _Watched(self)
        turn = take_rollout_turn(tracker, ENV, ME, "test")
        try:
            journal = Journal(self._deployment(turn.fence), tracker, ME, turn, Silence())
            means = Means(
                provider=self.engine if self.another is None else self.another(),
                journal=journal,
                turn=turn,
                answers=lambda: self.answers,
                analyst=self.analyst,
                smoke=lambda version: self.smoke,
                stop=self.stop,
                say=self.lines.append,
                clock=lambda: self.now,
                sleep=self._sleep,
            )
            yield Coordinator(rollout_of(journal.deployment), means, self.manner)
        finally:
            self.away = False
            self.kill_at = None
            turn.close()

    def last(self) -> Deployment:
        """The rollout as the journal has it."""
        with self.book.tracker.reading() as ledger:
            found = last_deployment(ledger, ENV)
        assert found is not None
        return found

    @property
    def is_open(self) -> bool:
        """It has not come to its end, or has not begun."""
        with self.book.tracker.reading() as ledger:
            found = last_deployment(ledger, ENV)
        return found is None or found.is_open

    @property
    def is_going_back(self) -> bool:
        """The journal says that it is on its way back."""
        with self.book.tracker.reading() as ledger:
            found = last_deployment(ledger, ENV)
        return found is not None and found.status is DeploymentStatus.ABORTING

    def standing(self) -> Mapping[str, tuple[str, int | None]]:
        """How far releases have come."""
        rollouts = self.book.known().state.environment(ENV).rollouts  # type: ignore[union-attr]  # it is known
        return {one.release: (str(one.status), one.percent) for one in rollouts}

    def _deployment(self, fence: int) -> Deployment:
        with self.book.tracker.reading() as ledger:
            found = last_deployment(ledger, ENV)
        if found is not None and found.is_open:
            return found
        new = NewDeployment(
            environment=ENV, stable=self.rollout.stable, release=self.rollout.candidate, strategy="canary", plan={},
            provider="test",
            plan_sha="0" * 64, rehearsal=self.rehearsal, fence=fence, actor=ME.actor, host=ME.host,
            steps=planned_steps(self.rollout),
        )  # fmt: skip
        with self.book.writing() as store:
            return begin_deployment(store, new)

    def _ordered(self, number: int) -> None:
        if number == self.kill_after_order:
            self.kill_after_order = None
            raise Killed

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        self.on_sleep(self.now)


@dataclass(frozen=True, slots=True)
class _Watched(Tracker):
    """A tracker that counts what is committed, and can be away."""

    desk: Desk = field(kw_only=True)

    def __init__(self, desk: Desk) -> None:
        for name, value in (
            ("address", desk.book.address),
            ("environment", None),
            ("clock", lambda: NOW),
            ("seen", False),
            ("desk", desk),
        ):
            object.__setattr__(self, name, value)

    @contextmanager
    def writing(self, author: object, *, patience: int | None = None) -> Iterator[Store]:
        from migsafe.tracker.errors import TrackerAwayError

        self.desk.on_write(self.desk.writes + 1)
        if self.desk.away:
            raise TrackerAwayError("the tracker is away")
        with Tracker(self.address, clock=self.clock).writing(ME) as store:
            yield store
        self.desk.writes += 1
        if self.desk.writes == self.desk.lose_answer_of:
            self.desk.lose_answer_of = None
            raise TrackerAwayError("the connection to the tracker broke")
        if self.desk.writes == self.desk.kill_at:
            raise Killed
