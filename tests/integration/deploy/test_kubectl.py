"""The real kubectl before a stub API: what it sends, what it says when it fails, and whole rollouts through it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kube_program import WHY_NOT, environment, kubectl_program, served
from kube_scenes import IMAGE, Cluster, deployment, named_image, rollout, service, set_image
from kube_stub import KubeServer
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.argo_rollouts import ArgoProvider
from migsafe.deploy.providers.kube.argo_settings import Settings
from migsafe.deploy.providers.kube.blue_green import BlueGreenProvider
from migsafe.deploy.providers.kube.image import Image
from migsafe.deploy.providers.kube.keeper import Keeping
from migsafe.deploy.providers.kube.marks import STABLE
from migsafe.deploy.providers.kube.rolling import RollingProvider
from migsafe.deploy.providers.kubectl import (
    ClusterAwayError,
    ConflictError,
    ForbiddenError,
    Kubectl,
    NotThereError,
    Patch,
)
from migsafe.deploy.words import Motion, Strategy
from migsafe.errors import EnvironmentFailedError

pytestmark = pytest.mark.skipif(kubectl_program() is None, reason=WHY_NOT)

MARK = Patch("merge", {"metadata": {"annotations": {"example": "1"}}})


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.of(
        deployments=[deployment(), deployment("blue"), deployment("green", replicas=0)],
        services=[service("blue")],
        rollouts=[rollout()],
    )


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Iterator[Kubectl]:
    with served(cluster.stub, tmp_path) as found:
        yield found


def rolling(kubectl: Kubectl) -> RollingProvider:
    return RollingProvider(kubectl, "web", Image("web", IMAGE), Strategy.ROLLING, Keeping(None))


def by_hand(kubectl: Kubectl, *arguments: str) -> list[str]:
    """What a person types."""
    return [kubectl.program, "--context", kubectl.context, "-n", kubectl.namespace, *arguments]


def test_objects_are_found_as_far_as_they_exist(kubectl: Kubectl) -> None:
    found = kubectl.find("deployments.apps/blue", "services/shop", "services/none")

    assert found.keys() == {"deployments.apps/blue", "services/shop"}
    assert kubectl.find("services/none") == {}


def test_objects_are_selected_by_their_labels(kubectl: Kubectl) -> None:
    found = kubectl.select("replicasets.apps,pods", "app=shop,part in (blue,green)")

    assert sorted({one["kind"] for one in found}) == ["Pod", "ReplicaSet"]
    assert {one["metadata"]["labels"]["part"] for one in found} == {"blue", "green"}


def test_a_patch_with_an_old_version_is_a_conflict_whatever_its_kind(kubectl: Kubectl) -> None:
    old = {"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}

    for patch in (Patch("merge", {"metadata": {"resourceVersion": "1"}}), Patch("json", [old])):
        with pytest.raises(ConflictError, match="the object has been modified"):
            kubectl.patch("deployments.apps/web", patch)


def test_rights_are_asked_for_and_not_tried(kubectl: Kubectl, cluster: Cluster) -> None:
    cluster.stub.denied.add(("patch", "rollouts/status"))

    assert kubectl.may("patch", "deployments.apps/web")
    assert kubectl.may("patch", "rollouts.argoproj.io/web")
    assert not kubectl.may("patch", "rollouts.argoproj.io/web", "status")
    assert cluster.stub.writes == []


def test_a_right_that_is_lacking_is_named(kubectl: Kubectl, cluster: Cluster) -> None:
    cluster.stub.denied |= {("patch", "deployments"), ("list", "pods")}

    with pytest.raises(ForbiddenError, match="deployer has no right to patch deployments in namespace shop"):
        kubectl.patch("deployments.apps/web", MARK)
    with pytest.raises(ForbiddenError, match="deployer has no right to list pods in namespace shop"):
        kubectl.select("replicasets.apps,pods", "app=shop")


def test_an_object_a_kind_and_a_namespace_that_do_not_exist(kubectl: Kubectl, cluster: Cluster) -> None:
    with pytest.raises(NotThereError, match=r'deployments\.apps "none" not found \(namespace shop, context test\)'):
        kubectl.patch("deployments.apps/none", MARK)
    with pytest.raises(NotThereError, match='namespaces "elsewhere" not found'):
        replace(kubectl, namespace="elsewhere").patch("deployments.apps/web", MARK)


def test_a_cluster_without_argo(kubectl: Kubectl, cluster: Cluster) -> None:
    del cluster.stub.kinds["rollouts"]

    with pytest.raises(NotThereError, match="doesn't have a resource type"):
        kubectl.find("rollouts.argoproj.io/web")


def test_a_login_that_is_not_accepted_is_said_without_its_token(kubectl: Kubectl, cluster: Cluster) -> None:
    cluster.stub.login_holds = False

    with pytest.raises(ForbiddenError, match="the cluster of context test does not accept the login") as caught:
        kubectl.find("services/shop")

    assert "s3cr3t" not in str(caught.value)


def test_a_context_that_kubectl_does_not_know(kubectl: Kubectl) -> None:
    with pytest.raises(EnvironmentFailedError, match="kubectl knows no context prod"):
        replace(kubectl, context="prod").find("services/shop")


def test_a_cluster_that_is_away(cluster: Cluster, tmp_path: Path) -> None:
    with served(cluster.stub, tmp_path) as kubectl:
        pass

    with pytest.raises(ClusterAwayError, match="the cluster of context test does not answer"):
        kubectl.find("services/shop")


def test_the_version_of_kubectl(kubectl: Kubectl) -> None:
    assert kubectl.version() >= (1, 24)


def test_a_rolling_update_and_its_way_back(kubectl: Kubectl, cluster: Cluster) -> None:
    provider = rolling(kubectl)
    provider.shift("v2", 100)
    cluster.controllers.tick(2)
    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.motion) == ("v1", "v2", Motion.PROGRESSING)
    cluster.controllers.settle()
    provider.promote("v2")
    provider.abort("v1")
    cluster.controllers.settle()

    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)


def test_what_somebody_else_changes_in_between_is_not_written_over(kubectl: Kubectl, cluster: Cluster) -> None:
    cluster.stub.before_write = lambda: set_image(cluster, "v9")

    with pytest.raises(ConflictError, match="somebody else has changed"):
        rolling(kubectl).shift("v2", 100)

    assert named_image(cluster) == IMAGE.format(version="v9")


@pytest.mark.long
def test_blue_and_green(kubectl: Kubectl, cluster: Cluster) -> None:
    provider = BlueGreenProvider(kubectl, ("blue", "green"), "shop", Image("web", IMAGE), Keeping(None))
    provider.fence(1)
    provider.stage("v2")
    cluster.controllers.settle()
    provider.shift("v2", 100)
    provider.promote("v2")
    provider.abort("v1")
    provider.retire("v2")
    cluster.controllers.settle()

    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight) == ("v1", None, 0)


@pytest.mark.long
def test_a_canary_of_argo_and_its_way_back(kubectl: Kubectl, cluster: Cluster) -> None:
    settings = Settings(
        name="web",
        image=Image("web", IMAGE),
        keeping=Keeping(None),
        follow=False,
        replicas=None,
        abort_within_s=60,
    )
    provider = ArgoProvider(kubectl, settings, cluster.context(Strategy.CANARY, 5, 20, 50, 100))
    provider.shift("v2", 5)
    cluster.controllers.settle()
    provider.shift("v2", 20)
    cluster.controllers.settle()
    assert provider.observe().weight == 20
    provider.abort("v1")
    cluster.controllers.settle()
    assert provider.observe().candidate is None


@pytest.mark.long
def test_what_is_said_of_a_rollout_is_what_kubectl_says(kubectl: Kubectl, cluster: Cluster) -> None:
    """`kubectl rollout status` follows the stub by its watch; 0 when done, and 1 past the deadline, as measured."""
    provider = rolling(kubectl)
    for version, motion, code, said in (
        ("v2", Motion.IDLE, 0, "successfully rolled out"),
        ("bad", Motion.DEGRADED, 1, "exceeded its progress deadline"),
    ):
        provider.shift(version, 100)
        following = subprocess.Popen(
            by_hand(kubectl, "rollout", "status", "deployment/web", "--timeout=20s"),
            env=dict(kubectl.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while following.poll() is None:
            cluster.controllers.tick()
            try:
                following.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        assert following.stdout is not None
        with following.stdout as stream:
            assert said in stream.read()
        assert following.returncode == code
        assert provider.observe().motion is motion


@pytest.mark.long
def test_an_undo_by_hand_is_seen_as_what_it_is(kubectl: Kubectl, cluster: Cluster) -> None:
    provider = rolling(kubectl)
    provider.shift("v2", 100)
    cluster.controllers.settle()
    provider.promote("v2")

    subprocess.run(
        by_hand(kubectl, "rollout", "undo", "deployment/web"),
        env=dict(kubectl.environ),
        check=True,
        capture_output=True,
    )
    cluster.controllers.settle()

    seen = provider.observe()
    assert named_image(cluster) == IMAGE.format(version="v1")
    assert (seen.stable, seen.candidate, seen.weight) == ("v1", None, 0), "kubectl has taken the mark of v2 away"


_CHILD = """
import sys
from pathlib import Path
from migsafe.deploy.providers.kube.image import Image
from migsafe.deploy.providers.kube.keeper import Keeping
from migsafe.deploy.providers.kube.rolling import RollingProvider
from migsafe.deploy.providers.kubectl import Kubectl
from migsafe.deploy.words import Strategy

