"""What releases, rollouts and verifications say of a contract on one database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contract_cases import CHANGE, MAIN, NOW, gate
from migsafe.contracts import phase_gates
from migsafe.contracts.values import Thresholds
from migsafe.model.declaration import Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Phase
from migsafe.model.release import Release, ReleaseHistory
from migsafe.model.state import (
    Chain,
    Change,
    ChangeState,
    Check,
    Environment,
    NodeReading,
    Rollout,
    RolloutStatus,
    Run,
    StateDocument,
    StatisticsFact,
    Step,
    StepStatus,
    Target,
)
from migsafe.model.usage import Use
from migsafe.tracker.deployments import Deployment, DeploymentStatus
from phase_stories import tell
from tracker_books import rollout_of

HISTORY = ReleaseHistory(tuple(Release(name, at) for at, name in enumerate(("1.7.0", "1.8.0", "1.9.0"))))
S = RolloutStatus


def environment(*rollouts: Rollout, name: str = "production", **said: Any) -> Environment:
    target = Target(name="main", dialect=Dialect.POSTGRES, nodes=("db1",))
    return Environment(**{"name": name, "protected": True, "targets": (target,), "rollouts": rollouts, **said})


def rollout(release: str, status: RolloutStatus = S.DEPLOYED, **said: Any) -> Rollout:
    return Rollout(release=release, status=status, **said)


def state(*environments: Environment, **said: Any) -> StateDocument:
    return StateDocument(exported=NOW, installation="x", chain=Chain("0" * 64), environments=environments, **said)


def judged(where: Environment | None, floor: str | None = "1.8.0") -> dict[str, str]:
    return {one.name: one.result for one in phase_gates.rollout_gates(where, HISTORY, floor, "production")}


def test_no_contract_while_a_rollout_is_open() -> None:
    assert judged(environment(rollout("1.8.0"))) == {"open-rollout": "pass", "floor": "pass"}
    assert judged(environment(rollout("1.8.0"), rollout("1.9.0", S.ROLLING)))["open-rollout"] == "fail"
    assert judged(environment(rollout("1.8.0"), rollout("1.9.0", S.EXPANDING)))["open-rollout"] == "fail"
    assert judged(environment(rollout("1.8.0", percent=40)))["open-rollout"] == "fail"
    assert judged(environment(rollout("1.8.0", percent=100), rollout("1.9.0", S.PLANNED)))["open-rollout"] == "pass"
    assert judged(None) == {"open-rollout": "unknown"}


def test_an_open_rollout_is_named_and_how_to_end_it() -> None:
    def said(deployment: Deployment | None, *rollouts: Rollout) -> str:
        return phase_gates.open_rollout(environment(*rollouts), "production", deployment).text

    assert said(None, rollout("1.9.0", S.ROLLING)) == (
        "1.9.0 is being rolled out on production: no contract meanwhile; "
        "migsafe release mark 1.9.0 --env production --status deployed, or rolled_back, says when it is over"
    )
    held = rollout_of(DeploymentStatus.HELD, number=7)
    text = (
        "1.9.0 is being rolled out on production (deployment no. 7, held): no contract meanwhile; "
        "migsafe deploy resume --env production brings it to its end, "
        "migsafe deploy abort --env production --reason WHY sends it back"
    )
    assert said(held, rollout("1.9.0", S.ROLLING)) == text
    assert said(held, rollout("1.8.0")) == text, "nothing has traffic yet, or it bakes: its way back is open"


def test_what_runs_and_what_a_rollback_would_bring_are_at_the_floor() -> None:
    assert judged(environment(rollout("1.7.0")))["floor"] == "fail"
    assert judged(environment(rollout("1.8.0"), rollback_to="1.7.0"))["floor"] == "fail"
    assert judged(environment(rollout("1.9.0"), rollback_to="1.8.0"))["floor"] == "pass"
    assert judged(environment())["floor"] == "unknown"
    assert judged(environment(rollout("1.8.0")), floor=None)["floor"] == "note"


@pytest.mark.parametrize(("minutes", "refused"), [(29, True), (30, False), (300, False)])
def test_an_older_release_has_been_gone_for_half_an_hour(minutes: int, refused: bool) -> None:
    gone = rollout("1.7.0", S.RETIRED, retired_at=NOW - timedelta(minutes=minutes))
    gates = list(phase_gates.quiet_gate(environment(gone), HISTORY, "1.8.0", NOW, Thresholds()))
    assert [one.result for one in gates] == (["fail"] if refused else [])


def test_a_later_release_that_was_just_retired_is_no_older_one() -> None:
    gone = rollout("1.9.0", S.RETIRED, retired_at=NOW)
    assert list(phase_gates.quiet_gate(environment(gone), HISTORY, "1.8.0", NOW, Thresholds())) == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (StepStatus.DONE, "pass"),
        (StepStatus.SKIPPED, "pass"),
        (StepStatus.FAILED, "fail"),
        (StepStatus.REVERTED, "fail"),
        (None, "unknown"),
    ],
)
def test_the_expand_has_run_on_this_very_database(status: StepStatus | None, expected: str) -> None:
    runs = () if status is None else (Run(environment="production", target="main", status=status, at=NOW),)
    elsewhere = Run(environment="staging", target="main", status=StepStatus.DONE, at=NOW)
    step = Step(phase=Phase.EXPAND, migration="002_add", runs=(*runs, elsewhere))
    declared = {"002_add": Declaration(phase=Phase.EXPAND, change=CHANGE)}
    (change,) = tell({"002_add": "ALTER TABLE users ADD COLUMN full_name text;"}, declared=declared).changes
    assert [one.result for one in phase_gates.expanded(change, state(steps=(step,)), MAIN)] == [expected]


def test_a_change_that_is_owed() -> None:
    def said(state_: ChangeState) -> str:
        change = Change(id=CHANGE, state=state_, introduced_in="1.8.0", due_release="2.0.0")
        return phase_gates.obligation(CHANGE, state(changes=(change,))).result

    assert (said(ChangeState.OPEN), said(ChangeState.CLOSED)) == ("pass", "note")
    assert phase_gates.obligation(CHANGE, state()).result == "note"


def test_only_what_is_about_this_database_counts() -> None:
    other = environment(name="staging")
    second = Target(name="second", dialect=Dialect.POSTGRES)
    mine = environment(targets=(*environment().targets, second), protected=False)
    checks = tuple(
        Check(change=CHANGE, name="c", environment="production", target=name, ok=True, at=NOW)
        for name in ("main", "second")
    )
    found = phase_gates.narrowed(state(mine, other, checks=checks), MAIN)
    assert [(one.name, one.protected, len(one.targets)) for one in found.environments] == [("production", True, 1)]
    assert [one.target for one in found.checks] == ["main"]


def statistics(use: Use, **said: Any) -> list[tuple[str, str]]:
    reading = NodeReading(node="db1", reads_all=True, stats_reset=NOW - timedelta(days=30), evicted=0)
    fact = StatisticsFact(
        **{
            "object": "users.name", "environment": "production", "target": "main", "use": use,
            "since": NOW - timedelta(days=20), "until": NOW, "readings": (reading,), **said,
        }
    )  # fmt: skip
    gates = phase_gates.statistics_gates(state(environment(), statistics=(fact,)), ["users.name"], MAIN)
    return [(one.result, one.confidence) for one in gates]


def test_a_zero_counts_only_where_it_cannot_be_false() -> None:
    assert statistics(Use.NONE) == [("pass", "strong")]
    blind = NodeReading(node="db1", reads_all=False, stats_reset=NOW - timedelta(days=30), evicted=0)
    assert statistics(Use.NONE, readings=(blind,)) == [("note", "none")]
    assert statistics(Use.NONE, readings=()) == [("note", "none")]
    assert statistics(Use.STRONG, calls=7) == [("fail", "strong")]
    assert statistics(Use.WEAK) == [("fail", "strong")]
    assert statistics(Use.NONE, target="second") == [("note", "none")]


def test_what_cannot_be_verified_in_the_middle_of_a_plan_is_a_note() -> None:
    unknown = gate("unknown", "contract-before-verified")
    failed = gate("fail", "contract-before-verified")
    other = gate("unknown", "contract-before-rollout")
    assert [one.result for one in phase_gates.as_begun([unknown, failed, other])] == ["note", "fail", "unknown"]
