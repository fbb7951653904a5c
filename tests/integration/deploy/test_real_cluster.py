"""The provider before a real kube-apiserver and kube-controller-manager, with the rights of the manual and no more."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from kube_cluster import DEPLOYER, RealCluster, missing, real_cluster
from kube_program import WHY_NOT, kubectl_program
from kube_questions import ANSWERS, OBJECTS, Interview, Question
from kube_scenes import IMAGE, deployment, service
from kube_stub import NAMESPACE, KubeStub, Request
from migsafe.deploy.provider import Provider
from migsafe.deploy.providers.kube.blue_green import BlueGreenProvider
from migsafe.deploy.providers.kube.image import Image
from migsafe.deploy.providers.kube.keeper import Keeping
from migsafe.deploy.providers.kube.rolling import RollingProvider
from migsafe.deploy.providers.kubectl import ConflictError, ForbiddenError, Kubectl, Patch
from migsafe.deploy.words import Motion, Observed, Strategy

WHY_SKIPPED = WHY_NOT if kubectl_program() is None else missing()
pytestmark = [pytest.mark.endurance, pytest.mark.skipif(WHY_SKIPPED is not None, reason=str(WHY_SKIPPED))]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    with real_cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture(scope="module")
def kubectl(cluster: RealCluster) -> Kubectl:
    """As the user who deploys, with the rights of the manual."""
    program = kubectl_program()
    assert program is not None
    return cluster.furnish(program, NAMESPACE)


def know_rollouts(cluster: RealCluster) -> None:
    """Rollouts are there, with a status of their own and no word about their form."""
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1alpha1", "served": True, "storage": True,
        "schema": {"openAPIV3Schema": free}, "subresources": {"status": {}},
    }  # fmt: skip
    names = {"plural": "rollouts", "singular": "rollout", "kind": "Rollout"}
    spec = {"group": "argoproj.io", "scope": "Namespaced", "names": names, "versions": [version]}
    made = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "rollouts.argoproj.io"}, "spec": spec,
    }  # fmt: skip
    cluster.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", made)
    end = time.monotonic() + 60
    while cluster.answer("GET", f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts")[0] != 200:
        assert time.monotonic() < end, "rollouts are not known"
        time.sleep(0.1)


def until(provider: Provider, come: Callable[[Observed], bool]) -> Observed:
    """What is seen when something has come true."""
    end = time.monotonic() + 60
    while not come(seen := provider.observe()):
        assert time.monotonic() < end, seen
        time.sleep(0.1)
    return seen


def test_a_rolling_update_a_version_that_never_becomes_ready_and_the_way_back(
    cluster: RealCluster, kubectl: Kubectl
) -> None:
    cluster.make("deployments", deployment())
    provider = RollingProvider(kubectl, "web", Image("web", IMAGE), Strategy.ROLLING, Keeping(None))
    until(provider, lambda seen: seen.motion is Motion.IDLE)
    assert provider.check() == ()
    provider.fence(1)

    provider.shift("v2", 100)
    seen = until(provider, lambda one: one.weight == 100 and one.motion is Motion.IDLE)
    assert (seen.stable, seen.candidate) == ("v1", "v2")
    provider.promote("v2")

    provider.shift("bad", 100)
    seen = until(provider, lambda one: one.motion is Motion.DEGRADED)
    assert any("has timed out progressing" in note for note in seen.notes)
    provider.abort("v2")
    seen = until(provider, lambda one: one.motion is Motion.IDLE and one.candidate is None)
    assert (seen.stable, seen.weight) == ("v2", 0)


def test_blue_and_green(cluster: RealCluster, kubectl: Kubectl) -> None:
    for name, replicas in (("blue", 3), ("green", 0)):
        cluster.make("deployments", deployment(name, replicas=replicas))
    cluster.make("services", service("blue"))
    provider = BlueGreenProvider(kubectl, ("blue", "green"), "shop", Image("web", IMAGE), Keeping(None))
    until(provider, lambda seen: seen.is_ready("v1"))
    assert provider.check() == ()

    provider.stage("v2")
    until(provider, lambda seen: seen.is_ready("v2"))
    provider.shift("v2", 100)
    provider.promote("v2")
    provider.abort("v1")
    provider.retire("v2")
    seen = until(provider, lambda one: one.candidate is None)

    assert (seen.stable, seen.weight) == ("v1", 0)


def test_writes_with_an_old_version_are_conflicts(cluster: RealCluster, kubectl: Kubectl) -> None:
    cluster.make("deployments", deployment("old", replicas=1))
    version = {"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}

    for patch in (Patch("merge", {"metadata": {"resourceVersion": "1"}}), Patch("json", [version])):
        with pytest.raises(ConflictError):
            kubectl.patch("deployments.apps/old", patch)


def test_rights_that_the_manual_does_not_give(cluster: RealCluster, kubectl: Kubectl) -> None:
    elsewhere = replace(kubectl, namespace="default")

    with pytest.raises(ForbiddenError, match="deployer has no right to get deployments in namespace default"):
        elsewhere.find("deployments.apps/web")
    provider = RollingProvider(elsewhere, "web", Image("web", IMAGE), Strategy.ROLLING, Keeping(None))
    assert len(provider.check()) == 4


def test_the_stub_of_the_other_tests_answers_as_the_server_does(
    cluster: RealCluster, kubectl: Kubectl, update: bool
) -> None:
    know_rollouts(cluster)
    for kind, found in OBJECTS:
        cluster.make(kind, found)
    answers = Interview(lambda one: cluster.answer(one.method, one.path, one.body, one.sent)).answers()
    if update:
        ANSWERS.write_text(json.dumps(answers, indent=2) + "\n", encoding="utf-8")

    assert answers == json.loads(ANSWERS.read_text(encoding="utf-8"))  # and so the stub's own test wants them


def test_a_right_that_is_missing_is_said_in_the_same_words(cluster: RealCluster, kubectl: Kubectl) -> None:
    stub = KubeStub()
    question = Question("a pod of somebody who may only look", ("pods", "any"), {"metadata": {"labels": {"a": "b"}}})
    stub.denied.add(("patch", "pods"))

    real = cluster.answer(question.method, question.path, question.body, question.sent, user=DEPLOYER)
    ours = stub.answer(Request(question.method, question.path, {}, question.sent, question.body))

    assert (ours[0], ours[1]["message"]) == (real[0], real[1]["message"])