kubectl = Kubectl(program=sys.argv[1], context="test", namespace="shop")
RollingProvider(kubectl, "web", Image("web", sys.argv[2]), Strategy.ROLLING, Keeping(None)).shift("v2", 100)
"""


@pytest.mark.long
def test_a_coordinator_that_is_killed_while_it_writes(cluster: Cluster, tmp_path: Path) -> None:
    """Its kubectl may still write after that; the cluster tells what is so, and the same order finishes it."""
    asked, go = threading.Event(), threading.Event()

    def wait() -> None:
        asked.set()
        go.wait(20)

    cluster.stub.before_write = wait
    program = kubectl_program()
    assert program is not None
    with KubeServer(cluster.stub) as server, served(cluster.stub, tmp_path) as kubectl:
        config = server.write_config(tmp_path / "other")
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, program, IMAGE], env={**os.environ, **environment(tmp_path, config)}
        )
        assert asked.wait(20)
        child.send_signal(signal.SIGKILL)
        child.wait(20)
        go.set()

        assert rolling(kubectl).observe().stable == "v1"
        rolling(kubectl).shift("v2", 100)
        cluster.controllers.settle()

        seen = rolling(kubectl).observe()
        assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", "v2", 100, Motion.IDLE)
        assert cluster.stub.get("deployments", "web")["metadata"]["annotations"][STABLE] == "v1"


def test_steps_that_differ_and_rights_that_lack_are_refused_before_anything_is_moved(
    kubectl: Kubectl, cluster: Cluster
) -> None:
    settings = Settings(
        name="web", image=Image("web", IMAGE), keeping=Keeping(None), follow=False, replicas=None, abort_within_s=60
    )
    provider = ArgoProvider(kubectl, settings, cluster.context(Strategy.CANARY, 10, 100))

    assert any("and the plan goes 10, 100" in one for one in provider.check())
    with pytest.raises(ProviderRefusedError):
        provider.shift("v2", 10)
    assert cluster.stub.writes == []
