"""What a command line runs in the end, behind the programs that only start another one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

Words = tuple[str, ...]

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*|php[\d.]*|ruby|node|tsx|ts-node|bun|deno")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
#: Between the program and the option that holds the commands: `-ec`, `-lc`, `-c`.
_COMMAND_OPTION = re.compile(r"-[a-z]*c[a-z]*")

#: Programs that start what follows → how many words that are no options they take for themselves.
_STARTERS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(
            [
                "exec",
                "env",
                "time",
                "nohup",
                "command",
                "sudo",
                "doas",
                "tini",
                "dumb-init",
                "catatonit",
                "nice",
                "stdbuf",
                "npx",
                "bunx",
                "ddtrace-run",
                "opentelemetry-instrument",
                "eatmydata",
                "xvfb-run",
            ],
            0,
        ),
        **dict.fromkeys(["gosu", "su-exec", "timeout", "s6-setuidgid", "chpst"], 1),
    }
)
#: The same where a sub-command says that another program follows.
_RUNNERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "poetry": frozenset({"run"}),
        "pipenv": frozenset({"run"}),
        "uv": frozenset({"run"}),
        "pdm": frozenset({"run"}),
        "hatch": frozenset({"run"}),
        "rye": frozenset({"run"}),
        "conda": frozenset({"run"}),
        "micromamba": frozenset({"run"}),
        "mamba": frozenset({"run"}),
        "bundle": frozenset({"exec"}),
        "npm": frozenset({"exec", "x"}),
        "pnpm": frozenset({"exec", "dlx"}),
        "yarn": frozenset({"exec", "dlx"}),
        "bun": frozenset({"x"}),
        "newrelic-admin": frozenset({"run-program"}),
        "doppler": frozenset({"run"}),
        "infisical": frozenset({"run"}),
        "op": frozenset({"run"}),
        "chamber": frozenset({"exec"}),
        "dotenv": frozenset({"run"}),
    }
)
#: Options that take the next word as their value.
_VALUE_OPTIONS = frozenset(
    [
        "-u",
        "--user",
        "-n",
        "--name",
        "-p",
        "--package",
        "--env",
        "--env-file",
        "--extra",
        "--group",
        "--with",
        "--project",
        "--directory",
        "-W",
        "-X",
        "-C",
        "-g",
    ]
)
_INTERPRETERS_OPTIONS = frozenset({"-W", "-X", "-d", "-r", "--require", "--import", "--loader"})
#: Programs that wait for something, and then start what stands behind `--`.
_BEHIND_DASHES = re.compile(r"wait-?for.*|wait|dockerize|doppler|infisical|op|chamber|aws-vault|tini|dumb-init|dotenv")


def program(words: Sequence[str]) -> str:
    """The name of the program that words start, without its folder."""
    return words[0].replace("\\", "/").rpartition("/")[2] if words else ""


def shell_text(words: Sequence[str]) -> str | None:
    """What `sh -c TEXT` runs; None for anything else."""
    if program(words) not in _SHELLS:
        return None
    for number, word in enumerate(words[1:], 1):
        if _COMMAND_OPTION.fullmatch(word):
            return words[number + 1] if number + 1 < len(words) else None
        if not word.startswith(("-", "+")):
            return None
    return None


def script_of(words: Sequence[str]) -> str | None:
    """The script that words run, directly or by naming a shell; None where they run none that shows."""
    rest = unwrapped(words)
    if program(rest) in _SHELLS:
        named = [word for word in rest[1:] if not word.startswith("-")]
        return named[0] if named and shell_text(rest) is None else None
    return (
        rest[0] if rest and ("/" in rest[0] or rest[0].endswith((".sh", ".bash")) or "entrypoint" in rest[0]) else None
    )


def unwrapped(words: Sequence[str]) -> Words:
    """The words without the programs in front that only start the rest."""
    rest = tuple(words)
    while rest:
        inner = _without_one(rest)
        if inner == rest:
            return rest
        rest = inner
    return rest


def _without_one(words: Words) -> Words:
    first = program(words)
    if _ASSIGNMENT.match(words[0]):
        return words[1:]
    if _BEHIND_DASHES.fullmatch(first.lower()) and "--" in words:
        return words[words.index("--") + 1 :]
    if first in _STARTERS:
        return _behind_options(words[1:], _STARTERS[first])
    if first in _RUNNERS and len(words) > 1 and words[1] in _RUNNERS[first]:
        return _behind_options(words[2:], 0)
    if _INTERPRETER.fullmatch(first) and len(words) > 1:
        return _interpreted(words)
    if first in {"yarn", "pnpm"} and len(words) > 1 and not words[1].startswith("-") and words[1] not in _SCRIPTS:
        return words[1:]  # both run the programs of the project's packages by their names
    return words


#: Sub-commands of yarn and pnpm that are their own.
_SCRIPTS = frozenset({"run", "start", "install", "add", "build", "test", "dev", "workspace"})


def _behind_options(words: Words, own: int) -> Words:
    """What is left behind options, `--`, assignments, and as many other words as are the program's own."""
    place = 0
    while place < len(words):
        word = words[place]
        if word == "--":
            return words[place + 1 :] if own == 0 else _behind_options(words[place + 1 :], own)
        if word.startswith("-"):
            place += 2 if word in _VALUE_OPTIONS else 1
        elif _ASSIGNMENT.match(word):
            place += 1
        elif own:
            own -= 1
            place += 1
        else:
            return words[place:]
    return ()


def _interpreted(words: Words) -> Words:
    """The program that an interpreter runs: `python -m alembic`, `php artisan`."""
    place = 1
    while place < len(words):
        word = words[place]
        if word == "-m":
            return words[place + 1 :]
        if not word.startswith("-"):
            return words[place:]
        if word in {"-c", "-e"}:
            return words
        place += 2 if word in _INTERPRETERS_OPTIONS else 1
    return words
