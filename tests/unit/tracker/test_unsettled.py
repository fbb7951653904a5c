"""What is left out of a status is over everywhere, whatever the tracker knows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migsafe.model.phase import Phase
from migsafe.model.state import Change, ChangeState, StepStatus
from migsafe.tracker import tables as t
from migsafe.tracker import unsettled
from migsafe.tracker.standing import Status, status_of
from migsafe.tracker.unsettled import read_unsettled
from tracker_books import NOW, Book, book_in, ran, step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migsafe.tracker.ledger import Ledger

ENVIRONMENTS = ("production", "staging")
CHANGES = ("a", "b", None)


class Undo(Exception):
    """Takes back what a test has written."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return book_in(tmp_path_factory.mktemp("tracker")).furnish()


@contextmanager
def rows(book: Book, known: dict[Any, list[dict[str, Any]]]) -> Iterator[Ledger]:
    """The tracker with these rows, which are taken back."""
    try:
        with book.writing() as store:
            for table, values in known.items():
                store.ledger.insert(table, values)
            yield store.ledger
            raise Undo
    except Undo:
        pass


steps = st.lists(st.tuples(st.sampled_from(CHANGES), st.sampled_from([*Phase, None])), max_size=5)
places = st.sets(st.tuples(st.sampled_from(ENVIRONMENTS), st.sampled_from(("one", "two"))), max_size=3)
statuses = st.lists(st.sampled_from(list(StepStatus)), max_size=2)


@st.composite
def trackers(draw: st.DrawFn) -> dict[Any, list[dict[str, Any]]]:
    """Two changes and what is of none, with runs of every status, a second one here and there."""
    targets, known = sorted(draw(places)), draw(steps)
    runs = [
        run_row(f"{number}", env, target, attempt, status)
        for number in range(len(known))
        for env, target in targets
        for attempt, status in enumerate(draw(statuses), start=1)
    ]
    states = draw(st.lists(st.sampled_from(list(ChangeState)), min_size=2, max_size=2))
    return {
        t.environment: [{"env": "staging", "protected": False}],
        t.target: [{"env": env, "target": target, "dialect": "postgres", "nodes": []} for env, target in targets],
        t.change: [
            {"change_id": name, "state": state.value, "objects": []} for name, state in zip("ab", states, strict=True)
        ],
        t.step: [
            {"step_id": f"{number}", "migration": f"00{number}", "change_id": change, "phase": phase}
            for number, (change, phase) in enumerate(known)
        ],
        t.run: runs,
    }


def run_row(step_id: str, env: str, target: str, attempt: int, status: StepStatus) -> dict[str, Any]:
    return {
        "run_id": f"{step_id}-{env}-{target}-{attempt}", "step_id": step_id, "env": env, "target": target,
        "attempt": attempt, "status": status.value, "at": NOW, "source": "record", "actor": "ci", "host": "",
        "tool_version": "1", "recorded_at": NOW,
    }  # fmt: skip


def status(ledger: Ledger, environment: str | None, *, everything: bool) -> Status:
    known = read_unsettled(ledger, NOW, environment, everything=everything)
    return status_of(known, NOW, environment=environment)


@given(known=trackers(), environment=st.sampled_from([None, *ENVIRONMENTS]), picked=st.sampled_from([0, 2_000]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_what_is_done_is_left_out(
    book: Book, known: dict[Any, list[dict[str, Any]]], environment: str | None, picked: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, rows(book, known) as ledger:
        patch.setattr(unsettled, "_PICKED", picked)
        part, whole = (status(ledger, environment, everything=everything) for everything in (False, True))
    assert [one for one in part.changes if one.standing != "done"] == [
        one for one in whole.changes if one.standing != "done"
    ]
    assert part.environments == whole.environments
    shown = {one.change for one in part.changes}
    assert part.settled + len(shown) == 2, "each change is either looked at or counted"


def test_a_change_is_left_out_once_its_contract_is_over_everywhere(tmp_path: Path) -> None:
    book = book_in(tmp_path).furnish()
    with book.writing() as store:
        for phase in Phase:
            store.record(step(f"00{phase}", phase), ran())
        store.put_change(Change(id="other", state=ChangeState.OPEN))
    with book.tracker.reading() as ledger:
        found = read_unsettled(ledger, NOW)
        assert [change.id for change in found.state.changes] == ["other"]
        assert (found.state.steps, found.settled) == ((), 1)
        whole = read_unsettled(ledger, NOW, everything=True)
    assert {change.id for change in whole.state.changes} == {"other", "users"}
    assert whole.settled == 0


def test_steps_of_no_change_are_counted_and_their_failures_named(tmp_path: Path) -> None:
    book = book_in(tmp_path).furnish()
    with book.writing() as store:
        for name, outcome in (("000", StepStatus.FAILED), ("000", StepStatus.DONE), ("001", StepStatus.DONE),
                              ("005", StepStatus.FAILED)):  # fmt: skip
            store.record(step(name, change=None), ran(outcome))
        store.record(step("006", None, change=None), ran())
    with book.tracker.reading() as ledger:
        loose = read_unsettled(ledger, NOW).loose["production"]
    assert loose.counts == (("done", 2), ("failed", 1)), "the last run counts, of steps whose phase is known"
    assert loose.broken == ("005 is failed on production/main",)
