"""Options by which commands are told which database is meant, and how long to wait for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

SECONDS = click.FloatRange(min=0)

ENVIRONMENT = click.option("--env", "environment", required=True, metavar="E", help="The environment.")
TARGET = click.option("--target", metavar="T", help="Which of its databases, where there are several.")
CREATE_ENVIRONMENT = click.option(
    "--create-env", is_flag=True, help="Make the environment and the database known, where they are not."
)
DEPLOY_FILE = click.option(
    "--deploy-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="How to deploy.  [default: the nearest deploy.toml]",
)
UNPROTECTED = click.option(
    "--unprotected", is_flag=True, help="Of a new environment: the gates of contracts do not wait for it."
)
REPLICAS = click.option(
    "--replica", "replicas", multiple=True, metavar="ADDRESS", help="A standby of the database (repeatable)."
)
WAIT = click.option("--wait", type=SECONDS, default=0.0, metavar="SECONDS", help="Wait for a go before each step.")
WAIT_FOR_TURN = click.option(
    "--wait-for-turn",
    type=SECONDS,
    default=0.0,
    metavar="SECONDS",
    help="Wait while somebody else runs migrations there.",
)


def address(*, required: bool) -> Callable[[_Command], _Command]:
    """The option that says where the database is.

    Args:
        required: false where something else may say it.
    """
    return click.option(
        "--url",
        required=required,
        metavar="ADDRESS",
        help="The database: env:NAME, the name of a service, or a URL without a password.",
    )
