"""A Rollout, before a stub cluster with a scripted Argo controller."""

from __future__ import annotations

from typing import Any

import pytest

from kube_scenes import IMAGE, Cluster, Killed, canary_steps, kill_after, named_image, rollout, set_image
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.provider import Fencing, Provider
from migsafe.deploy.providers.argo_rollouts import ArgoProvider
from migsafe.deploy.providers.kube.argo_settings import Settings
from migsafe.deploy.providers.kube.image import Image
from migsafe.deploy.providers.kube.keeper import Keeping
from migsafe.deploy.providers.kubectl import ConflictError, ForbiddenError, NotThereError
from migsafe.deploy.words import Motion, Strategy
from migsafe.errors import EnvironmentFailedError

STEPS = (5, 20, 50, 100)


def make_provider(cluster: Cluster, strategy: Strategy = Strategy.CANARY, **changes: Any) -> ArgoProvider:
    settings = {"keeping": Keeping(None), "follow": False, "replicas": None, "abort_within_s": 60.0, **changes}
    steps = STEPS if strategy is Strategy.CANARY else (100,)
    return ArgoProvider(
        cluster.kubectl, Settings(name="web", image=Image("web", IMAGE), **settings), cluster.context(strategy, *steps)
    )


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.of(rollouts=[rollout()])


def shift(cluster: Cluster, *weights: int, version: str = "v2") -> ArgoProvider:
    """So many parts, each of them reached."""
    provider = make_provider(cluster)
    for weight in weights:
        provider.shift(version, weight)
        cluster.controllers.settle()
    return provider


def sent(cluster: Cluster) -> list[Any]:
    """What was written to the status, without the resourceVersion that each of them carries."""
    written = [one.body for one in cluster.stub.writes if one.path.endswith("/status")]
    assert all(one["metadata"]["resourceVersion"] for one in written)
    return [one["status"] for one in written]


def test_it_is_a_provider_that_can_carry_a_mark(cluster: Cluster) -> None:
    provider: Provider = make_provider(cluster)

    assert isinstance(provider, Fencing)
    assert provider.capabilities.strategies == {Strategy.CANARY, Strategy.BLUE_GREEN}
    assert not provider.capabilities.stages
    assert provider.check() == ()


def test_one_version_alone(cluster: Cluster) -> None:
    seen = make_provider(cluster).observe()

    assert (seen.stable, seen.candidate, seen.weight, seen.motion, seen.notes) == ("v1", None, 0, Motion.IDLE, ())


def test_each_part_of_the_traffic_in_its_turn(cluster: Cluster) -> None:
    provider = make_provider(cluster)

    for weight in STEPS:
        provider.shift("v2", weight)
        assert provider.observe().motion is Motion.PROGRESSING
        cluster.controllers.settle()
        seen = provider.observe()
        assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", "v2", weight, Motion.IDLE)
        assert seen.is_ready("v2")

    assert sent(cluster) == [{"pauseConditions": None}] * 3


def test_a_part_that_is_ordered_twice_does_not_become_the_next_one(cluster: Cluster) -> None:
    shift(cluster, 5)
    make_provider(cluster).shift("v2", 20)
    make_provider(cluster).shift("v2", 20)
    cluster.controllers.settle()
    make_provider(cluster).shift("v2", 20)
    cluster.controllers.settle()

    assert make_provider(cluster).observe().weight == 20
    assert len(sent(cluster)) == 1


def test_a_status_of_an_older_spec_is_not_believed(cluster: Cluster) -> None:
    shift(cluster, 5, 20, 50, 100)
    make_provider(cluster).promote("v2")
    cluster.controllers.settle()
    assert make_provider(cluster).observe().motion is Motion.IDLE

    make_provider(cluster).shift("v3", 5)

    seen = make_provider(cluster).observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v2", "v3", 0, Motion.PROGRESSING)


def test_promotion_skips_what_is_left_of_the_steps(cluster: Cluster) -> None:
    provider = shift(cluster, *STEPS)

    provider.promote("v2")

    assert sent(cluster)[-1] == {"promoteFull": True}
    seen = provider.observe()
    assert (seen.stable, seen.weight) == ("v2", 0)
    cluster.controllers.settle()
    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v2", None, 0, Motion.IDLE)


