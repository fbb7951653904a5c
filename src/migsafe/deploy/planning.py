"""The shell around a release plan: reads deploy.toml, the project and the tracker, and moves nothing."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.deploy.checks.context import CheckContext
from migsafe.deploy.checks.registry import open_checks
from migsafe.deploy.gates import read_facts
from migsafe.deploy.notify.registry import look_at_sinks
from migsafe.deploy.plan import make_plan
from migsafe.deploy.providers.context import ProviderContext
from migsafe.deploy.providers.registry import open_provider
from migsafe.deploy.settings import find_deploy_file, read_settings
from migsafe.tracker.deployments import last_rehearsal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from migsafe.config import Config
    from migsafe.deploy.plan import ReleasePlan
    from migsafe.deploy.provider import Provider
    from migsafe.deploy.settings import DeploySettings
    from migsafe.deploy.verdict import Check

#: Beside deploy.toml: what a provider keeps between two calls.
STATE_FOLDER = ".migsafe/deploy"


def plan_release(
    config: Config,
    release: str,
    environment: str,
    deploy_file: Path | None = None,
    *,
    clock: Callable[[], datetime] | None = None,
) -> ReleasePlan:
    """The plan of a release, by what deploy.toml, the project and the tracker say.

    Args:
        deploy_file: the nearest `deploy.toml` when None.

    Raises:
        MigsafeError: see `api.plan_deploy`.
    """
    settings = read_settings(find_deploy_file(deploy_file), environment)
    with closing(provider_of(settings)) as provider:
        capabilities = provider.capabilities
        checks_of(settings, provider)  # what is wrong with one shows now, and not while code moves
    missing = look_at_sinks(settings.notify, os.environ)
    facts = read_facts(config, release, environment, rehearsed=last_rehearsal, clock=clock)
    plan = make_plan(settings, capabilities, facts.release, facts.schema)
    return plan if missing is None else replace(plan, warnings=(*plan.warnings, missing))


def provider_of(settings: DeploySettings) -> Provider:
    """The engine that a deploy.toml names; nothing is asked of it yet.

    Raises:
        ConfigurationError: when a key of `[provider]` is unknown, missing or wrong.
        EnvironmentFailedError: when a program or library that it needs is not there.
    """
    return open_provider(settings.provider, settings.provider_table, context_of(settings))


def checks_of(settings: DeploySettings, provider: Provider, database: str | None = None) -> tuple[Check, ...]:
    """The checks of a deploy.toml, in their order; nothing is looked at yet.

    Args:
        database: the target, as a person says it; None where there is none.

    Raises:
        ConfigurationError: when a key of a `[[check]]` is unknown, missing or wrong.
        EnvironmentFailedError: when a library that one needs is not there.
    """
    context = CheckContext(
        provider=provider,
        environment=settings.environment,
        folder=settings.provider_table.folder,
        probes=settings.probes,
        database=database,
    )
    return open_checks(settings.checks, context)


def context_of(settings: DeploySettings) -> ProviderContext:
    """What a provider is told beside its own table; the state of each environment has its own folder."""
    folder = settings.provider_table.folder
    return ProviderContext(
        folder=folder,
        environment=settings.environment,
        strategy=settings.strategy,
        probes=settings.probes,
        state=folder / STATE_FOLDER / settings.environment,
        steps=settings.steps,
    )
