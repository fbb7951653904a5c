"""How a person sees it: what is due, what blocks."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta

import pytest

from migsafe.evidence.state import read_state_file
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Phase
from migsafe.model.state import (
    Chain,
    Change,
    ChangeState,
    Check,
    Environment,
    KnownRelease,
    Rollout,
    RolloutStatus,
    Run,
    StateDocument,
    Step,
    StepStatus,
    Target,
)
from migsafe.tracker.standing import ChangeLine, status_of
from state_documents import FIXTURES
from tracker_books import NOW

FULL = read_state_file(FIXTURES / "full.json")


def line(state: StateDocument, environment: str = "production") -> ChangeLine:
    (found,) = status_of(state, NOW, environment=environment).changes
    return found


def with_runs(status: StepStatus) -> StateDocument:
    """The second step of it has come to this."""
    first, second = FULL.steps
    return replace(FULL, steps=(first, replace(second, runs=(replace(second.runs[0], status=status),))))


def test_a_change_whose_contract_may_come() -> None:
    found = line(FULL)
    assert [phase.word for phase in found.phases] == ["done", "done", "-"]
    assert (found.next, found.standing, found.reasons) == (Phase.CONTRACT, "ready", ())
    assert (found.due, found.overdue) == ("2027-01-31", False)


def test_what_blocks_is_said() -> None:
    environment = FULL.environments[0]
    older = replace(environment.rollouts[0], status=RolloutStatus.DRAINING)
    found = line(replace(FULL, environments=(replace(environment, rollouts=(older, *environment.rollouts[1:])),)))
    assert (found.standing, found.reasons) == ("blocked", ("1.7.0 is still draining on production",))


def test_what_nobody_knows_is_not_what_blocks() -> None:
    found = line(replace(FULL, checks=()))
    assert (found.standing, found.reasons) == ("unknown", ("nothing was verified on production/main",))


@pytest.mark.parametrize("status", [StepStatus.FAILED, StepStatus.PARTIAL])
def test_what_has_failed_comes_first(status: StepStatus) -> None:
    found = line(with_runs(status))
    assert found.phases[1].word == "failed"
    assert (found.standing, found.reasons) == ("failed", (f"003_fill_full_name is {status} on production/main",))


@pytest.mark.parametrize("status", [StepStatus.PENDING, StepStatus.RUNNING, StepStatus.REVERTED])
def test_what_has_not_run_is_waited_for(status: StepStatus) -> None:
    found = line(with_runs(status))
    assert (found.next, found.standing) == (Phase.MIGRATE, "waiting")
    assert found.reasons == ("003_fill_full_name has not run everywhere on production",)


def test_a_change_is_overdue_the_day_after() -> None:
    change = FULL.changes[0]
    for day, overdue in ((NOW.date(), False), (NOW.date() - timedelta(1), True)):
        assert line(replace(FULL, changes=(replace(change, due=day),))).overdue is overdue
    closed = replace(change, due=date(2020, 1, 1), state=ChangeState.CLOSED)
    found = line(replace(FULL, changes=(closed,)))
    assert (found.overdue, found.standing) == (False, "done")


def test_each_environment_is_judged_by_itself() -> None:
    staging = Environment(name="staging", protected=False, targets=(Target(name="main", dialect=Dialect.POSTGRES),))
    state = replace(FULL, environments=(*FULL.environments, staging))
    assert line(state).standing == "ready"
    found = line(state, "staging")
    assert (found.next, found.standing) == (Phase.EXPAND, "waiting")


def test_steps_of_no_change_are_counted_and_their_failures_named() -> None:
    runs = tuple(Run(environment="production", target="main", status=status) for status in (StepStatus.DONE,))
    loose = [Step(phase=Phase.EXPAND, migration=name, runs=runs) for name in ("000", "001")]
    loose.append(replace(loose[0], migration="005", runs=(replace(runs[0], status=StepStatus.FAILED),)))
    (environment,) = status_of(replace(FULL, steps=(*FULL.steps, *loose)), NOW).environments
    assert environment.unchanged == (("done", 2), ("failed", 1))
    assert environment.broken == ("005 is failed on production/main",)


def large() -> StateDocument:
    """Ten databases, five hundred changes of two steps, and so ten thousand runs."""
    targets = tuple(Target(name=f"tenant-{number}", dialect=Dialect.POSTGRES) for number in range(10))
    runs = tuple(
        Run(environment="production", target=target.name, status=StepStatus.DONE, at=NOW - timedelta(days=9))
        for target in targets
    )
    rollout = Rollout(release="1.8.0", status=RolloutStatus.DEPLOYED, full_at=NOW - timedelta(days=9))
    names = [f"change-{number}" for number in range(500)]
    return StateDocument(
        exported=NOW,
        installation="x",
        chain=Chain("0" * 64),
        releases=(KnownRelease("1.8.0"),),
        environments=(Environment(name="production", protected=True, targets=targets, rollouts=(rollout,)),),
        changes=tuple(Change(id=name, state=ChangeState.OPEN) for name in names),
        steps=tuple(
            Step(phase=phase, migration=f"{name}-{phase}", change=name, release="1.8.0", runs=runs)
            for name in names
            for phase in (Phase.EXPAND, Phase.MIGRATE)
        ),
        checks=tuple(
            Check(change=name, name="same", environment="production", target=target.name, ok=True, at=NOW)
            for name in names
            for target in targets[:1]
        ),
    )


def test_many_changes_cost_one_look_at_each() -> None:
    """Ten thousand runs: a look at all of them for each change would take minutes."""
    state = large()
    began = time.process_time()
    assert len(status_of(state, NOW).changes) == 500
    assert time.process_time() - began < 5
