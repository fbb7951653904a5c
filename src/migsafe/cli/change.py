"""`migsafe change`: the board of changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.choices import NearestChoice
from migsafe.cli.progress import ProgressBar
from migsafe.cli.project_options import project_options
from migsafe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.phases.board import BoardEntry

_EXAMPLES = """\b
Examples:
  migsafe change list                              what is open, due and blocked
  migsafe change list --all --format json
  migsafe change show users-full-name --state state.json
"""
_SETTINGS = {"help_option_names": ["-h", "--help"]}
_FORMATS = ["text", "json"]


@click.group("change", epilog=_EXAMPLES, context_settings=_SETTINGS)
def command() -> None:
    """Show the changes that migrations are steps of: what is open, what is due, what blocks it, and why.

    A change is declared in its migrations (`-- migsafe: phase=expand change=users-full-name`), or seen from what they
    take away.
    """


def _board_options(function: Any) -> Any:
    state = click.option("--state", type=click.Path(), metavar="FILE", help="Live facts (migsafe.state/1).")
    form = click.option("--format", "form", type=NearestChoice(_FORMATS), default="text", help="[default: text]")
    return project_options(state(form(function)))


@command.command("list", epilog=_EXAMPLES, context_settings=_SETTINGS)
@click.argument("paths", nargs=-1, metavar="[PATHS…]", type=click.Path())
@click.option("--all", "everything", is_flag=True, help="Also those that are done.")
@_board_options
def list_command(paths: tuple[str, ...], everything: bool, form: str, config_file: Path | None, **options: Any) -> int:
    """List the changes, one a line."""
    entries = [one for one in _board(paths, config_file, options) if everything or one.standing != "done"]
    if form == "json":
        _print_json(entries)
    else:
        from migsafe.cli.boards import listing

        click.echo(listing(entries))
    return 0


@command.command("show", epilog=_EXAMPLES, context_settings=_SETTINGS)
@click.argument("name")
@click.argument("paths", nargs=-1, metavar="[PATHS…]", type=click.Path())
@_board_options
def show_command(name: str, paths: tuple[str, ...], form: str, config_file: Path | None, **options: Any) -> int:
    """Show one change: its steps, and what its contract waits for."""
    from migsafe.config.nearest import did_you_mean

    entries = _board(paths, config_file, options)
    found = [one for one in entries if name in {one.name, *one.objects}]
    if not found:
        hint = did_you_mean(name, [one.name for one in entries], otherwise="migsafe change list --all lists them")
        raise UsageError(f'no change "{name}"', hint=hint)
    if form == "json":
        _print_json(found)
    else:
        from migsafe.cli.boards import page

        click.echo("\n\n".join(page(one) for one in found))
    return 0


def _board(paths: Sequence[str], config_file: Path | None, options: dict[str, Any]) -> tuple[BoardEntry, ...]:
    from migsafe import api
    from migsafe.config import load_config

    config = load_config(config_file, options=options)
    with ProgressBar() as bar:
        return api.changes(paths or config.paths or (os.curdir,), config, progress=bar)


def _print_json(entries: Sequence[BoardEntry]) -> None:
    import json

    from migsafe.cli.boards import document

    click.echo(json.dumps(document(entries), indent=2))
