"""A contract that everybody has signed waits for a rollout that is open, and goes through when that has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract_projects import CHANGE, MIRA, Project, commit, contract, needs_git, sign
from migsafe.contracts.writing import write_contract
from migsafe.errors import ExitCode
from migsafe.model.state import KnownRelease, RolloutStatus
from migsafe.tracker.deployments import (
    Deployment,
    DeploymentStatus,
    NewDeployment,
    begin_deployment,
    set_deployment,
)
from migsafe.tracker.facts import Author

pytestmark = [needs_git, pytest.mark.long]


def rollout(project: Project) -> Deployment:
    """1.9.0 has no traffic yet, while 1.8.0 is watched: no release says that a rollout is open."""
    new = NewDeployment(
        environment="production", stable="1.8.0", release="1.9.0", strategy="canary", provider="local", plan={},
        plan_sha="0" * 64, rehearsal=False, fence=1, actor="mira", host="laptop", steps=(),
    )  # fmt: skip
    with project.tracker.writing(MIRA) as store:
        store.put_releases([KnownRelease("1.9.0")])
        return begin_deployment(store, new)


def rolling(project: Project) -> None:
    """It has a part of the traffic."""
    with project.tracker.writing(MIRA) as store:
        store.mark("production", "1.9.0", RolloutStatus.ROLLING, percent=20, source="deploy")


def ended(project: Project, deployment: Deployment) -> None:
    """All of it is back at 1.8.0, and 1.9.0 has ended."""
    with project.tracker.writing(MIRA) as store:
        store.mark("production", "1.9.0", RolloutStatus.ROLLED_BACK, source="deploy")
        set_deployment(store, deployment, DeploymentStatus.ABORTED, fence=2, reason="checkout is slow")


@pytest.mark.parametrize("has_traffic", [False, True])
def test_a_signed_contract_waits_for_an_open_rollout(
    project: Project, monkeypatch: pytest.MonkeyPatch, has_traffic: bool
) -> None:
    monkeypatch.setenv("SHOP", project.dsn)
    write_contract(project.made(), project.config, project.now)
    commit(project.folder, "1.9.0")
    sign(project, Author(actor="olga"))
    assert project.clear().cleared
    deployment = rollout(project)
    if has_traffic:
        rolling(project)
    assert [one.name for one in project.blockers()] == ["open-rollout"], "nothing else is in its way"
    problem = contract(project, "1.9.0").problem
    assert problem is not None
    assert problem.exit_code is ExitCode.REFUSED
    assert problem.message == (
        f"the contract of {CHANGE}: open-rollout: 1.9.0 is being rolled out on production "
        "(deployment no. 1, running): no contract meanwhile; migsafe deploy resume --env production brings it to its "
        "end, migsafe deploy abort --env production --reason WHY sends it back"
    )
    assert project.has_column("users", "name"), "nothing was touched"
    ended(project, deployment)
    outcome = contract(project, "1.9.0")
    assert outcome.problem is None, outcome.problem
    assert not project.has_column("users", "name")


def test_one_that_is_held_is_open_too(project: Project) -> None:
    deployment = rollout(project)
    with project.tracker.writing(MIRA) as store:
        set_deployment(store, deployment, DeploymentStatus.HELD, fence=1, reason="nobody can tell")
    (gate,) = project.blockers()
    assert "(deployment no. 1, held)" in gate.text
    ended(project, replace(deployment, status=DeploymentStatus.HELD, reason="nobody can tell"))
    assert project.blockers() == []
