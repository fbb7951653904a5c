"""What the files of a deployment say about migrations and rollouts: one fact at one place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from migsafe.model.operation.base import BaseOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseDeployFact(BaseOperation):
    """One thing that a file of the deployment says. Rules look at facts as they do at operations.

    Attributes:
        span: the part of the file that says it.
        path: the file, as it is shown to people.
        line: from 1.
        column: from 1, in code points.
        text: what stands there, on one line.
    """

    path: str
    line: int
    column: int
    text: str


class Starts(StrEnum):
    """What it is that runs a command whenever it starts."""

    IMAGE = "image"
    SCRIPT = "script"
    PROCESS = "process"
    SERVICE = "service"
    CONTAINER = "container"
    INIT_CONTAINER = "init container"


class Setting(StrEnum):
    """Where a file is meant to be used, as far as it shows."""

    PRODUCTION = "production"
    UNKNOWN = "unknown"


class GuardKind(StrEnum):
    """What decides whether a guarded command runs."""

    ROLE = "role"
    """What the container is started as: the arguments of its script."""
    OFF_UNLESS_SET = "off unless set"
    ON_UNLESS_SET = "on unless set"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition around a command.

    Attributes:
        text: the condition as it is written.
    """

    kind: GuardKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigratesAtStart(BaseDeployFact):
    """Something that serves migrates the database before, each time that an instance of it starts.

    Attributes:
        starts: what it is.
        name: which one: the file, the process, the service, the container.
        workload: what makes the instances, for example "Deployment/shop"; empty where the file does not say.
        replicas: how many instances there are; None where that is not known.
        tool: what migrates.
        command: the command that migrates.
        serves: what is started after it; empty for an init container.
        certain: that the command migrates, and that something is served after it.
        guard: the condition under which it runs.
        setting: where the file is meant to be used.
        by: what runs the script, for example "Dockerfile:7"; empty where that is not known.
    """

    starts: Starts
    name: str
    tool: str
    command: str
    serves: str = ""
    workload: str = ""
    replicas: int | None = None
    certain: bool = True
    guard: Guard | None = None
    setting: Setting = Setting.PRODUCTION
    by: str = ""


class Occasion(StrEnum):
    """What runs a command once for each deployment."""

    RELEASE_PHASE = "release phase"
    HELM_HOOK = "Helm hook"
    ARGO_CD_HOOK = "Argo CD hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigratesInDeploy(BaseDeployFact):
    """The deployment of the code itself migrates the database, once.

    Attributes:
        hooks: the hook's own names, for example "pre-upgrade"; empty for a release phase.
        name: the process or the Job.
    """

    occasion: Occasion
    name: str
    tool: str
    command: str
    hooks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbesMissing(BaseDeployFact):
    """A container that serves traffic lacks a probe.

    Attributes:
        workload: for example "Deployment/shop".
        readiness: it has no readiness probe, and no startup probe that stands in for it while it starts.
        liveness: it has no liveness probe.
        behind: the Service that sends it traffic; empty where only a port says that it serves.
    """

    workload: str
    container: str
    readiness: bool
    liveness: bool
    behind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllUnavailable(BaseDeployFact):
    """A rollout may take every instance away at the same time.

    Attributes:
        how: the strategy Recreate, or a `maxUnavailable` that covers all instances.
        value: what the file says.
        replicas: how many instances there are; None where that is not known.
    """

    workload: str
    how: Literal["recreate", "max-unavailable"]
    value: str
    replicas: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessDemandsExactRevision(BaseDeployFact):
    """A health check holds the revision of the database against the one that the code was built with.

    Attributes:
        probe: `readinessProbe`, `livenessProbe`, `startupProbe`, `HEALTHCHECK` or `healthcheck`.
        name: the container, the image, the service.
        refuses_ahead: it fails when the database is ahead of the code.
        refuses_behind: it fails when a migration of the code has not run yet.
    """

    probe: str
    name: str
    tool: str
    command: str
    refuses_ahead: bool
    refuses_behind: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePlaceholder(BaseDeployFact):
    """Templates that were not rendered: what they become cannot be read from them.

    Attributes:
        what: a Helm chart, or manifests.
        name: the chart, or the folder.
        files: how many files of it are templates of things that rules look at.
    """

    what: Literal["chart", "manifests"]
    name: str
    files: int


DeployFact: TypeAlias = (
    MigratesAtStart
    | MigratesInDeploy
    | ProbesMissing
    | AllUnavailable
    | ReadinessDemandsExactRevision
    | TemplatePlaceholder
)
