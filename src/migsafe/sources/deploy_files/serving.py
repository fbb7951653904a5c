"""What of a run of commands migrates, and whether something is served after it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migsafe.model.deploy import Guard, GuardKind
from migsafe.model.script import Span
from migsafe.sources.deploy_files.migrate_commands import migrating
from migsafe.sources.deploy_files.shell import Command
from migsafe.sources.deploy_files.wrappers import program, unwrapped

_SERVERS = frozenset(
    [
        "gunicorn",
        "uvicorn",
        "hypercorn",
        "daphne",
        "waitress-serve",
        "uwsgi",
        "granian",
        "twistd",
        "celery",
        "rq",
        "dramatiq",
        "huey",
        "flower",
        "puma",
        "unicorn",
        "thin",
        "passenger",
        "falcon",
        "iodine",
        "sidekiq",
        "good_job",
        "node",
        "nodejs",
        "pm2",
        "pm2-runtime",
        "next",
        "nest",
        "forever",
        "java",
        "catalina.sh",
        "php-fpm",
        "apache2-foreground",
        "apachectl",
        "httpd",
        "frankenphp",
        "rr",
        "nginx",
        "caddy",
        "supervisord",
        "s6-svscan",
        "runsvdir",
        "circusd",
        "honcho",
        "foreman",
        "goreman",
        "streamlit",
        "airflow",
        "superset",
    ]
)
_OF_MANY_USES = frozenset({"node", "nodejs", "java", "airflow", "superset"})
#: What people call the program that serves.
_APPLICATION = re.compile(
    r"(?:^|[/._-])(?:main|app|application|server|web|api|worker|bot|run|start|serve|wsgi|asgi)"
    r"(?:[-_.](?:py|js|mjs|cjs|ts|rb|sh|jar|main|server))?$"
)
_SERVING_VERBS = {
    "rails": {"server", "s"},
    "flask": {"run"},
    "artisan": {"serve", "octane:start", "queue:work", "horizon"},
    "mix": {"phx.server"},
    "npm": {"start"},
    "yarn": {"start"},
    "pnpm": {"start"},
    "bun": {"start"},
    "fastapi": {"run"},
    "litestar": {"run"},
    "rake": {"jobs:work"},
    "manage.py": {"qcluster", "rqworker", "runworker"},
}
#: A server that is only for a developer's own machine.
_DEVELOPING = {
    "manage.py": {"runserver", "runserver_plus"},
    "npm": {"dev"},
    "yarn": {"dev"},
    "pnpm": {"dev"},
    "bun": {"dev"},
    "next": {"dev"},
    "fastapi": {"dev"},
    "nest": {"start:dev"},
}
_DEVELOPERS_TOOLS = frozenset(["nodemon", "watchfiles", "watchmedo", "air", "vite", "ts-node-dev", "tsx", "reflex"])
_DEVELOPERS_OPTIONS = frozenset({"--reload", "--debug", "--watch", "debugpy"})
#: Preparations: nothing is served by them.
_PREPARES = re.compile(
    r"echo|printf|true|false|:|set|cd|export|unset|local|readonly|declare|shift|source|\.|sleep|wait|wait-?for.*|rm|mkdir|cp|mv|ln|"
    r"touch|chown|chmod|cat|tee|grep|sed|awk|find|test|\[\[?|exit|return|trap|pg_isready|psql|mysql|nc|curl|wget|env|"
    r"date|ls|id|whoami|pwd|kill|break|continue|envsubst|pip|apt-get|apk|git|jq|read|eval|if|umask|ulimit|which|command|cut|tr",
    re.IGNORECASE,
)
_PREPARES_BY_NAME = re.compile(
    r"seed|fixture|loaddata|collectstatic|createsuperuser|createcachetable|compilemessages|populate|makemigrations|"
    r"init|setup|check|wait|prestart|pre_start|import|clear|cache|generate|assets|sync|ensure|install|stamp|create|"
    r"test|lint|backup|warm|config|bootstrap|migrat|db:|update_index",
    re.IGNORECASE,
)
_ARGUMENTS = re.compile(r"\$(?:[@*]|\{[@*]\})")
_OF_MIGRATING = re.compile(r"migrat|\bdb[:_-]|\bupgrade\b|\brelease\b|\binit\b|\bsetup\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Run:
    """A command that migrates, and what comes of it.

    Attributes:
        known: it is the command of a known tool; else only its name says that it migrates.
        serves: what is started after it; empty where nothing is.
        surely: that what is started after it serves.
    """

    tool: str
    command: str
    span: Span
    known: bool
    guard: Guard | None
    serves: str
    surely: bool

    @property
    def certain(self) -> bool:
        """Whether something is served after a migration, and not only by the looks of it."""
        return self.known and self.surely


def migrations(commands: Sequence[Command]) -> Iterator[Run]:
    """Every command that migrates a database, in order; what a container was told to do by name is none.

    `entrypoint migrate` does what it is told: a branch for that is how it should be.
    """
    for place, command in enumerate(commands):
        found = migrating(command.words)
        if found is None or _told_to(command):
            continue
        serves, surely = _served(commands, place)
        yield Run(
            tool=found.tool,
            command=_shown(command),
            span=command.span,
            known=found.certain,
            guard=_weightiest(command.guards),
            serves=serves,
            surely=surely,
        )


def migration_at_start(commands: Sequence[Command]) -> Run | None:
    """The migration before what is served, of several the one that is the surest to run.

    None where nothing is served after one, or only a developer is served.
    """
    if serves_developers(commands):
        return None
    served = (run for run in migrations(commands) if run.serves)
    return min(served, key=lambda run: (run.guard is not None, not run.certain), default=None)


def serves_developers(commands: Sequence[Command]) -> bool:
    """Whether what the commands start is a server for a developer's own machine."""
    return any(_is_for_developers(unwrapped(command.words)) for command in commands)


