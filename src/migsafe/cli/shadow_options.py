"""Options by which every command that needs a server of its own is told which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--shadow-url",
        metavar="ADDRESS",
        help="A server for the shadow: a database of its own is made there, and dropped. [default: one is started]",
    ),
    click.option(
        "--pg-bin",
        metavar="FOLDER",
        help="Postgres' programs for the shadow, instead of those that are found.",
    ),
)


def shadow_options(command: _Command) -> _Command:
    """Give a command those options; their values are settings of the configuration."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
