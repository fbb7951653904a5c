"""The engines by their names in deploy.toml; one is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.deploy.provider import Provider
    from migsafe.deploy.providers.context import ProviderContext
    from migsafe.deploy.tables import Table

#: The module of each, which offers `open_provider(table, context)`.
PROVIDERS = MappingProxyType(
    {
        "local": "migsafe.deploy.providers.local",
        "kubernetes": "migsafe.deploy.providers.kubernetes",
        "argo-rollouts": "migsafe.deploy.providers.argo_rollouts",
        "aws-alb": "migsafe.deploy.providers.aws_alb",
        "command": "migsafe.deploy.providers.command",
    }
)


def open_provider(name: str, table: Table, context: ProviderContext) -> Provider:
    """A provider as deploy.toml describes it; nothing is asked of the engine yet.

    Args:
        name: one of `PROVIDERS`.
        table: the keys of `[provider]`.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong.
        EnvironmentFailedError: when a program or library that it needs is not there.
    """
    opened = cast("Callable[[Table, ProviderContext], Provider]", import_module(PROVIDERS[name]).open_provider)
    return opened(table, context)
