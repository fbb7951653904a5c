"""Options by which every command that uses the tracker is told which one, who speaks, and when it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from migsafe.cli.choices import NearestChoice
from migsafe.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.config import Config
    from migsafe.tracker.facts import Author

_Command = TypeVar("_Command", bound=Callable[..., Any])

HELP = {"help_option_names": ["-h", "--help"]}

TRACKER = click.option(
    "--tracker",
    metavar="ADDRESS",
    help="Where the tracker is: sqlite:FILE, env:NAME, a service, or a Postgres URL without a password.",
)
CONFIG = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration file, instead of the nearest one.",
)
BY = click.option("--by", metavar="NAME", help="Who says so.  [default: the CI's user, else the login]")


def answer_in(*forms: str) -> Callable[[_Command], _Command]:
    """The option that says in which form to answer; the first one when it is left out."""
    return click.option(
        "--format",
        "form",
        type=NearestChoice(forms),
        default=forms[0],
        show_default=True,
        help="Form of the answer.",
    )


def tracker_options(*, writes: bool = False) -> Callable[[_Command], _Command]:
    """Give a command the options that say which tracker, and in which form it answers.

    Args:
        writes: also who says so.
    """

    def give(command: _Command) -> _Command:
        for option in (CONFIG, answer_in("text", "json"), *((BY,) if writes else ()), TRACKER):
            command = option(command)
        return command

    return give


def settings(config_file: Path | None, **options: Any) -> Config:
    """The configuration, with what the command line says."""
    from migsafe.config import load_config

    return load_config(config_file, options=options)


def author(by: str | None) -> Author:
    """Who says it; see `bookkeeping.author`."""
    from migsafe.bookkeeping.author import author as known

    return known(by)


def moment(text: str | None, option: str) -> datetime | None:
    """A moment that a person gives; in UTC where they give no zone.

    Raises:
        UsageError: when it is none.
    """
    from datetime import UTC, datetime

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"option {option} is {text}; it must be a time such as 2026-10-05T08:00:00Z") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def say_json(schema: str, **members: Any) -> None:
    """Print a document."""
    import json

    click.echo(json.dumps({"schema": schema, **members}, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    """Moments as RFC 3339, values of the model by their members."""
    import dataclasses
    from datetime import UTC, datetime

    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def say(*lines: str, err: bool = False) -> None:
    """Print lines, made harmless."""
    from migsafe.reporters.neutral import neutral_line

    for line in lines:
        click.echo(neutral_line(line), err=err)