def _told_to(command: Command) -> bool:
    return any(guard.kind is GuardKind.ROLE and _OF_MIGRATING.search(guard.text) for guard in command.guards)


def _weightiest(guards: Sequence[Guard]) -> Guard | None:
    """The guard that keeps the command from running the most."""
    order = [GuardKind.OFF_UNLESS_SET, GuardKind.ROLE, GuardKind.OTHER, GuardKind.ON_UNLESS_SET]
    return min(guards, key=lambda guard: order.index(guard.kind), default=None)


def _served(commands: Sequence[Command], place: int) -> tuple[str, bool]:
    """What is started after a command, or beside it, and whether it is known to serve."""
    migration = commands[place]
    if migration.words[0] == "exec":
        return "", True
    running = [one for one in commands[:place] if one.background]
    perhaps = ""
    for command in (*running, *commands[place + 1 :]):
        if not _compatible(command, migration):
            continue
        words = unwrapped(command.words)
        if _is_what_was_asked_for(command, words):
            return 'exec "$@"', True
        if not words:  # an assignment, or `exec > log`: nothing is started
            continue
        if _is_server(words) or _is_for_developers(words):
            return _shown(command), True
        if _ends(command, migration):
            return "", True
        if command.words[0] == "exec" and migrating(words) is None:
            return _shown(command), True
        if not _prepares(words):
            perhaps = _shown(command)
    return perhaps, False


def _shown(command: Command) -> str:
    """A command as people read it: that it takes the shell's place does not matter to them."""
    return " ".join(command.words[1:] if command.words[0] == "exec" else command.words)


def _is_what_was_asked_for(command: Command, words: Sequence[str]) -> bool:
    """Whether a script goes on with the command that it was given: `exec "$@"`."""
    asked = any(_ARGUMENTS.search(word) for word in command.words)
    return asked and (command.words[0] == "exec" or not (words and _PREPARES.fullmatch(program(words))))


def _compatible(command: Command, other: Command) -> bool:
    """Whether both can run: they stand in no two branches of one construct."""
    branches = {frame.number: frame.branch for frame in other.frames}
    return all(branches.get(frame.number, frame.branch) == frame.branch for frame in command.frames)


def _ends(command: Command, migration: Command) -> bool:
    """Whether the script ends here whenever it has come past the migration."""
    ends = command.words[0] in {"exit", "return"}
    outer = {(frame.number, frame.branch) for frame in migration.frames}
    certain = all(frame.guard is None or (frame.number, frame.branch) in outer for frame in command.frames)
    return ends and certain


def _is_server(words: Sequence[str]) -> bool:
    name = program(words)
    bare = re.sub(r"[\d.]+$", "", name)
    if name in _SERVING_VERBS:
        return any(word in _SERVING_VERBS[name] for word in words[1:])
    if name in _OF_MANY_USES and _prepares(words):
        return False
    return name in _SERVERS or bare in _SERVERS or bool(_APPLICATION.search(words[0]))


def _is_for_developers(words: Sequence[str]) -> bool:
    name = program(words)
    told = _DEVELOPING.get(name, set()) & set(words[1:])
    return bool(told) or name in _DEVELOPERS_TOOLS or bool(_DEVELOPERS_OPTIONS & set(words))


def _prepares(words: Sequence[str]) -> bool:
    """Whether a command is done when it ends: it waits, prints, loads data, or migrates."""
    if migrating(words) is not None or _PREPARES.fullmatch(program(words)):
        return True
    return bool(_PREPARES_BY_NAME.search(" ".join(words[:3])))
