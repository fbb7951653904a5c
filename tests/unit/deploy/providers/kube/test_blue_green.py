"""Two Deployments and a Service, before a stub cluster."""

from __future__ import annotations

import pytest

from kube_scenes import IMAGE, Cluster, Killed, deployment, kill_after, service, set_image
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.provider import Fencing, Provider
from migsafe.deploy.providers.kube.blue_green import BlueGreenProvider
from migsafe.deploy.providers.kube.image import Image
from migsafe.deploy.providers.kube.keeper import Keeping
from migsafe.deploy.providers.kubectl import ConflictError, NotThereError
from migsafe.deploy.words import Motion, Readiness, Strategy


def make_provider(cluster: Cluster, gitops: bool | None = None) -> BlueGreenProvider:
    return BlueGreenProvider(cluster.kubectl, ("blue", "green"), "shop", Image("web", IMAGE), Keeping(gitops))


@pytest.fixture
def cluster() -> Cluster:
    """v1 serves from blue; green has no pods."""
    return Cluster.of(
        deployments=[deployment("blue", "v1", replicas=3), deployment("green", "v0", replicas=0)],
        services=[service("blue")],
    )


def stage(cluster: Cluster, version: str = "v2") -> BlueGreenProvider:
    """A version stands ready beside the one that serves."""
    provider = make_provider(cluster)
    provider.stage(version)
    cluster.controllers.settle()
    return provider


def selector(cluster: Cluster) -> str:
    return str(cluster.stub.get("services", "shop")["spec"]["selector"]["part"])


def test_it_is_a_provider_that_can_carry_a_mark(cluster: Cluster) -> None:
    provider: Provider = make_provider(cluster)

    assert isinstance(provider, Fencing)
    assert provider.capabilities.weights == "none"
    assert Strategy.BLUE_GREEN in provider.capabilities.strategies
    assert provider.check() == ()


def test_one_version_alone(cluster: Cluster) -> None:
    seen = make_provider(cluster).observe()

    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)
    assert seen.ready == {"v1": Readiness(3, 3)}


def test_a_staged_version_gets_as_many_pods_and_no_traffic(cluster: Cluster) -> None:
    provider = make_provider(cluster)

    provider.stage("v2")

    assert not provider.observe().is_ready("v2")
    cluster.controllers.settle()
    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", "v2", 0, Motion.IDLE)
    assert seen.ready["v2"] == Readiness(3, 3)
    assert seen.serving == {"v1"}


def test_all_of_the_traffic_moves_by_the_label_that_differs(cluster: Cluster) -> None:
    provider = stage(cluster)

    provider.shift("v2", 100)

    assert cluster.stub.get("services", "shop")["spec"]["selector"] == {"app": "shop", "part": "green"}
    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight) == ("v1", "v2", 100)
    assert cluster.stub.writes[-1].content_type == "application/merge-patch+json"
    assert cluster.stub.writes[-1].body["metadata"]["resourceVersion"]


def test_a_version_that_is_not_ready_gets_no_traffic(cluster: Cluster) -> None:
    provider = stage(cluster, "bad")

    with pytest.raises(ProviderRefusedError, match="bad is not ready: 0 of 3 pods"):
        provider.shift("bad", 100)

    seen = provider.observe()
    assert selector(cluster) == "blue"
    assert "bad: 3 pods not ready: ImagePullBackOff" in seen.notes


def test_a_version_that_is_given_up_is_said_to_be(cluster: Cluster) -> None:
    provider = stage(cluster, "bad")
    cluster.controllers.tick(20)

    assert provider.observe().motion is Motion.DEGRADED


def test_half_of_the_pods_are_not_enough(cluster: Cluster) -> None:
    provider = stage(cluster)
    pod = next(one for one in cluster.stub.all("pods") if one["metadata"]["labels"]["part"] == "green")
    cluster.stub.edit("pods", pod["metadata"]["name"], lambda one: one["status"].update(conditions=[]))

    with pytest.raises(ProviderRefusedError, match="2 of 3 pods"):
        provider.shift("v2", 100)


