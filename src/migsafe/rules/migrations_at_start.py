"""Migrations that the start or the deployment of code runs, instead of a step of its own."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.deploy import GuardKind, MigratesAtStart, MigratesInDeploy, Occasion, Setting, Starts
from migsafe.model.finding import Category, Severity
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import recipe

_LONGEST = 60


@rule(Category.DEPLOY, MigratesAtStart, dialects=EVERY_DIALECT)
def migrate_at_start(fact: MigratesAtStart, ctx: Context) -> Iterator[Hazard]:
    """What serves migrates the database each time that an instance of it starts.

    Why it hurts: instances that start together migrate together, and a restart or one more instance migrates too. A
        migration that waits for a lock keeps them from starting, and a probe that gives up kills it in the midst.
        Code and schema move in one step: going back starts the older code, whose tool knows nothing of newer revisions.
    Do instead: migrate once, as a step of its own before the new code starts (`migsafe run expand`, a Job, a step of
        the pipeline), and let the instance only serve.
    Fine when: the image or the Job only migrates, or does it when it is told to by name (`entrypoint migrate`). Under a
        switch that is off unless it is set, this is a note.
    Source: docs/deploy-files.md; https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact
    """
    yield Hazard(
        message=f"{_each(fact)} runs `{_short(fact.command)}`{_then(fact)}{_condition(fact)}",
        severity=_weight(fact),
        instead=recipe(*_apart(fact)),
        objects=(fact.name,),
    )


@rule(Category.DEPLOY, MigratesInDeploy, dialects=EVERY_DIALECT, severity=Severity.WARNING)
def migrate_in_deploy(fact: MigratesInDeploy, ctx: Context) -> Iterator[Hazard]:
    """The deployment of the code migrates the database, once, by a hook or a release phase.

    Why it hurts: code and schema move in one step, so that nothing can be looked at in between: the running code meets
        the new schema for the first time while the new code is already on its way. Taking the deployment back takes
        nothing of the migration back, and a slow one runs into the deployment's own time limit.
    Do instead: migrate as a step of its own, look at the running code on the new schema, then deploy.
    Fine when: every migration of the release only adds, and is fast. A Job that is no hook, which a step of its own
        starts, is right.
    Source: docs/deploy-files.md; https://devcenter.heroku.com/articles/release-phase,
        https://helm.sh/docs/topics/charts_hooks/, https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
    """
    yield Hazard(
        message=f"{_occasion(fact)} runs `{_short(fact.command)}`: {_consequence(fact)}",
        instead=recipe(
            f"# instead of the {fact.occasion}, a step before it (`migsafe run expand` does it, and records it):",
            fact.command,
        ),
        objects=(fact.name,),
    )


def _weight(fact: MigratesAtStart) -> Severity:
    """Certain, and in many instances: an error. What somebody has to switch on first is a note."""
    if fact.setting is Setting.UNKNOWN or (fact.guard is not None and fact.guard.kind is GuardKind.OFF_UNLESS_SET):
        return Severity.INFO
    doubtful = not fact.certain or fact.guard is not None
    if doubtful or fact.starts is Starts.SERVICE or fact.replicas == 1:
        return Severity.WARNING
    return Severity.ERROR


def _each(fact: MigratesAtStart) -> str:
    if fact.starts is Starts.IMAGE:
        return "each container of this image"
    if fact.starts is Starts.SCRIPT:
        return f"each start of {fact.name}{f' ({fact.by})' if fact.by else ''}"
    if fact.starts is Starts.PROCESS:
        return f"each {fact.name} process"
    if fact.starts is Starts.SERVICE:
        return f"each container of the service {fact.name}"
    kind = "the init container" if fact.starts is Starts.INIT_CONTAINER else "the container"
    count = f" ({fact.replicas} replicas)" if fact.replicas is not None and fact.replicas > 1 else ""
    return f"in each pod of {fact.workload}{count}, {kind} {fact.name}"


def _then(fact: MigratesAtStart) -> str:
    return f" before `{_short(fact.serves)}`" if fact.serves else ""


def _condition(fact: MigratesAtStart) -> str:
    if fact.guard is None:
        return "" if fact.certain else ", as far as their names tell"
    kind, text = fact.guard.kind, _short(fact.guard.text)
    if kind is GuardKind.ON_UNLESS_SET:
        return f", unless it is switched off (`{text}`)"
    return f", where `{text}`"


def _apart(fact: MigratesAtStart) -> Iterator[str]:
    step = "in a Job that the pipeline waits for" if fact.workload else "as a step of its own"
    yield f"# once before the rollout, {step} (`migsafe run expand` does it, and records it):"
    yield fact.command
    if fact.serves:
        yield "# each instance:"
        yield fact.serves


def _occasion(fact: MigratesInDeploy) -> str:
    if fact.occasion is Occasion.RELEASE_PHASE:
        return "the release phase"
    return f"the {fact.occasion} {', '.join(fact.hooks)} ({fact.name})"


def _consequence(fact: MigratesInDeploy) -> str:
    hooks = set(fact.hooks)
    if fact.occasion is Occasion.RELEASE_PHASE:
        return (
            "schema and code move in one step; a rollback runs the older release's own command, and takes nothing back"
        )
    if fact.occasion is Occasion.ARGO_CD_HOOK:
        if hooks == {"PostSync"}:
            return "the new code runs on the old schema until it is done"
        return "schema and code move in one sync; a rollback runs no hooks, and takes nothing back"
    if "pre-rollback" in hooks or "post-rollback" in hooks:
        return "a rollback runs it with the older image, which does not hold the migration that is to be taken back"
    if hooks == {"post-upgrade"}:
        return "the new code runs on the old schema until it is done; helm rollback takes nothing of it back"
    return "schema and code move in one step; helm rollback takes the manifests back, and nothing of the migration"


def _short(command: str) -> str:
    text = " ".join(command.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
