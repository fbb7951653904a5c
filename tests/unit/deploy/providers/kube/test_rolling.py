"""One Deployment, before a stub cluster whose controllers do what real ones were seen to do."""

from __future__ import annotations

import pytest

from kube_scenes import IMAGE, Cluster, Killed, deployment, kill_after, named_image, set_image
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.provider import Fencing, Provider
from migsafe.deploy.providers.kube.image import Image
from migsafe.deploy.providers.kube.keeper import Keeping
from migsafe.deploy.providers.kube.marks import FENCE, STABLE
from migsafe.deploy.providers.kube.rolling import RollingProvider
from migsafe.deploy.providers.kubectl import ConflictError, ForbiddenError, NotThereError
from migsafe.deploy.words import Motion, Readiness, Strategy


def make_provider(
    cluster: Cluster, strategy: Strategy = Strategy.ROLLING, gitops: bool | None = None
) -> RollingProvider:
    return RollingProvider(cluster.kubectl, "web", Image("web", IMAGE), strategy, Keeping(gitops))


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.of(deployments=[deployment()])


def test_it_is_a_provider_that_can_carry_a_mark(cluster: Cluster) -> None:
    provider: Provider = make_provider(cluster)

    assert isinstance(provider, Fencing)
    assert Strategy.CANARY not in provider.capabilities.strategies


def test_one_version_alone(cluster: Cluster) -> None:
    seen = make_provider(cluster).observe()

    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)
    assert seen.ready == {"v1": Readiness(4, 4)}
    assert seen.notes == ()


def test_looking_writes_nothing(cluster: Cluster) -> None:
    provider = make_provider(cluster)

    provider.observe()
    provider.check()

    assert cluster.stub.writes == []