def test_the_old_version_stays_warm_after_the_promotion_until_it_is_retired(cluster: Cluster) -> None:
    provider = stage(cluster)
    provider.shift("v2", 100)
    provider.promote("v2")

    warm = provider.observe()
    assert (warm.stable, warm.candidate, warm.weight) == ("v2", "v1", 0)
    assert warm.is_ready("v1")

    provider.retire("v1")
    assert provider.observe().candidate == "v1", "its pods have not ended yet"
    cluster.controllers.settle()
    assert provider.observe().candidate is None


def test_pods_that_still_end_are_instances(cluster: Cluster) -> None:
    provider = stage(cluster)
    provider.shift("v2", 100)
    provider.promote("v2")
    cluster.controllers.stuck_endings = True

    provider.retire("v1")
    cluster.controllers.settle()

    seen = provider.observe()
    assert seen.candidate == "v1"
    assert "v1: 3 pods still ending" in seen.notes


@pytest.mark.parametrize("promoted", [False, True])
def test_the_way_back_is_one_write(cluster: Cluster, promoted: bool) -> None:
    provider = stage(cluster)
    provider.shift("v2", 100)
    if promoted:
        provider.promote("v2")
    written = len(cluster.stub.writes)

    provider.abort("v1")

    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight) == ("v1", "v2", 0)
    assert seen.motion is not Motion.PROGRESSING
    assert len(cluster.stub.writes) == written + 1


def test_the_way_back_needs_one_pod_that_is_ready_and_no_more(cluster: Cluster) -> None:
    provider = stage(cluster)
    provider.shift("v2", 100)
    first, *others = [one for one in cluster.stub.all("pods") if one["metadata"]["labels"]["part"] == "blue"]
    for pod in others:
        cluster.stub.remove("pods", pod["metadata"]["name"])

    provider.abort("v1")

    assert selector(cluster) == "blue"
    assert first["metadata"]["labels"]["part"] == "blue"


def test_the_traffic_does_not_go_back_to_nobody(cluster: Cluster) -> None:
    provider = stage(cluster)
    provider.shift("v2", 100)
    provider.promote("v2")
    provider.retire("v1")
    cluster.controllers.settle()

    with pytest.raises(ProviderRefusedError, match="v1 has no pod that is ready") as caught:
        provider.abort("v1")

    assert selector(cluster) == "green"
    assert caught.value.hint == "it was retired: deploy v1 as any other version"


def test_the_next_rollout_goes_the_other_way(cluster: Cluster) -> None:
    provider = stage(cluster)
    provider.shift("v2", 100)
    provider.promote("v2")
    provider.retire("v1")
    cluster.controllers.settle()

    stage(cluster, "v3")
    provider.shift("v3", 100)

    assert selector(cluster) == "blue"
    assert provider.observe().candidate == "v3"


def test_what_serves_is_neither_staged_nor_retired(cluster: Cluster) -> None:
    provider = stage(cluster)

    with pytest.raises(ProviderRefusedError, match="v1 has the traffic already"):
        provider.stage("v1")
    with pytest.raises(ProviderRefusedError, match="v1 has traffic"):
        provider.retire("v1")
    with pytest.raises(ProviderRefusedError, match="v2 has not the traffic: v1 has it"):
        provider.promote("v2")


def test_a_version_that_is_nowhere(cluster: Cluster) -> None:
    provider = make_provider(cluster)

    for verb in (lambda: provider.shift("v7", 100), lambda: provider.abort("v7")):
        with pytest.raises(ProviderRefusedError, match="v7 is in neither Deployment: they have v1 and v0"):
            verb()
    provider.retire("v7")
    assert cluster.stub.writes == []


def test_parts_of_the_traffic_are_refused(cluster: Cluster) -> None:
    with pytest.raises(ProviderRefusedError, match="all of the traffic or none, and not 20 %"):
        stage(cluster).shift("v2", 20)


def test_every_verb_twice_is_every_verb_once(cluster: Cluster) -> None:
    for verb in (
        lambda one: one.stage("v2"),
        lambda one: one.shift("v2", 100),
        lambda one: one.promote("v2"),
        lambda one: one.abort("v1"),
        lambda one: one.retire("v2"),
    ):
        verb(make_provider(cluster))
        cluster.controllers.settle()
        written = len(cluster.stub.writes)
        verb(make_provider(cluster))
        assert len(cluster.stub.writes) == written