def test_promotion_where_argo_has_promoted_by_itself(cluster: Cluster) -> None:
    steps = canary_steps(5, 20, 50)
    cluster = Cluster.of(rollouts=[rollout(strategy={"canary": {"trafficRouting": {"nginx": {}}, "steps": steps}})])
    provider = shift(cluster, *STEPS)
    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight) == ("v1", "v2", 100)

    provider.promote("v2")

    assert provider.observe().stable == "v2"
    assert {"promoteFull": True} not in sent(cluster)


def test_a_part_is_not_promoted(cluster: Cluster) -> None:
    provider = shift(cluster, 5, 20)

    with pytest.raises(ProviderRefusedError, match="v2 has 20 % of the traffic, and not all of it"):
        provider.promote("v2")
    with pytest.raises(ProviderRefusedError, match="the Rollout names v2, and not v3"):
        provider.promote("v3")


@pytest.mark.parametrize("reached", range(1, 5))
def test_the_way_back_from_each_part(cluster: Cluster, reached: int) -> None:
    provider = shift(cluster, *STEPS[:reached])

    provider.abort("v1")

    assert sent(cluster)[-1] == {"abort": True}
    assert named_image(cluster, plural="rollouts") == IMAGE.format(version="v1")
    assert provider.observe().weight == 0
    cluster.controllers.settle()
    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)


def test_the_template_comes_back_only_when_the_traffic_has(cluster: Cluster) -> None:
    """Leaving the aborted state goes to the new version again, as long as the template names it."""
    shift(cluster, 5, 20)
    order: list[tuple[str, int]] = []
    stub = cluster.stub
    edit = stub.edit

    def watched(plural: str, name: str, change: Any) -> Any:
        found = edit(plural, name, change)
        if plural == "rollouts":
            weights = found["status"].get("canary", {}).get("weights", {})
            order.append((named_image(cluster, plural="rollouts"), weights.get("canary", {}).get("weight", 0)))
        return found

    stub.edit = watched  # type: ignore[method-assign]  # a look at each write
    make_provider(cluster).abort("v1")

    last = [weight for image, weight in order if image == IMAGE.format(version="v2")][-1]
    assert last == 0
    assert named_image(cluster, plural="rollouts") == IMAGE.format(version="v1")


def test_the_way_back_before_argo_has_seen_the_new_version(cluster: Cluster) -> None:
    make_provider(cluster).shift("v2", 5)

    make_provider(cluster).abort("v1")
    cluster.controllers.settle()

    seen = make_provider(cluster).observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)


def test_going_back_after_the_promotion_skips_the_steps(cluster: Cluster) -> None:
    provider = shift(cluster, *STEPS)
    provider.promote("v2")
    cluster.controllers.settle()

    provider.abort("v1")

    assert sent(cluster)[-1] == {"promoteFull": True}
    cluster.controllers.settle()
    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)


def test_on_the_way_back_after_a_promotion_both_versions_are_seen(cluster: Cluster) -> None:
    provider = shift(cluster, *STEPS)
    provider.promote("v2")
    cluster.controllers.settle()
    set_image(cluster, "v1", plural="rollouts")
    cluster.stub.edit(
        "rollouts", "web", lambda one: one["metadata"]["annotations"].update({"migsafe.dev/stable": "v1"})
    )

    assert (provider.observe().candidate, provider.observe().weight) == ("v2", 100)
    cluster.controllers.settle()
    assert (provider.observe().candidate, provider.observe().weight) == ("v2", 95)


