"""The local engine: real processes of an application on one machine, with HAProxy in front. All four strategies."""

from migsafe.deploy.providers.local.provider import LocalProvider, open_provider

__all__ = ["LocalProvider", "open_provider"]
