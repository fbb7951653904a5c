"""Options by which every command that reads migrations is told how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from migsafe.cli.choices import NearestChoice
from migsafe.model.dialect import Dialect
from migsafe.model.script import TransactionRule

_Command = TypeVar("_Command", bound=Callable[..., Any])

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


def project_options(command: _Command) -> _Command:
    """Give a command those options; the values of all but `config_file` are settings of the configuration."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