def test_a_version_that_never_becomes_ready(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    provider.shift("bad", 5)
    cluster.controllers.settle()

    seen = provider.observe()
    assert (seen.weight, seen.motion, seen.is_ready("bad")) == (0, Motion.PROGRESSING, False)
    assert "bad: 1 pod not ready: ImagePullBackOff" in seen.notes

    provider.abort("v1")
    cluster.controllers.settle()
    assert provider.observe().candidate is None


def test_an_analysis_of_argo_that_fails_is_seen_and_gone_back_from(cluster: Cluster) -> None:
    cluster.stub.edit(
        "rollouts", "web", lambda one: one["spec"]["strategy"]["canary"].update(analysis={"startingStep": 2})
    )
    provider = shift(cluster, 5, version="sick")
    assert provider.observe().motion is Motion.IDLE

    provider.shift("sick", 20)
    cluster.controllers.settle()

    seen = provider.observe()
    assert (seen.weight, seen.motion) == (0, Motion.DEGRADED)
    assert "Rollout web: RolloutAborted: Rollout aborted update" in seen.notes
    with pytest.raises(ProviderRefusedError, match="sick was aborted"):
        provider.shift("sick", 20)

    provider.abort("v1")
    cluster.controllers.settle()
    assert (provider.observe().candidate, provider.observe().motion) == (None, Motion.IDLE)
    assert {"abort": True} not in sent(cluster), "Argo has aborted it already"


def test_an_analysis_that_cannot_tell_is_left_to_a_person(cluster: Cluster) -> None:
    provider = shift(cluster, 5)
    cluster.stub.edit(
        "rollouts", "web", lambda one: one["status"].update(pauseConditions=[{"reason": "InconclusiveAnalysisRun"}])
    )

    assert provider.observe().motion is Motion.PAUSED
    with pytest.raises(ProviderRefusedError, match="Argo's analysis cannot tell how v2 does"):
        provider.shift("v2", 20)


def test_a_rollout_that_somebody_has_paused(cluster: Cluster) -> None:
    provider = shift(cluster, 5)
    cluster.stub.edit("rollouts", "web", lambda one: one["spec"].update(paused=True))
    cluster.controllers.settle()

    seen = provider.observe()
    assert seen.motion is Motion.PAUSED
    assert "Rollout web is paused by hand: kubectl argo rollouts promote web" in seen.notes


def test_nothing_is_ordered_of_a_paused_rollout_and_the_way_back_ends_the_pause(cluster: Cluster) -> None:
    provider = shift(cluster, 5)
    cluster.stub.edit("rollouts", "web", lambda one: one["spec"].update(paused=True))
    cluster.controllers.settle()

    provider.observe()
    with pytest.raises(ProviderRefusedError, match="paused by hand"):
        provider.shift("v2", 20)
    provider.abort("v1")
    cluster.controllers.settle()

    assert (provider.observe().candidate, provider.observe().motion) == (None, Motion.IDLE)


@pytest.mark.parametrize(
    ("reached", "asked", "said"),
    [
        ((5, 20), 5, "v2 is at 20 %, and Argo does not go back to 5 %"),
        ((5,), 10, "after 5 % Argo gives 20 % to v2, and not 10 %"),
        ((), 20, "Argo begins with 5 % of the traffic, and not with 20 %"),
    ],
)
def test_parts_that_argo_does_not_give(cluster: Cluster, reached: tuple[int, ...], asked: int, said: str) -> None:
    provider = shift(cluster, *reached)
    written = len(cluster.stub.writes)

    with pytest.raises(ProviderRefusedError, match=said):
        provider.shift("v2", asked)

    assert len(cluster.stub.writes) == written


def test_without_a_router_the_weight_is_a_share_of_pods_and_said_to_be() -> None:
    strategy = {"canary": {"steps": canary_steps(25, 50, 100)}}
    cluster = Cluster.of(rollouts=[rollout(strategy=strategy)])
    provider = make_provider(cluster, replicas=4)
    assert (provider.capabilities.weights, provider.capabilities.replicas) == ("replicas", 4)

    provider.shift("v2", 25)
    cluster.controllers.settle()

    seen = provider.observe()
    assert (seen.weight, seen.ready["v1"].ready, seen.ready["v2"].ready) == (25, 3, 1)
    assert "Rollout web has no trafficRouting: the weight is a share of its pods" in seen.notes
    provider.abort("v1")
    cluster.controllers.settle()
    assert provider.observe().candidate is None


def test_where_argo_goes_by_itself_migsafe_looks_on() -> None:
    steps = [{"setWeight": 20}, {"pause": {"duration": "2"}}, {"setWeight": 50}, {"pause": {}}]
    cluster = Cluster.of(rollouts=[rollout(strategy={"canary": {"trafficRouting": {"nginx": {}}, "steps": steps}})])
    provider = make_provider(cluster, follow=True)
    assert provider.capabilities.engine_owns_steps

    provider.shift("v2", 100)
    seen: list[tuple[int, Motion]] = []
    for _ in range(12):
        cluster.controllers.tick()
        found = provider.observe()
        seen.append((found.weight, found.motion))

    assert [weight for weight, _ in seen] == sorted(weight for weight, _ in seen)
    assert {motion for weight, motion in seen if weight == 20} == {Motion.PROGRESSING}
    assert seen[-1] == (50, Motion.PROGRESSING)
    assert "Rollout web waits for somebody: kubectl argo rollouts promote web" in found.notes
    provider.shift("v2", 100)
    assert sent(cluster) == []


def test_an_argo_without_the_subresource_is_written_to_as_its_plugin_does(cluster: Cluster) -> None:
    provider = shift(cluster, 5)
    real = cluster.kubectl.patch

    def patch(reference: str, change: Any) -> Any:
        if change.subresource:
            raise NotThereError("the server could not find the requested resource")
        return real(reference, change)

    object.__setattr__(cluster.kubectl, "patch", patch)
    provider.shift("v2", 20)

    assert cluster.stub.writes[-1].body["status"] == {"pauseConditions": None}
    assert cluster.stub.writes[-1].path.endswith("/rollouts/web")


def test_what_somebody_else_changes_in_between_is_not_written_over(cluster: Cluster) -> None:
    provider = make_provider(cluster)
    cluster.stub.before_write = lambda: set_image(cluster, "v9", plural="rollouts")

    with pytest.raises(ConflictError):
        provider.shift("v2", 5)

    assert named_image(cluster, plural="rollouts") == IMAGE.format(version="v9")


def test_what_somebody_else_changes_after_the_look_is_not_gone_on_with(cluster: Cluster) -> None:
    provider = shift(cluster, 5)
    provider.observe()
    cluster.stub.edit("rollouts", "web", lambda one: one["spec"]["template"]["spec"].update(nodeName="other"))

    with pytest.raises(ConflictError):
        provider.shift("v2", 20)
    provider.abort("v1")


def test_under_gitops_the_traffic_goes_back_and_the_commit_is_asked_for(cluster: Cluster) -> None:
    shift(cluster, 5, 20)
    mark = {"argocd.argoproj.io/tracking-id": "shop"}
    cluster.stub.edit("rollouts", "web", lambda one: one["metadata"]["annotations"].update(mark))
    provider = make_provider(cluster)

    provider.abort("v1")

    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", "v2", 0, Motion.DEGRADED)
    assert named_image(cluster, plural="rollouts") == IMAGE.format(version="v2")
    assert any("kept by Argo CD: commit image registry.example/shop:v1" in note for note in seen.notes)
    with pytest.raises(ProviderRefusedError, match="kept by Argo CD"):
        provider.shift("v3", 5)


def test_under_gitops_a_promoted_version_goes_back_at_once(cluster: Cluster) -> None:
    provider = shift(cluster, *STEPS)
    provider.promote("v2")
    cluster.controllers.settle()

    make_provider(cluster, keeping=Keeping(True)).abort("v1")
    cluster.controllers.settle()

    assert provider.observe().ready.keys() == {"v1"}


def test_a_controller_that_is_away_is_not_waited_for_without_end(cluster: Cluster) -> None:
    provider = shift(cluster, 5)
    cluster.controllers.tick = lambda times=1: None  # type: ignore[method-assign]  # nobody is there
    context = cluster.context(Strategy.CANARY, *STEPS)
    asleep = ArgoProvider(cluster.kubectl, provider._settings, context)

    with pytest.raises(EnvironmentFailedError, match="v1 has not all of the traffic after 60 s") as caught:
        asleep.abort("v1")

    assert caught.value.hint is not None
    assert cluster.stub.get("rollouts", "web")["status"]["abort"] is True
    assert named_image(cluster, plural="rollouts") == IMAGE.format(version="v2")


def test_a_right_that_is_taken_away_in_the_midst(cluster: Cluster) -> None:
    provider = shift(cluster, 5)
    cluster.stub.denied.add(("patch", "rollouts/status"))

    with pytest.raises(ForbiddenError, match="no right to patch rollouts/status in namespace shop"):
        provider.shift("v2", 20)


def test_a_preview_is_staged_switched_promoted_and_gone_back_from() -> None:
    strategy = {"blueGreen": {"activeService": "a", "previewService": "p", "autoPromotionEnabled": False}}
    cluster = Cluster.of(rollouts=[rollout(strategy=strategy)])
    provider = make_provider(cluster, Strategy.BLUE_GREEN)
    assert provider.check() == ()
    assert provider.capabilities.stages

    provider.stage("v2")
    with pytest.raises(ProviderRefusedError, match="v2 is not ready yet"):
        provider.shift("v2", 100)
    cluster.controllers.settle()
    staged = provider.observe()
    assert (staged.stable, staged.candidate, staged.weight, staged.motion) == ("v1", "v2", 0, Motion.IDLE)
    assert staged.is_ready("v2")

    provider.shift("v2", 100)
    provider.shift("v2", 100)
    cluster.controllers.settle()
    assert (provider.observe().stable, provider.observe().weight) == ("v1", 100)

    provider.promote("v2")
    cluster.controllers.settle()
    assert provider.observe().stable == "v2"

    provider.abort("v1")
    cluster.controllers.settle()
    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)


