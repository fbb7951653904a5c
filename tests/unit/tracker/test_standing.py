"""How a person sees it: what is due, what blocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from migsafe.evidence.state import read_state_file
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Evidence
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
    TargetName,
)
from migsafe.phases import gates
from migsafe.tracker.reading import Compatibility
from migsafe.tracker.standing import ChangeLine, status_of
from migsafe.tracker.unsettled import Loose, Unsettled
from state_documents import FIXTURES
from tracker_books import NOW

FULL = read_state_file(FIXTURES / "full.json")


def line(state: StateDocument, environment: str = "production") -> ChangeLine:
    (found,) = status_of(Unsettled(state, {}, {}, 0), NOW, environment=environment).changes
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


def test_steps_of_no_change_are_shown_with_their_environment() -> None:
    loose = Loose((("done", 2), ("failed", 1)), ("005 is failed on production/main",))
    found = status_of(Unsettled(FULL, {"production": loose, "elsewhere": Loose()}, {}, 7), NOW)
    assert [(one.unchanged, one.broken) for one in found.environments] == [(loose.counts, loose.broken)]
    assert found.settled == 7


def test_which_releases_work_is_said_of_each_database_of_which_it_is_known() -> None:
    said = Compatibility(floor="1.8.0", doubt="004 took something away")
    known = {TargetName("production", "main"): said, TargetName("staging", "main"): said}
    (found,) = status_of(Unsettled(FULL, {}, known, 0), NOW).environments
    assert found.bounds == (("main", said),)
    (found,) = status_of(Unsettled(FULL, {}, {TargetName("production", "main"): Compatibility()}, 0), NOW).environments
    assert found.bounds == ()


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


def test_what_rollouts_say_is_asked_once_for_all_changes_that_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand runs: a look at all releases for each change would take long."""
    asked: list[str | None] = []
    ask = gates.fully_rolled_out

    def count(release: str | None, *others: Any) -> Evidence:
        asked.append(release)
        return ask(release, *others)

    monkeypatch.setattr(gates, "fully_rolled_out", count)
    assert len(status_of(Unsettled(large(), {}, {}, 0), NOW).changes) == 500
    assert asked == ["1.8.0"]
