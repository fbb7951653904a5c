"""What the store writes, what it refuses, and the events that go with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangeKind
from migsafe.model.state import (
    Change,
    ChangeState,
    Check,
    Environment,
    KnownRelease,
    RolloutStatus,
    StepStatus,
    Target,
    TargetName,
)
from migsafe.tracker import tables as t
from migsafe.tracker.errors import TrackerBusyError, TrackerRefusedError, UnknownNameError
from migsafe.tracker.events import prove
from migsafe.tracker.facts import StepFacts
from tracker_books import MAIN, NOW, Book, book_in, ran, step

if TYPE_CHECKING:
    from pathlib import Path

S = StepStatus


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_in(tmp_path).furnish()


def mark(book: Book, release: str, status: str, **facts: object) -> bool:
    with book.writing() as store:
        return store.mark("production", release, RolloutStatus(status), **facts).changed  # type: ignore[arg-type]


def record(book: Book, facts: StepFacts, status: StepStatus = S.DONE, **more: str) -> bool:
    with book.writing() as store:
        return store.record(facts, ran(status, **more)).changed  # type: ignore[arg-type]


def statuses(book: Book) -> dict[str, str]:
    return {one.label: run.status.value for one in book.known().state.steps for run in one.runs}


def test_the_same_again_writes_nothing(book: Book) -> None:
    assert mark(book, "1.8.0", "deployed")
    assert record(book, step("002"))
    before = book.kinds()
    assert not mark(book, "1.8.0", "deployed")
    assert not record(book, step("002"))
    assert book.kinds() == before


def test_each_change_has_its_event_and_the_chain_holds(book: Book) -> None:
    mark(book, "1.8.0", "rolling", percent=20, source="argo", reason="window")
    mark(book, "1.8.0", "deployed")
    with book.tracker.reading() as ledger:
        events = list(ledger.events())
        prove(events)
    first, last = events[-2:]
    assert (first.kind, first.subject, first.environment, first.actor) == (
        "rollout", "production 1.8.0", "production", "mira",
    )  # fmt: skip
    assert (first.facts["reason"], first.facts["to"]["percent"], first.facts["to"]["source"]) == ("window", 20, "argo")
    assert (last.facts["from"]["status"], last.facts["to"]["status"]) == ("rolling", "deployed")


def test_what_cannot_follow_is_refused_and_nothing_is_written(book: Book) -> None:
    mark(book, "1.8.0", "retired")
    record(book, step("002"))
    before = book.known()
    with pytest.raises(TrackerRefusedError):
        mark(book, "1.8.0", "draining")
    with pytest.raises(TrackerRefusedError, match="002 on production/main is done, and cannot become failed"):
        record(book, step("002"), S.FAILED)
    assert book.known() == before


def test_only_what_has_happened_is_recorded(book: Book) -> None:
    mark(book, "1.8.0", "rolling", at=NOW)
    mark(book, "1.8.0", "deployed", at=NOW + timedelta(seconds=50))  # clocks differ
    with pytest.raises(TrackerRefusedError, match="yet to come"):
        mark(book, "1.9.0", "rolling", at=NOW + timedelta(hours=1))
    with pytest.raises(TrackerRefusedError, match="--at is before that"):
        mark(book, "1.8.0", "retired", at=NOW - timedelta(hours=1))


def test_a_machine_whose_clock_is_behind_speaks_later_all_the_same(book: Book) -> None:
    mark(book, "1.8.0", "rolling", at=NOW + timedelta(seconds=20))
    mark(book, "1.8.0", "deployed")
    rollout = book.known().state.environment("production").rollout("1.8.0")  # type: ignore[union-attr]  # it is known
    assert rollout is not None
    assert (str(rollout.status), rollout.full_at) == ("deployed", NOW + timedelta(seconds=20))


def test_one_refused_fact_takes_the_whole_transaction_with_it(book: Book) -> None:
    before = book.known()

    def record_both() -> None:
        with book.writing() as store:
            store.record(step("001"), ran())
            store.record(step("002"), ran(S.REVERTED))

    with pytest.raises(TrackerRefusedError):
        record_both()
    assert book.known() == before


def test_attempts_follow_each_other_and_the_last_counts(book: Book) -> None:
    for status in (S.FAILED, S.DONE, S.REVERTED, S.DONE):
        record(book, step("002"), status)
    assert statuses(book) == {"002": "done"}
    with book.tracker.reading() as ledger:
        attempts = [row.attempt for row in ledger.rows(sa.select(t.run.c.attempt).order_by(t.run.c.attempt))]
    assert attempts == [1, 2, 3, 4]


def test_a_step_is_told_more_of_as_it_becomes_known(book: Book) -> None:
    """Alembic's hook knows a revision by its name; the project, later, its phase and its change."""
    record(book, StepFacts(migration="002"))
    assert [one.label for one in book.known().unphased] == ["002"]
    assert record(book, step("002"))
    known = book.known()
    assert known.unphased == ()
    assert [(one.phase, one.change, one.release) for one in known.state.steps] == [(Phase.EXPAND, "users", "1.8.0")]
    assert not record(book, StepFacts(migration="002")), "what is not said takes nothing away"
    assert len(book.known().state.steps) == 1


