"""Options by which every command that reads migrations is told how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from migsafe.cli.choices import NearestChoice
from migsafe.model.dialect import Dialect
from migsafe.model.script import TransactionRule

_Command = TypeVar("_Command", bound=Callable[..., Any])

_NAMES = ("dialect", "tool", "transaction", "placeholders", "server_version", "python", "manage", "settings", "config")
_OPTIONS = (
    click.option("--dialect", type=NearestChoice([dialect.value for dialect in Dialect]), help="The database."),
    click.option("--tool", metavar="NAME", help="The migration tool, where it is not detected."),
    click.option(
        "--transaction",
        type=NearestChoice([rule.value for rule in TransactionRule]),
        help="Who opens transactions, where the tool's own rule does not hold.",
    ),
    click.option(
        "--placeholder",
        "placeholders",
        multiple=True,
        metavar="NAME=VALUE",
        help="What the tool fills in for a placeholder (repeatable).",
    ),
    click.option("--server-version", metavar="MAJOR", help="Version of the server that the migrations run on."),
    click.option("--python", metavar="FILE", help="The interpreter that runs the project's own code."),
    click.option("--manage", metavar="FILE", help="Django's manage.py, where it is not found."),
    click.option("--settings", metavar="MODULE", help="Django's settings, instead of those that manage.py names."),
    click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Configuration file, instead of the nearest one.",
    ),
)


#: What they are to a command that works for several databases.
_OF_SEVERAL = {
    "dialect": click.option(
        "--dialect",
        type=NearestChoice([dialect.value for dialect in Dialect]),
        multiple=True,
        help="The database; repeated for each that the project supports.",
    ),
    "server_version": click.option(
        "--server-version",
        multiple=True,
        metavar="[DIALECT=]MAJOR",
        help="Version of the server that the migrations run on; of several databases, repeated for each.",
    ),
}
#: Of them, what a command needs that runs migrations: the rest is a linter's question.
_OF_A_RUN = ("tool", "placeholders", "python", "manage", "settings")
_PATH = click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="PATH",
    help="The migrations; those of the configuration, or of this folder, when left out.",
)


def run_options(command: _Command) -> _Command:
    """Give a command that runs migrations the options by which it reads them; `read_options` takes their values."""
    chosen = {place: option for place, option in zip(_NAMES, _OPTIONS, strict=True) if place in _OF_A_RUN}
    for option in reversed((_PATH, *chosen.values())):
        command = option(command)
    return command


def read_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Of all options of a command, the settings that `run_options` has given it."""
    return {name: options[name] for name in ("paths", *_OF_A_RUN) if options.get(name)}


def project_options(command: _Command) -> _Command:
    """Give a command those options; the values of all but `config_file` are settings of the configuration."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def options_of_several(command: _Command) -> _Command:
    """The same for a command that works for several databases; `said_of_several` takes their values."""
    chosen = {**dict(zip(_NAMES, _OPTIONS, strict=True)), **_OF_SEVERAL}
    for option in reversed(chosen.values()):
        command = option(command)
    return command


def said_of_several(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as settings: what is said of one database is no list."""
    alone = {name: options[name][0] for name in _OF_SEVERAL if len(options[name]) == 1}
    return {**options, **alone}
