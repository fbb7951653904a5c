"""The provider `kubernetes`: plain Deployments, through kubectl. Rolling, recreate, and blue-green by a Service.

Keys of `[provider]`:
    context: which cluster, as `kubectl config get-contexts` calls it; there is no default.
    namespace: where the objects are.
    deployment: for `rolling` and `recreate`.
    blue, green, service: for `blue-green`: two Deployments, and the Service before them.
    container: which container of the pods has the application.
    image: how its image follows from the version, as `registry/shop:{version}`.
    gitops: whether git says what the objects are like; looked up in their labels, where it is not said.
    timeout: how long one request to the cluster may take; 30 s.
    kubectl: where the program is; the one on PATH.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.providers.kube.blue_green import BlueGreenProvider
from migsafe.deploy.providers.kube.image import read_image
from migsafe.deploy.providers.kube.keeper import read_keeping
from migsafe.deploy.providers.kube.rolling import RollingProvider
from migsafe.deploy.providers.kubectl import read_kubectl
from migsafe.deploy.words import Strategy

if TYPE_CHECKING:
    from migsafe.deploy.provider import Provider
    from migsafe.deploy.providers.context import ProviderContext
    from migsafe.deploy.tables import Table


def open_provider(table: Table, context: ProviderContext) -> Provider:
    """The provider for a strategy; nothing is asked of the cluster yet.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong.
        EnvironmentFailedError: when kubectl is not there.
    """
    cluster, image, keeping = read_kubectl(table, context.environ), read_image(table), read_keeping(table)
    made: Provider
    # A canary can be done by neither: that is said by what both can do, and not by the keys that the other one lacks.
    is_meant = context.strategy is Strategy.CANARY and not table.has("deployment") and table.has("blue")
    if context.strategy is Strategy.BLUE_GREEN or is_meant:
        table.text("deployment", None)  # what another environment's strategy may need stands beside it
        names, service = (table.text("blue"), table.text("green")), table.text("service")
        if names[0] == names[1]:
            raise table.error("green", "it has to be another Deployment than blue")
        made = BlueGreenProvider(cluster, names, service, image, keeping)
    else:
        for key in ("blue", "green", "service"):
            table.text(key, None)
        made = RollingProvider(cluster, table.text("deployment"), image, context.strategy, keeping)
    table.done()
    return made