def test_pods_are_replaced_step_by_step_and_the_weight_is_their_share(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.shift("v2", 100)

    weights = []
    while (seen := provider.observe()).motion is Motion.PROGRESSING:
        assert (seen.stable, seen.candidate) == ("v1", "v2")
        weights.append(seen.weight)
        cluster.controllers.tick()

    assert weights == sorted(weights)
    assert weights[0] == 1, "a pod of it may be ready at any moment"
    assert 0 < weights[len(weights) // 2] < 100
    assert (seen.weight, seen.motion, seen.is_ready("v2")) == (100, Motion.IDLE, True)


def test_all_of_the_traffic_is_not_said_before_the_last_old_pod_has_ended(cluster: Cluster) -> None:
    cluster.controllers.stuck_endings = True
    provider = make_provider(cluster)

    provider.shift("v2", 100)
    cluster.controllers.settle()

    seen = provider.observe()
    assert (seen.weight, seen.motion) == (100, Motion.PROGRESSING)
    assert "v1: 4 pods still ending" in seen.notes


def test_pods_that_an_autoscaler_ends_are_no_rollout(cluster: Cluster) -> None:
    cluster.controllers.stuck_endings = True
    before = make_provider(cluster).observe()

    cluster.stub.edit("deployments", "web", lambda one: one["spec"].update(replicas=2))
    cluster.controllers.settle()

    seen = make_provider(cluster).observe()
    assert seen.motion is Motion.IDLE
    assert seen.etag == before.etag


def test_the_promoted_version_is_remembered_in_the_cluster(cluster: Cluster) -> None:
    make_provider(cluster).shift("v2", 100)
    assert cluster.stub.get("deployments", "web")["metadata"]["annotations"][STABLE] == "v1"
    cluster.controllers.settle()

    make_provider(cluster).promote("v2")

    seen = make_provider(cluster).observe()
    assert (seen.stable, seen.candidate, seen.weight) == ("v2", None, 0)


def test_a_version_is_not_promoted_before_it_has_all_pods(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.shift("v2", 100)
    cluster.controllers.tick(2)

    with pytest.raises(ProviderRefusedError, match="v2 has not all the traffic yet"):
        provider.promote("v2")
    with pytest.raises(ProviderRefusedError, match="v3 is not what the Deployment runs: v2 is"):
        provider.promote("v3")


def test_a_version_that_never_becomes_ready_is_given_up_and_taken_back(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.shift("bad", 100)
    cluster.controllers.tick(20)

    seen = provider.observe()
    assert seen.motion is Motion.DEGRADED
    assert not seen.is_ready("bad")
    assert 0 < seen.weight < 100
    assert any("has timed out progressing" in note for note in seen.notes)
    assert "bad: 2 pods not ready: ImagePullBackOff" in seen.notes

    provider.abort("v1")
    cluster.controllers.settle()

    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)


def test_the_way_back_gives_the_whole_template_back(cluster: Cluster) -> None:
    """As `kubectl rollout undo` does: what was changed beside the image goes back with it."""
    old = cluster.stub.get("deployments", "web")["spec"]["template"]
    provider = make_provider(cluster)
    provider.shift("v2", 100)
    cluster.stub.edit(
        "deployments",
        "web",
        lambda one: one["spec"]["template"]["spec"]["containers"][0].update(env=[{"name": "NEW", "value": "1"}]),
    )
    cluster.controllers.settle()

    provider.abort("v1")

    assert cluster.stub.get("deployments", "web")["spec"]["template"] == old


def test_the_way_back_without_a_history_sets_the_image(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.shift("v2", 100)
    cluster.controllers.settle()
    old = next(one for one in cluster.stub.all("replicasets") if one["spec"]["replicas"] == 0)
    cluster.stub.remove("replicasets", old["metadata"]["name"])

    provider.abort("v1")
    cluster.controllers.settle()

    assert provider.observe().ready == {"v1": Readiness(4, 4)}


def test_going_back_after_the_promotion(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.shift("v2", 100)
    cluster.controllers.settle()
    provider.promote("v2")

    provider.abort("v1")

    on_the_way = provider.observe()
    assert (on_the_way.stable, on_the_way.candidate) == ("v1", "v2")
    cluster.controllers.settle()
    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)


def test_a_way_back_ends_a_pause_that_somebody_has_made(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.shift("v2", 100)
    cluster.controllers.tick(2)
    cluster.stub.edit("deployments", "web", lambda one: one["spec"].update(paused=True))
    cluster.controllers.tick()
    assert provider.observe().motion is Motion.PAUSED

    provider.abort("v1")
    cluster.controllers.settle()

    assert provider.observe().ready == {"v1": Readiness(4, 4)}


def test_nothing_is_ordered_of_a_paused_deployment(cluster: Cluster) -> None:
    cluster.stub.edit("deployments", "web", lambda one: one["spec"].update(paused=True))

    with pytest.raises(ProviderRefusedError, match="is paused") as caught:
        make_provider(cluster).shift("v2", 100)

    assert caught.value.hint == "kubectl rollout resume deployment/web"
    assert cluster.stub.writes == []


def test_every_verb_twice_is_every_verb_once(cluster: Cluster) -> None:
    for verb in (
        lambda one: one.shift("v2", 100),
        lambda one: one.promote("v2"),
        lambda one: one.retire("v1"),
        lambda one: one.abort("v1"),
    ):
        verb(make_provider(cluster))
        cluster.controllers.settle()
        written = len(cluster.stub.writes)
        verb(make_provider(cluster))
        assert len(cluster.stub.writes) == written


def test_what_somebody_else_changes_after_the_look_is_not_written_over(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.observe()
    set_image(cluster, "v9")

    with pytest.raises(ConflictError, match="somebody else has changed deployments"):
        provider.shift("v2", 100)

    assert current(cluster) == "v9"


def test_what_somebody_else_changes_between_reading_and_writing_is_not_written_over(cluster: Cluster) -> None:
    cluster.stub.before_write = lambda: set_image(cluster, "v9")
    provider = make_provider(cluster)
    provider.observe()

    with pytest.raises(ConflictError):
        provider.shift("v2", 100)

    assert current(cluster) == "v9"


def test_a_mark_that_is_written_does_not_hide_what_somebody_else_has_changed(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.observe()
    set_image(cluster, "v9")
    provider.fence(7)

    with pytest.raises(ConflictError):
        provider.shift("v2", 100)

    assert current(cluster) == "v9"


def test_a_first_write_without_a_look_is_not_written_over_either(cluster: Cluster) -> None:
    cluster.stub.before_write = lambda: set_image(cluster, "v9")

    with pytest.raises(ConflictError):
        make_provider(cluster).shift("v2", 100)

    assert current(cluster) == "v9"


def test_what_a_controller_writes_in_between_is_no_conflict(cluster: Cluster) -> None:
    cluster.stub.before_write = lambda: cluster.stub.edit(
        "deployments", "web", lambda one: one["status"].update(readyReplicas=3)
    )
    provider = make_provider(cluster)
    provider.observe()

    provider.shift("v2", 100)

    assert current(cluster) == "v2"


def test_the_way_back_is_not_stopped_by_anybody(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.shift("v2", 100)
    provider.observe()
    set_image(cluster, "v9")
    cluster.controllers.tick()
    cluster.stub.before_write = lambda: set_image(cluster, "v10")

    provider.abort("v1")

    assert current(cluster) == "v1"


def test_an_image_that_nobody_knows_is_shown_as_it_is(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.shift("v2", 100)
    cluster.controllers.settle()
    provider.promote("v2")
    cluster.stub.edit(
        "deployments",
        "web",
        lambda one: one["spec"]["template"]["spec"]["containers"][0].update(image="elsewhere/shop:latest"),
    )
    cluster.controllers.settle()

    seen = provider.observe()

    assert (seen.stable, seen.candidate, seen.weight) == ("v2", "elsewhere/shop:latest", 100)


def test_an_image_that_nobody_knows_may_be_what_is_gone_back_to() -> None:
    unknown = deployment()
    unknown["spec"]["template"]["spec"]["containers"][0]["image"] = "elsewhere/shop:latest"
    cluster = Cluster.of(deployments=[unknown])
    provider = make_provider(cluster, gitops=False)
    provider.shift("v2", 100)
    cluster.controllers.tick(2)
    assert make_provider(cluster, gitops=True).observe().stable == "elsewhere/shop:latest"

    provider.abort("elsewhere/shop:latest")
    cluster.controllers.settle()

    assert named_image(cluster) == "elsewhere/shop:latest"
    assert provider.observe().candidate is None


def test_a_later_coordinator_keeps_the_earlier_one_out(cluster: Cluster) -> None:
    early, late = make_provider(cluster), make_provider(cluster)
    early.fence(3)
    late.fence(4)

    with pytest.raises(ProviderRefusedError, match="a later coordinator has taken over"):
        early.shift("v2", 100)
    with pytest.raises(ProviderRefusedError):
        early.fence(3)
    late.shift("v2", 100)

    assert cluster.stub.get("deployments", "web")["metadata"]["annotations"][FENCE] == "4"


def test_recreate_has_a_gap_in_which_nobody_is_ready(cluster: Cluster) -> None:
    cluster.stub.edit("deployments", "web", lambda one: one["spec"].update(strategy={"type": "Recreate"}))
    provider = make_provider(cluster, Strategy.RECREATE)
    assert provider.check() == ()

    provider.shift("v2", 100)
    cluster.controllers.tick()

    seen = provider.observe()
    assert sum(one.ready for one in seen.ready.values()) == 0
    cluster.controllers.settle()
    assert provider.observe().is_ready("v2")


@pytest.mark.parametrize("weight", [0, 5, 99])
def test_parts_of_the_traffic_are_refused(cluster: Cluster, weight: int) -> None:
    with pytest.raises(ProviderRefusedError, match=f"and not {weight} %"):
        make_provider(cluster).shift("v2", weight)


def test_a_version_that_is_no_tag_is_refused(cluster: Cluster) -> None:
    with pytest.raises(ProviderRefusedError, match="cannot be the version of an image"):
        make_provider(cluster).shift("v2 --image=x", 100)


def test_staging_is_refused(cluster: Cluster) -> None:
    with pytest.raises(ProviderRefusedError, match="without traffic"):
        make_provider(cluster).stage("v2")


def test_what_runs_is_not_retired(cluster: Cluster) -> None:
    with pytest.raises(ProviderRefusedError, match="v1 is what the Deployment runs"):
        make_provider(cluster).retire("v1")


def test_a_deployment_that_does_not_exist(cluster: Cluster) -> None:
    cluster.stub.remove("deployments", "web")

    with pytest.raises(NotThereError, match="there is no Deployment web in namespace shop"):
        make_provider(cluster).observe()
    with pytest.raises(NotThereError):
        make_provider(cluster).shift("v2", 100)


def test_a_right_that_is_taken_away_in_the_midst(cluster: Cluster) -> None:
    cluster.stub.denied.add(("patch", "deployments"))

    with pytest.raises(ForbiddenError, match="deployer has no right to patch deployments in namespace shop"):
        make_provider(cluster).shift("v2", 100)

    assert current(cluster) == "v1"


@pytest.mark.parametrize(
    ("mark", "tool"),
    [
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}}, "Argo CD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}}, "Flux"),
    ],
)
def test_a_step_forward_is_left_to_the_tool_that_keeps_the_deployment(
    cluster: Cluster, mark: dict[str, dict[str, str]], tool: str
) -> None:
    cluster.stub.edit("deployments", "web", lambda one: one["metadata"].update(mark))

    with pytest.raises(ProviderRefusedError, match=f"kept by {tool}: commit image registry.example/shop:v2"):
        make_provider(cluster).shift("v2", 100)
    make_provider(cluster, gitops=False).shift("v2", 100)

    assert current(cluster) == "v2"


def test_a_way_back_is_taken_at_once_and_the_commit_is_asked_for(cluster: Cluster) -> None:
    make_provider(cluster).shift("v2", 100)
    cluster.controllers.settle()
    provider = make_provider(cluster, gitops=True)

    provider.abort("v1")

    assert current(cluster) == "v1"
    assert "Deployment web is kept by git: commit image registry.example/shop:v1, or it comes back" in (
        provider.observe().notes
    )


@pytest.mark.parametrize("after", range(1, 4))
def test_a_coordinator_that_is_killed_after_any_write_leaves_what_the_next_one_can_finish(after: int) -> None:
    """The whole way and back again; killed after a write, the same verb is ordered again by a new one."""
    cluster = Cluster.of(deployments=[deployment()])
    kill_after(cluster, after)

    for verb, version in (("shift", "v2"), ("promote", "v2"), ("retire", "v1"), ("abort", "v1")):
        for _ in range(2):
            provider = make_provider(cluster)
            try:
                provider.shift(version, 100) if verb == "shift" else getattr(provider, verb)(version)
            except Killed:
                assert provider.observe().stable in {"v1", "v2"}
                continue
            break
        cluster.controllers.settle()

    seen = make_provider(cluster).observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)
    assert len(cluster.stub.writes) == 3


def current(cluster: Cluster) -> str:
    """The version that the Deployment names."""
    return Image("web", IMAGE).version(named_image(cluster))


def test_the_stub_gives_a_template_that_comes_back_a_new_revision(cluster: Cluster) -> None:
    """Measured: after v1, v2 and an undo the revision of v1 is 3, and 1 is gone."""
    provider = make_provider(cluster)
    provider.shift("v2", 100)
    cluster.controllers.settle()
    provider.abort("v1")
    cluster.controllers.settle()

    revisions = sorted(
        one["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for one in cluster.stub.all("replicasets")
    )
    assert revisions == ["2", "3"]