def test_a_selector_that_somebody_else_turns_is_not_turned_back_unseen(cluster: Cluster) -> None:
    provider = stage(cluster)
    provider.observe()
    cluster.stub.edit("services", "shop", lambda one: one["spec"]["selector"].update(part="green"))

    seen = make_provider(cluster).observe()
    assert (seen.stable, seen.weight) == ("v2", 0), "nobody has promoted anything yet: what serves is the stable one"
    cluster.stub.before_write = lambda: cluster.stub.edit(
        "services", "shop", lambda one: one["spec"]["selector"].update(part="none")
    )
    with pytest.raises(ConflictError):
        provider.promote("v2")


def test_somebody_who_rolls_what_serves_is_seen(cluster: Cluster) -> None:
    provider = stage(cluster)
    provider.shift("v2", 100)
    provider.promote("v2")
    set_image(cluster, "v9", name="green")
    cluster.controllers.settle()

    seen = provider.observe()

    assert (seen.stable, seen.candidate, seen.weight) == ("v2", "v9", 100)


def test_a_later_coordinator_keeps_the_earlier_one_out_of_all_three_objects(cluster: Cluster) -> None:
    early = make_provider(cluster)
    early.fence(3)
    make_provider(cluster).fence(4)

    with pytest.raises(ProviderRefusedError, match="a later coordinator has taken over"):
        early.stage("v2")

    assert cluster.stub.get("deployments", "green")["spec"]["replicas"] == 0


@pytest.mark.parametrize(
    ("wanted", "said"), [({"app": "shop"}, "both Deployments"), ({"app": "none"}, "neither of the two Deployments")]
)
def test_a_service_that_does_not_choose(cluster: Cluster, wanted: dict[str, str], said: str) -> None:
    cluster.stub.edit("services", "shop", lambda one: one["spec"].update(selector=wanted))
    provider = make_provider(cluster)

    (sentence,) = provider.check()

    assert said in sentence
    assert provider.observe().motion is Motion.DEGRADED
    with pytest.raises(ProviderRefusedError):
        provider.stage("v2")


def test_what_is_missing_is_said_before_anything_is_moved(cluster: Cluster) -> None:
    cluster.stub.remove("services", "shop")
    cluster.stub.remove("deployments", "green")
    provider = make_provider(cluster)

    assert provider.check() == (
        "there is no Service shop in namespace shop (context test)",
        "there is no Deployment green in namespace shop (context test)",
    )
    with pytest.raises(NotThereError):
        provider.stage("v2")


def test_the_switch_is_left_to_the_tool_that_keeps_the_service_and_the_way_back_is_not(cluster: Cluster) -> None:
    provider = stage(cluster)
    mark = {"labels": {"argocd.argoproj.io/instance": "shop"}}
    cluster.stub.edit("services", "shop", lambda one: one["metadata"].update(mark))

    with pytest.raises(ProviderRefusedError, match="Service shop is kept by Argo CD"):
        provider.shift("v2", 100)
    cluster.stub.edit("services", "shop", lambda one: one["spec"]["selector"].update(part="green"))
    make_provider(cluster).abort("v1")

    assert selector(cluster) == "blue"


@pytest.mark.parametrize("after", range(1, 7))
def test_a_coordinator_that_is_killed_after_any_write_leaves_what_the_next_one_can_finish(
    cluster: Cluster, after: int
) -> None:
    kill_after(cluster, after)

    for verb in (
        lambda one: one.stage("v2"),
        lambda one: one.shift("v2", 100),
        lambda one: one.promote("v2"),
        lambda one: one.abort("v1"),
        lambda one: one.shift("v2", 100),
        lambda one: one.promote("v2"),
        lambda one: one.retire("v1"),
    ):
        try:
            verb(make_provider(cluster))
        except Killed:
            before = make_provider(cluster).observe()
            assert before.weight in {0, 100}
            verb(make_provider(cluster))
        cluster.controllers.settle()

    seen = make_provider(cluster).observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v2", None, 0, Motion.IDLE)
