"""The looks at a Rollout before anything is moved: a sentence for each thing that would go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.providers.kube.argo_steps import step_looks
from migsafe.deploy.providers.kube.looks import pod_looks
from migsafe.deploy.providers.kube.progress import is_paused, wanted_replicas
from migsafe.deploy.words import Strategy

if TYPE_CHECKING:
    from migsafe.deploy.providers.context import ProviderContext
    from migsafe.deploy.providers.kube.argo_settings import Settings
    from migsafe.deploy.providers.kubectl import Object

#: What a Rollout calls the strategies that it has.
KINDS = {Strategy.CANARY: "canary", Strategy.BLUE_GREEN: "blueGreen"}


def rollout_looks(rollout: Object, settings: Settings, context: ProviderContext) -> tuple[str, ...]:
    """Whether a Rollout can do what the plan says."""
    if said := _strategy_looks(rollout, settings.name, context.strategy):
        return said
    paused = f"Rollout {settings.name} is paused by hand: kubectl argo rollouts promote {settings.name}"
    return (
        *pod_looks(rollout, settings.image),
        *((paused,) if is_paused(rollout) else ()),
        *_replica_looks(rollout, settings),
        *_way_looks(rollout, settings, context),
    )


def _strategy_looks(rollout: Object, name: str, strategy: Strategy) -> tuple[str, ...]:
    """What makes every further look needless."""
    own = rollout["spec"].get("strategy", {})
    if strategy not in KINDS:
        return (f"a Rollout cannot do {strategy.value}: use canary or blue-green",)
    if KINDS[strategy] not in own:
        has = " and ".join(own) or "none"
        return (f"the strategy of Rollout {name} is {has}, and that of the plan is {strategy.value}",)
    if "template" not in rollout["spec"]:
        return (f"Rollout {name} takes its pods from elsewhere (workloadRef): migsafe needs a template in it",)
    return ()


def _replica_looks(rollout: Object, settings: Settings) -> tuple[str, ...]:
    wanted = wanted_replicas(rollout)
    if wanted == 0:
        return (f"Rollout {settings.name} has no pods: its replicas are 0",)
    if settings.replicas not in {None, wanted}:
        return (f"Rollout {settings.name} has {wanted} replicas, and [provider] says {settings.replicas}",)
    return ()


def _way_looks(rollout: Object, settings: Settings, context: ProviderContext) -> tuple[str, ...]:
    """How it goes from one version to the other."""
    if context.strategy is Strategy.CANARY:
        return step_looks(rollout, context.steps, settings.replicas, follow=settings.follow)
    if (rollout["spec"]["strategy"]["blueGreen"] or {}).get("autoPromotionEnabled", True):
        return (f"Rollout {settings.name} switches by itself: write autoPromotionEnabled: false",)
    return ()