def test_a_preview_that_was_left_behind_is_not_one_that_is_staged() -> None:
    """Argo lets the pods of an aborted preview run on for a while (abortScaleDownDelaySeconds)."""
    strategy = {"blueGreen": {"activeService": "a", "autoPromotionEnabled": False}}
    cluster = Cluster.of(rollouts=[rollout(strategy=strategy)])
    provider = make_provider(cluster, Strategy.BLUE_GREEN)
    provider.stage("v2")
    cluster.controllers.settle()
    set_image(cluster, "v1", plural="rollouts")

    seen = provider.observe()

    assert (seen.candidate, seen.ready["v2"].ready, seen.is_ready("v1")) == ("v2", 0, True)


def test_a_preview_is_aborted() -> None:
    strategy = {"blueGreen": {"activeService": "a", "autoPromotionEnabled": False}}
    cluster = Cluster.of(rollouts=[rollout(strategy=strategy)])
    provider = make_provider(cluster, Strategy.BLUE_GREEN)
    provider.stage("v2")
    cluster.controllers.settle()

    provider.abort("v1")
    cluster.controllers.settle()

    assert (provider.observe().candidate, provider.observe().motion) == (None, Motion.IDLE)


@pytest.mark.parametrize("after", range(1, 11))
def test_a_coordinator_that_is_killed_after_any_write_leaves_what_the_next_one_can_finish(
    cluster: Cluster, after: int
) -> None:
    kill_after(cluster, after)
    orders: list[tuple[str, Any]] = [
        *(("shift", ("v2", weight)) for weight in STEPS),
        ("promote", ("v2",)),
        ("retire", ("v1",)),
        ("abort", ("v1",)),
        ("shift", ("v2", 5)),
        ("abort", ("v1",)),
    ]

    for verb, given in orders:
        try:
            getattr(make_provider(cluster), verb)(*given)
        except Killed:
            seen = make_provider(cluster).observe()
            assert {seen.stable, seen.candidate} <= {"v1", "v2", None}
            getattr(make_provider(cluster), verb)(*given)
        cluster.controllers.settle()

    seen = make_provider(cluster).observe()
    assert (seen.stable, seen.candidate, seen.weight, seen.motion) == ("v1", None, 0, Motion.IDLE)
