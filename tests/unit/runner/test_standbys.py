"""Which moment is good enough for a lock that standbys take too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.errors import EnvironmentFailedError
from migsafe.runner import standbys
from migsafe.runner.patience import Sight, Way
from migsafe.runner.standbys import Readers, Standbys, judge_readers, tolerated
from preflight_cases import backend

if TYPE_CHECKING:
    from migsafe.postgres.live_rows import Backend

LIMIT = 1.0
TABLES = ("public.orders",)


def judged(*found: Backend, waited: float = 0.0, limit: float = LIMIT) -> Sight:
    return judge_readers((Readers("ro1"), Readers("ro2", found)), TABLES, waited, limit)


@pytest.mark.parametrize(
    ("waited", "limit", "expected"),
    [
        (0.0, 1.0, 0.0),
        (9.99, 1.0, 0.0),
        (10.0, 1.0, 0.1),
        (19.99, 1.0, 0.1),
        (20.0, 1.0, 1.0),
        (1800.0, 1.0, 1.0),
        (10.0, 0.0, 0.0),
    ],
)
def test_at_first_nobody_is_let_be_and_later_the_young(waited: float, limit: float, expected: float) -> None:
    assert tolerated(waited, limit) == expected


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 10))
def test_nobody_is_let_be_who_is_older_than_the_limit_and_patience_only_grows(
    one: float, other: float, limit: float
) -> None:
    sooner, later = sorted((one, other))
    assert tolerated(sooner, limit) <= tolerated(later, limit) <= limit


def test_where_nobody_reads_it_is_free() -> None:
    assert judged() == Sight()


@pytest.mark.parametrize("age", [0.0, 0.001, None])
def test_who_has_only_just_begun_is_in_the_way_too(age: float | None) -> None:
    """A report of ten minutes was a millisecond old once; who has no transaction yet is about to have one."""
    assert judged(backend(age=age)).way is Way.HELD


@pytest.mark.parametrize(
    ("age", "waited", "way"),
    [(0.05, 10.0, Way.FREE), (0.1, 10.0, Way.HELD), (0.9, 20.0, Way.FREE), (1.0, 20.0, Way.HELD)],
)
def test_after_the_choosy_time_the_young_are_let_be(age: float, waited: float, way: Way) -> None:
    assert judged(backend(age=age), waited=waited).way is way


def test_for_whom_replay_will_wait_is_said() -> None:
    sight = judged(backend(8, age=0.5, query="select total from orders where state = 'open'"), waited=20.0)
    assert sight.warning == (
        "ro2 was not free of readers of public.orders for 20 s, and replay may have waited for "
        "pid 8: app@web, idle in transaction, 0.5 s old: select total from orders where state = '…'"
    ), sight.warning
    assert not judged(waited=20.0).warning


def test_who_is_in_the_way_is_named_and_looked_for_again_soon() -> None:
    sight = judged(backend(8, age=4.0, query="select sum(total) from orders"), backend(9, age=0.001))
    assert sight.text.startswith("ro2: 2 transactions for up to 4.0 s on public.orders: replay would wait")
    assert "pid 8: app@web, idle in transaction, 4.0 s old: select sum(total) from orders (and 1 more)" in sight.text
    assert sight.again == 0.05


def test_who_is_of_no_known_age_hides_nobodys() -> None:
    sight = judged(backend(8, age=4.0), backend(9, age=None), backend(10, age=None, hidden=True))
    assert "3 transactions for up to 4.0 s" in sight.text
    assert "pid 8: app@web" in sight.text


def test_only_the_old_are_in_the_way_once_the_young_are_let_be() -> None:
    sight = judged(backend(8, age=4.0), backend(9, age=0.001), waited=20.0)
    assert "1 transaction for up to 4.0 s" in sight.text


@pytest.mark.parametrize(("age", "waited", "brief"), [(0.1, 0.0, True), (0.1, 1.0, False), (1.0, 0.0, False)])
def test_short_reads_are_worth_no_line(age: float, waited: float, brief: bool) -> None:
    assert judged(backend(age=age), waited=waited).brief is brief


def test_short_reads_by_turns_are_one_cause_and_each_long_one_is_another() -> None:
    assert judged(backend(7, age=0.1)).about == judged(backend(8, age=0.1)).about
    assert judged(backend(7, age=5.0)).about == judged(backend(7, age=6.0)).about != judged(backend(8, age=6.0)).about


def test_a_standby_that_cannot_be_asked_may_have_readers_however_long_that_goes_on() -> None:
    sight = judge_readers((Readers("ro1"), Readers("ro2", failure="refused")), TABLES, 900.0, LIMIT)
    assert (sight.way, sight.text) == (Way.HELD, "the replica ro2 cannot be asked: refused")
    assert sight.again is None, "that takes longer"


class Wire:
    """Connections that are counted, and that can be cut."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.cut: set[int] = set()
        self.closed: list[int] = []
        self.refuses = False
        self.opened = 0
        patch.setattr(standbys, "open_live", self._open)
        patch.setattr(standbys, "readers_of", self._ask)

    def _open(self, dsn: str) -> _Session:
        if self.refuses:
            raise EnvironmentFailedError("nobody listens")
        self.opened += 1
        return _Session(self, self.opened)

    def _ask(self, session: _Session, relations: object) -> tuple[()]:
        if session.number in self.cut:
            raise EnvironmentFailedError("the connection is lost")
        return ()


class _Session:
    def __init__(self, wire: Wire, number: int) -> None:
        self._wire, self.number = wire, number

    def close(self) -> None:
        self._wire.closed.append(self.number)


def test_a_connection_is_kept_and_opened_anew_when_it_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    wire, asked = Wire(monkeypatch), Standbys(["dbname=shop host=ro"])
    for _ in range(3):
        (one,) = asked.readers([1])
        assert one.failure is None
    assert asked.opened == 1
    wire.cut.add(1)
    (one,) = asked.readers([1])
    assert one.failure is None
    assert (asked.opened, wire.closed) == (2, [1])
    asked.close()
    assert wire.closed == [1, 2]


def test_what_stays_away_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    wire, asked = Wire(monkeypatch), Standbys(["dbname=shop host=ro"])
    wire.refuses = True
    (one,) = asked.readers([1])
    assert one.failure == "nobody listens"
    assert (asked.opened, wire.closed) == (0, [])
