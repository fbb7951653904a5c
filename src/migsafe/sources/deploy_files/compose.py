"""Compose files: what the containers of a service run, where the file is not for a developer's own machine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from migsafe.model.deploy import DeployFact, MigratesAtStart, ReadinessDemandsExactRevision, Setting, Starts
from migsafe.model.script import SourceText
from migsafe.sources.deploy_files.base import place
from migsafe.sources.deploy_files.migrate_commands import demanding
from migsafe.sources.deploy_files.serving import migration_at_start
from migsafe.sources.deploy_files.shell import Command, commands_of
from migsafe.sources.deploy_files.wrappers import Words
from migsafe.sources.deploy_files.yaml_nodes import Node

_PRODUCTION = re.compile(r"(?:^|[._-])(?:prod|production|live|deploy|staging|stage|swarm|stack|server)(?=[._-])")
_DEVELOPMENT = re.compile(
    r"(?:^|[._-])(?:dev|devel|development|local|test|tests|testing|ci|override|debug|example|sample|e2e)(?=[._-])"
)


def read_compose(source: SourceText, documents: tuple[Node, ...]) -> tuple[DeployFact, ...]:
    """What the services say; nothing for a file that by its name or its mounts is for development."""
    name = source.path.rpartition("/")[2].lower()
    services = [pair for document in documents for pair in _services(document)]
    if _DEVELOPMENT.search(name) or (not _PRODUCTION.search(name) and any(_mounts_code(s) for _, s in services)):
        return ()
    production = bool(_PRODUCTION.search(name))
    facts: list[DeployFact] = []
    for service, node in services:
        replicated = node.get("deploy", "replicas") is not None
        setting = Setting.PRODUCTION if production or replicated else Setting.UNKNOWN
        facts += [*_service(source, service, node, setting), *_healthcheck(source, service, node)]
    return tuple(facts)


def _services(document: Node) -> Iterator[tuple[str, Node]]:
    services = document.get("services")
    for key, value in services.items() if services is not None else ():
        yield key.text or "", value


def _mounts_code(service: Node) -> bool:
    """Whether the code of the folder is mounted over that of the image: so that edits are seen at once."""
    sources = [
        volume.value("source") if volume.is_mapping else (volume.text or "").partition(":")[0]
        for volume in service.list_at("volumes")
    ]
    built = service.get("build") is not None
    return built and any(
        source in {".", "./"} or re.fullmatch(r"\.\.?/(?:src|app|backend|api|server)/?", source) for source in sources
    )


def _service(source: SourceText, name: str, service: Node, setting: Setting) -> Iterator[DeployFact]:
    one = migration_at_start(_commands(service))
    if one is None:
        return
    replicas = service.get("deploy", "replicas")
    yield MigratesAtStart(
        **place(source, service.span_of("command" if service.get("command") is not None else "entrypoint")),
        starts=Starts.SERVICE,
        name=name,
        replicas=None if replicas is None else replicas.number,
        tool=one.tool,
        command=one.command,
        serves=one.serves,
        certain=one.certain,
        guard=one.guard,
        setting=setting,
    )


def _commands(service: Node) -> tuple[Command, ...]:
    words = (*_words(service.get("entrypoint")), *_words(service.get("command")))
    return commands_of(words, service.span)


def _words(node: Node | None) -> Words:
    """A list as it is; a text is split into words, and no shell sees it."""
    if node is None:
        return ()
    if node.text is None:
        return tuple(word.replace("$$", "$") for word in node.texts())
    try:
        return tuple(word.replace("$$", "$") for word in shlex.split(node.text))
    except ValueError:
        return tuple(node.text.split())


def _healthcheck(source: SourceText, name: str, service: Node) -> Iterator[DeployFact]:
    test = service.get("healthcheck", "test")
    if test is None:
        return
    words = ("CMD-SHELL", test.text) if test.text is not None else test.texts()
    run = _tested(words, service)
    text = " ".join(words[1:]).replace("$$", "$")
    demand = demanding([command.words for command in run], text)
    if demand is not None:
        yield ReadinessDemandsExactRevision(
            **place(source, test.span),
            probe="healthcheck",
            name=name,
            tool=demand.tool,
            command=text,
            refuses_ahead=demand.ahead,
            refuses_behind=demand.behind,
        )


def _tested(words: Words, service: Node) -> tuple[Command, ...]:
    if len(words) > 1 and words[0] == "CMD-SHELL":
        return commands_of(("sh", "-c", words[1]), service.span)
    return commands_of(words[1:], service.span) if words and words[0] == "CMD" else ()
