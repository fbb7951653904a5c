"""The keys of `[provider]` that the provider `argo-rollouts` has beside those of `kubectl`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.deploy.providers.kube.image import Image, read_image
from migsafe.deploy.providers.kube.keeper import Keeping, read_keeping

if TYPE_CHECKING:
    from migsafe.deploy.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is said of one Rollout.

    Attributes:
        follow: Argo goes from step to step by itself.
        replicas: pods of one version; None where weights are shares of the traffic.
        abort_within_s: how long a way back waits for Argo, in seconds.
    """

    name: str
    image: Image
    keeping: Keeping
    follow: bool
    replicas: int | None
    abort_within_s: float


def read_settings(table: Table) -> Settings:
    """The keys, read.

    Raises:
        ConfigurationError: when one is missing or wrong.
    """
    return Settings(
        name=table.text("rollout"),
        image=read_image(table),
        keeping=read_keeping(table),
        follow=table.flag("follow", False),
        replicas=table.whole("replicas", None, at_least=1),
        abort_within_s=table.duration_s("abort_within", 300.0),
    )
