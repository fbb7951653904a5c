"""Rollouts that send requests to what cannot answer them, or that cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.deploy import AllUnavailable, ProbesMissing, ReadinessDemandsExactRevision
from migsafe.model.finding import Category, Severity
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import recipe


@rule(Category.DEPLOY, ProbesMissing, dialects=EVERY_DIALECT, severity=Severity.WARNING)
def missing_probes(fact: ProbesMissing, ctx: Context) -> Iterator[Hazard]:
    """A container that serves requests has no readiness or no liveness probe.

    Why it hurts: without a readiness probe a pod counts as ready as soon as its process runs: a rollout sends it
        requests that it cannot answer yet, goes on to the next pod, and ends the old ones, even where the new version
        never comes up. Nothing then stops a bad version. Without a liveness probe a process that hangs stays.
    Do instead: a readiness probe that tells whether this instance can serve, on any schema that its code can live on;
        a liveness probe, cheaper and without the database, that tells whether the process is alive.
    Fine when: nothing sends it requests: a worker, a helper, a port or Service for metrics alone. Where a Service names
        the port of one container, the others of the pod are helpers. A startup probe stands in for readiness while
        the process starts. That only liveness is missing is a note: a bad one is worse than none.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/probes/
    """
    behind = f" behind the Service {fact.behind}" if fact.behind else ""
    if fact.readiness:
        both = "no readiness and no liveness probe" if fact.liveness else "no readiness probe"
        effect = "it gets requests before it can answer them, and a rollout cannot tell a bad version"
    else:
        both, effect = "no liveness probe", "a process that hangs is never restarted"
    yield Hazard(
        message=f"{fact.container} of {fact.workload}{behind} has {both}: {effect}",
        severity=Severity.INFO if not fact.readiness else Severity.ERROR if fact.behind else Severity.WARNING,
        instead=recipe(*_probes(fact)),
        objects=(fact.workload, fact.container),
    )


@rule(Category.DEPLOY, AllUnavailable, dialects=EVERY_DIALECT)
def all_unavailable(fact: AllUnavailable, ctx: Context) -> Iterator[Hazard]:
    """A rollout may take every instance away at the same time.

    Why it hurts: from the moment at which the old pods end until the first new one is ready nothing answers; where the
        new version does not come up, nothing answers until it was taken back.
    Do instead: `RollingUpdate` with `maxUnavailable: 0` and `maxSurge: 1`; or another Deployment beside, and a switch.
    Fine when: nothing sends requests to it, or two versions must never run at the same time: then the gap is chosen,
        and Recreate says so. With a volume or a port of one node, where a second pod would find no room, Recreate is
        not reported. Where an autoscaler says how many pods there are, its `minReplicas` counts.
    Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
    """
    if fact.how == "recreate":
        message = f"{fact.workload} ends every pod before a new one starts (Recreate): nothing answers in between"
    else:
        count = f" of {fact.replicas}" if fact.replicas is not None and not fact.value.endswith("%") else ""
        message = f"{fact.workload} lets all pods be unavailable at once (maxUnavailable {fact.value}{count})"
    certain = fact.how == "max-unavailable" and fact.replicas != 1
    yield Hazard(
        message=message,
        severity=Severity.ERROR if certain else Severity.WARNING,
        instead=recipe(
            "strategy:",
            "  type: RollingUpdate",
            "  rollingUpdate:",
            "    maxUnavailable: 0",
            "    maxSurge: 1",
        ),
        objects=(fact.workload,),
    )


@rule(Category.DEPLOY, ReadinessDemandsExactRevision, dialects=EVERY_DIALECT)
def readiness_needs_exact_revision(fact: ReadinessDemandsExactRevision, ctx: Context) -> Iterator[Hazard]:
    """A health check holds the database's revision against the one that the code was built with.

    Why it hurts: code and schema do not move in the same moment. The old version is unready as soon as the schema has
        moved on, and so is the version that a rollback starts: the way back is closed when it is needed. Where the
        check only refuses migrations that have not run yet, a version that brings a later contract never gets ready.
    Do instead: ask whether the instance can serve: that the database answers, on any revision from the one that the
        code needs on. Which release lives on which schema is for the gate of the deployment, not for each pod.
    Fine when: never as a readiness or liveness probe. A step before the rollout may ask it.
    Source: docs/deploy-files.md; `alembic current --check-heads`, `manage.py migrate --check`, `flyway validate`,
        `prisma migrate status` in the manuals of their tools
    """
    name = "a container of this image" if fact.probe == "HEALTHCHECK" else fact.name
    kills = " and is killed for it" if fact.probe == "livenessProbe" else ""
    if fact.refuses_ahead:
        when = f"{name} is unhealthy{kills} as soon as the schema is ahead of its code, as after a rollback"
    else:
        when = f"{name} is unhealthy{kills} until every migration of its code has run, also one that may wait"
    acted_upon = fact.probe not in {"HEALTHCHECK", "healthcheck"}
    yield Hazard(
        message=f"{fact.probe} asks {fact.tool} for the exact revision: {when}",
        severity=Severity.ERROR if fact.refuses_ahead and acted_upon else Severity.WARNING,
        instead="ask only whether this instance can serve: an HTTP path of its own that runs SELECT 1",
        objects=(fact.name,),
    )


def _probes(fact: ProbesMissing) -> Iterator[str]:
    if fact.readiness:
        yield from ("readinessProbe:", "  httpGet: {path: /readyz, port: 8080}")
    if fact.liveness:
        yield from ("livenessProbe:", "  httpGet: {path: /livez, port: 8080}")
