"""The patience of a run while it goes on: what it waits for, what it says, and what counts as a try."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from migsafe.postgres.connection import StatementFailedError
from migsafe.runner.outcome import StepRefusedError
from migsafe.runner.pace import PaceOptions, RunPace
from migsafe.runner.patience import Budget, Sight, Way
from migsafe.runner.pieces import Piece, pieces_of
from migsafe.runner.standbys import StandbyReadError
from preflight_cases import read_sql

if TYPE_CHECKING:
    from migsafe.model.statement import Statement

(PIECE,) = pieces_of(read_sql("alter table users add a int")[1])
READ = Sight(Way.HELD, "ro: pid 7 reads public.users", about="ro 7", again=0.05)
BRIEF = Sight(Way.HELD, "ro: pid 9 reads public.users", about="ro", again=0.05, brief=True)


@dataclass
class Scene:
    """What is seen at each look, a clock that only sleep moves, and what is said."""

    sights: list[Sight] = field(default_factory=list)
    last: Sight | str = ""
    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def look(self, piece: Piece) -> Sight:
        return self.sights.pop(0) if self.sights else Sight()

    def is_strong(self, piece: Piece) -> bool:
        return True

    def last_look(self, piece: Piece, statement: Statement | None = None) -> str:
        if isinstance(self.last, Sight):
            raise StandbyReadError(self.last)
        return self.last

    def sent(self, piece: Piece, statement: Statement) -> None:
        """Nothing is to be sent."""

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def pace(self, **budget: float) -> RunPace:
        options = PaceOptions(budget=Budget(**budget))
        return RunPace(options, self.said.append, self, clock=lambda: self.now, sleep=self.sleep, jitter=lambda: 1.0)


def test_who_reads_on_a_standby_is_looked_for_again_soon_and_said_once() -> None:
    scene = Scene([READ, READ, READ])
    scene.pace().before(PIECE)
    assert scene.slept == [0.05, 0.05, 0.05]
    assert scene.said == ["waiting: ro: pid 7 reads public.users"]


def test_what_ends_in_a_moment_is_waited_for_without_a_word() -> None:
    scene = Scene([BRIEF, BRIEF])
    scene.pace().before(PIECE)
    assert (len(scene.slept), scene.said) == (2, [])


def test_a_moment_that_has_passed_is_no_try_and_costs_no_pause() -> None:
    scene = Scene(last=READ)
    pace = scene.pace()
    for _ in range(50):
        pace.before(PIECE)
        with pytest.raises(StandbyReadError):
            pace.last_look(PIECE, PIECE.statements[0])
        pace.passed(READ)
    assert scene.slept == []
    pace.before(PIECE)
    pace.failed(PIECE, StatementFailedError("lock timeout", sqlstate="55P03"))
    pace.before(PIECE)
    assert scene.slept == [1.0], "the first pause: there was one try before"


def test_moments_that_pass_do_not_make_it_last_for_longer() -> None:
    scene = Scene([READ] * 100, last=READ)
    pace = scene.pace(whole=3.0)

    def keep_trying() -> None:
        while True:
            pace.before(PIECE)
            pace.passed(READ)

    with pytest.raises(StepRefusedError, match=r"given up after 3\.0 s, never tried: ro: pid 7 reads"):
        keep_trying()


def test_for_whom_replay_waits_is_said_when_the_piece_has_ended() -> None:
    scene = Scene(last="ro was not free")
    pace = scene.pace()
    pace.before(PIECE)
    pace.last_look(PIECE, PIECE.statements[0])
    assert scene.said == [], "a terminal may be slow, and the lock is about to be taken"
    pace.succeeded()
    assert scene.said == ["warning: ro was not free"]
    assert pace.take_notes() == ("ro was not free",)
    assert pace.take_notes() == ()


def test_of_a_moment_that_has_passed_nothing_is_said() -> None:
    scene = Scene(last="ro was not free")
    pace = scene.pace()
    pace.before(PIECE)
    pace.last_look(PIECE)
    pace.passed(READ)
    scene.last = ""
    pace.before(PIECE)
    pace.last_look(PIECE)
    pace.succeeded()
    assert (scene.said, pace.take_notes()) == ([], ())


def test_who_was_there_at_the_last_look_is_why_it_is_given_up() -> None:
    scene = Scene()
    pace = scene.pace(whole=2.0)
    pace.before(PIECE)
    pace.passed(READ)
    scene.now = 1.0
    with pytest.raises(StepRefusedError, match="never tried: ro: pid 7 reads"):
        pace.before(PIECE)