def test_two_changes_may_have_steps_of_one_name(book: Book) -> None:
    with book.writing() as store:
        for change in ("users", "orders"):
            store.record(StepFacts(name="backfill", change=change, phase=Phase.MIGRATE), ran())
    assert {(one.name, one.change) for one in book.known().state.steps} == {
        ("backfill", "users"),
        ("backfill", "orders"),
    }


def test_a_change_is_closed_by_its_contract_and_opened_again_by_its_reversal(book: Book) -> None:
    def state() -> ChangeState:
        (change,) = book.known().state.changes
        return change.state

    record(book, step("002"))
    assert state() is ChangeState.OPEN
    drop = step("004", Phase.CONTRACT, release="1.9.0")
    record(book, drop, floor="1.8.0")
    assert state() is ChangeState.CLOSED
    record(book, drop, S.REVERTED)
    assert state() is ChangeState.OPEN


def test_what_is_purged_is_out_of_its_quarantine(book: Book) -> None:
    """Two migrations, one for each half: the first one stays as it ended."""
    hide = replace(step("004", Phase.CONTRACT), part=Part.QUARANTINE)
    drop = replace(step("005", Phase.CONTRACT), part=Part.PURGE)
    record(book, hide, S.QUARANTINED, floor="1.9.0")
    with book.writing() as store:
        store.describe(drop)
        assert store.names.contract_is_over("users", [S.DONE, S.PURGED]) is False
    record(book, drop, S.PURGED, floor="1.9.0")
    (change,) = book.known().state.changes
    assert change.state is ChangeState.CLOSED


def test_a_change_waits_for_every_protected_database(book: Book) -> None:
    with book.writing() as store:
        store.put_target("production", Target(name="eu", dialect=Dialect.POSTGRES))
        store.put_environment(Environment(name="dev", protected=False))
        store.put_target("dev", Target(name="main", dialect=Dialect.POSTGRES))
        drop = step("004", Phase.CONTRACT)
        store.record(drop, ran())
        assert store.names.contract_is_over("users", [S.DONE]) is False
        store.record(drop, ran(where=TargetName("production", "eu")))
        assert store.names.contract_is_over("users", [S.DONE]) is True


def test_a_contract_raises_the_floor_and_never_lowers_it(book: Book) -> None:
    record(book, step("004", Phase.CONTRACT), floor="1.9.0")
    assert book.known().compatibility[MAIN].floor == "1.9.0"
    record(book, step("005", Phase.CONTRACT), floor="1.8.0")
    assert book.known().compatibility[MAIN].floor == "1.9.0"


