"""The keys of `[provider]` for the providers of Kubernetes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kube_scenes import Cluster
from migsafe.deploy.providers.kube.blue_green import BlueGreenProvider
from migsafe.deploy.providers.kube.rolling import RollingProvider
from migsafe.deploy.providers.registry import open_provider
from migsafe.deploy.tables import Table, parse_document
from migsafe.deploy.words import Strategy
from migsafe.errors import ConfigurationError, EnvironmentFailedError

COMMON = {"context": "test", "namespace": "shop", "container": "web", "image": "shop:{version}"}
ROLLING = {**COMMON, "deployment": "web"}
BLUE_GREEN = {**COMMON, "blue": "blue", "green": "green", "service": "shop"}
ARGO = {**COMMON, "rollout": "web"}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A file that can be run; nobody runs it."""
    path = tmp_path / "kubectl"
    path.write_text("")
    path.chmod(0o755)
    return path


def opened(values: dict[str, Any], program: Path, strategy: Strategy, name: str = "kubernetes") -> object:
    return open_provider(name, Table.of({**values, "kubectl": str(program)}), Cluster().context(strategy))


@pytest.mark.parametrize("strategy", [Strategy.ROLLING, Strategy.RECREATE, Strategy.CANARY])
def test_one_deployment(program: Path, strategy: Strategy) -> None:
    assert isinstance(opened(ROLLING, program, strategy), RollingProvider)


@pytest.mark.parametrize("values", [ROLLING, BLUE_GREEN])
def test_a_canary_is_no_question_of_keys(program: Path, values: dict[str, Any]) -> None:
    made = opened(values, program, Strategy.CANARY)
    assert isinstance(made, BlueGreenProvider | RollingProvider)
    assert Strategy.CANARY not in made.capabilities.strategies  # which a plan refuses


def test_two_deployments(program: Path) -> None:
    assert isinstance(opened(BLUE_GREEN, program, Strategy.BLUE_GREEN), BlueGreenProvider)


def test_the_keys_of_the_other_strategy_may_stand_beside(program: Path) -> None:
    both = {**ROLLING, **BLUE_GREEN}

    assert isinstance(opened(both, program, Strategy.ROLLING), RollingProvider)
    assert isinstance(opened(both, program, Strategy.BLUE_GREEN), BlueGreenProvider)


@pytest.mark.parametrize("missing", ["context", "namespace", "deployment", "container", "image"])
def test_what_a_deployment_needs(program: Path, missing: str) -> None:
    values = {key: value for key, value in ROLLING.items() if key != missing}

    with pytest.raises(ConfigurationError, match=f"{missing}: missing"):
        opened(values, program, Strategy.ROLLING)


@pytest.mark.parametrize("missing", ["blue", "green", "service"])
def test_what_blue_green_needs(program: Path, missing: str) -> None:
    values = {key: value for key, value in BLUE_GREEN.items() if key != missing}

    with pytest.raises(ConfigurationError, match=f"{missing}: missing"):
        opened(values, program, Strategy.BLUE_GREEN)


def test_blue_and_green_are_two(program: Path) -> None:
    with pytest.raises(ConfigurationError, match="another Deployment than blue"):
        opened({**BLUE_GREEN, "green": "blue"}, program, Strategy.BLUE_GREEN)


def test_an_unknown_key_is_refused_with_the_nearest_one_and_its_line(program: Path) -> None:
    text = '[provider]\ncontext = "test"\nnamespace = "shop"\ndeploymnt = "web"\ndeployment = "web"\n'
    text += f'container = "web"\nimage = "shop:{{version}}"\nkubectl = "{program}"\n'
    table = parse_document(text).root.table("provider")

    with pytest.raises(ConfigurationError, match=r"deploy\.toml:4: \[provider\] deploymnt: no such key") as caught:
        open_provider("kubernetes", table, Cluster().context(Strategy.ROLLING))

    assert "deployment" in str(caught.value.hint)


@pytest.mark.parametrize("values", [{"context": "--as=root"}, {"timeout": "0s"}])
def test_values_that_are_none(program: Path, values: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        opened({**ROLLING, **values}, program, Strategy.ROLLING)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match="is no program that can be run"):
        opened(ROLLING, tmp_path / "none", Strategy.ROLLING)


def test_the_keys_of_argo(program: Path) -> None:
    made = opened({**ARGO, "replicas": 4, "follow": True}, program, Strategy.CANARY, "argo-rollouts")

    assert made.capabilities.weights == "replicas"  # type: ignore[attr-defined]  # any provider has them
    with pytest.raises(ConfigurationError, match="rollout: missing"):
        opened(COMMON, program, Strategy.CANARY, "argo-rollouts")
    with pytest.raises(ConfigurationError, match="deployment: no such key"):
        opened({**ARGO, "deployment": "web"}, program, Strategy.CANARY, "argo-rollouts")