def test_a_contract_of_which_nobody_says_the_floor_leaves_it_in_doubt_until_somebody_does(book: Book) -> None:
    drop = step("004", Phase.CONTRACT)
    record(book, drop)
    doubt = book.known().compatibility[MAIN].doubt
    assert doubt is not None
    assert doubt.startswith("004 took something away")
    assert record(book, drop, floor="1.8.0")
    assert book.known().compatibility[MAIN].doubt is None
    assert not record(book, drop), "said again without a floor, it is no news"
    assert book.known().compatibility[MAIN].doubt is None


def test_a_check_is_written_each_time_and_once_for_one_moment(book: Book) -> None:
    check = Check(change="users", name="same", environment="production", target="main", ok=True, at=NOW)
    with book.writing() as store:
        assert store.record_check(check).changed
        assert not store.record_check(check).changed
        later = Check(
            change="users", name="same", environment="production", target="main", ok=False, at=NOW - timedelta(1)
        )
        assert store.record_check(later).changed
    assert {one.ok for one in book.known().state.checks} == {True, False}


def test_releases_keep_their_order(book: Book) -> None:
    with book.writing() as store:
        store.add_release("hotfix")
        assert (
            store.put_releases([KnownRelease(n) for n in ("1.6.0", "1.7.0", "1.8.0", "1.8.1", "1.9.0", "2.0.0")]) == 3
        )
        assert store.put_releases([KnownRelease("1.8.0", date(2026, 10, 1))]) == 0
        assert store.names.releases() == ["1.6.0", "1.7.0", "1.8.0", "1.8.1", "1.9.0", "hotfix", "2.0.0"]
    assert [one.day for one in book.known().state.releases][2] == date(2026, 10, 1)


def test_compare_and_set_refuses_what_was_changed_meanwhile(book: Book) -> None:
    with pytest.raises(TrackerBusyError, match="was changed by somebody else"), book.writing() as store:
        store.replace(t.environment, {"env": "production"}, {"protected": False}, {"protected": True})


def test_events_are_only_ever_added(book: Book) -> None:
    engine = sa.create_engine(f"sqlite:///{book.address.file}", poolclass=sa.NullPool)
    for statement in (t.event.update().values(actor="mallory"), t.event.delete()):
        with pytest.raises(sa.exc.IntegrityError, match="only ever added"), engine.begin() as connection:
            connection.execute(statement)
    engine.dispose()


@pytest.mark.parametrize(
    ("ask", "message", "hint"),
    [
        ("environment", 'no environment "prodution"', "did you mean production?"),
        ("release", 'no release "1.8"', "did you mean"),
        ("change", 'no change "user"', "did you mean users?"),
    ],
)
def test_unknown_names_get_the_nearest(book: Book, ask: str, message: str, hint: str) -> None:
    record(book, step("002"))
    words = {"environment": "prodution", "release": "1.8", "change": "user"}
    with pytest.raises(UnknownNameError, match=message) as refused, book.writing() as store:
        getattr(store.names, ask)(words[ask])
    assert hint in str(refused.value.hint)


def test_a_database_is_named_where_there_are_several(book: Book) -> None:
    with book.writing() as store:
        assert store.names.target("production", None) == MAIN
        store.put_target("production", Target(name="eu", dialect=Dialect.POSTGRES))
        with pytest.raises(UnknownNameError, match="production has 2 databases: eu, main"):
            store.names.target("production", None)
        with pytest.raises(UnknownNameError, match='no database of production "mian"'):
            store.names.target("production", "mian")


def test_a_change_keeps_what_is_said_of_it(book: Book) -> None:
    change = Change(
        id="users", state=ChangeState.OPEN, kind=ChangeKind.RENAME_COLUMN, objects=("users.name",), owner="accounts",
        introduced_in="1.8.0", due=date(2027, 1, 31), due_release="2.0.0",
    )  # fmt: skip
    with book.writing() as store:
        assert store.put_change(change).changed
        assert not store.put_change(change).changed
    assert book.known().state.changes == (change,)
