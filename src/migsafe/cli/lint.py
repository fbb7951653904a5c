"""`migsafe lint`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.choices import NearestChoice, RuleName
from migsafe.cli.progress import ProgressBar
from migsafe.cli.project_options import options_of_several, said_of_several
from migsafe.cli.report_options import Delivery, report_options
from migsafe.errors import UsageError

if TYPE_CHECKING:
    from migsafe.config import Config
    from migsafe.model.report import Report

_STDIN = "-"
_EXAMPLES = """\b
Examples:
  migsafe lint                                     the paths of the configuration, or this folder
  migsafe lint db/migrations/0042_users.sql        one file; its neighbours are read as context
  migsafe lint --diff origin/main --format github  only what a branch adds or changes
  migsafe lint --format sarif --output migsafe.sarif
  migsafe lint --state state.json --show-cleared   what may be taken away by now, and why
  migsafe lint --fix db/migrations/0042_users.sql  split a migration that expands and contracts
  migsafe lint --extend-select style --ignore missing-lock-timeout
  migsafe lint --python .venv/bin/python           Django: its interpreter runs the migrations
  migsafe lint --dialect postgres --dialect mysql  Alembic, Django: for every database that they run on
  migsafe lint --command "rails db:migrate:sql"    any tool that prints SQL
  pg_dump --schema-only app | migsafe lint - --min-severity info
"""


@click.command("lint", epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATHS…]", type=click.Path())
@click.option(
    "--select",
    multiple=True,
    type=RuleName(categories=True),
    metavar="NAMES",
    help="Run exactly these rules or categories (comma list, repeatable).",
)
@click.option(
    "--extend-select",
    multiple=True,
    type=RuleName(categories=True),
    metavar="NAMES",
    help="Run these besides the default set.",
)
@click.option("--ignore", multiple=True, type=RuleName(categories=True), metavar="NAMES", help="Do not run these.")
@options_of_several
@click.option(
    "--command",
    "program",
    metavar="COMMAND",
    help="Lint the SQL that this command prints; {path} or {stem} in it stand for each of PATHS.",
)
@click.option("--since", metavar="MIGRATION", help="Report only migrations after this one.")
@click.option("--diff", metavar="GIT_REF", help="Report only migrations added or changed since this revision.")
@click.option(
    "--direction", type=NearestChoice(["up", "down", "both"]), help="Which way is judged in full.  [default: up]"
)
@click.option(
    "--evidence",
    type=click.Path(),
    metavar="FILE",
    help="What `migsafe verify --evidence` saw: its locks win over predicted ones.",
)
@click.option(
    "--state",
    type=click.Path(),
    metavar="FILE",
    help="Live facts (migsafe.state/1): which release runs where. Evidence for contracts.",
)
@click.option(
    "--deploy",
    "stage",
    flag_value="deploy",
    default=None,
    help="Judge for a deployment: what is unknown of a contract is an error, not a warning.",
)
@click.option("--show-cleared", is_flag=True, default=None, help="Show what evidence has cleared, and by what.")
@click.option(
    "--fix", is_flag=True, help="Split migrations that mix phases, one migration a phase, and lint the result."
)
@click.option("--fix-released", is_flag=True, help="Split also what is released, applied, or unchanged by the branch.")
@click.option("--stdin-name", metavar="PATH", default="<stdin>", help="What to call the text of the standard input.")
@report_options
def command(
    paths: tuple[str, ...],
    delivery: Delivery,
    config_file: Path | None,
    stdin_name: str,
    program: str | None,
    fix: bool,
    fix_released: bool,
    **options: Any,
) -> int:
    """Find what migrations would do to a busy database.

    PATHS are files and folders; `-` is the standard input. Other migrations of the same project are read as context.
    """
    from migsafe import api
    from migsafe.config import load_config

    config = load_config(config_file, options=said_of_several(options))
    if fix or fix_released:
        _fix(paths, config, program, released_too=fix_released)
    report = (
        _lint(paths, stdin_name, config, delivery.quiet)
        if program is None
        else api.lint_command(program, paths, config)
    )
    return delivery.deliver(report, config)


def _fix(paths: tuple[str, ...], config: Config, program: str | None, *, released_too: bool) -> None:
    """Split, and say on the standard error what became of each; the report is of what is there afterwards."""
    from migsafe import api
    from migsafe.lint.fixes import Fixed

    if program is not None or _STDIN in paths:
        raise UsageError("--fix writes files: name them, instead of a command or the standard input")
    for one in api.fix_paths(paths or config.paths or (os.curdir,), config, released_too=released_too):
        if isinstance(one, Fixed):
            files = ", ".join(os.path.relpath(file) for file in one.files)
            click.echo(f"split {one.migration}: {files}", err=True)
            for remark in one.remarks:
                click.echo(f"  {remark}", err=True)
        else:
            click.echo(f"not split: {one.migration}: {one.reason}", err=True)


def _lint(paths: tuple[str, ...], stdin_name: str, config: Config, quiet: bool) -> Report:
    from migsafe import api

    if _STDIN in paths:
        if len(paths) > 1:
            raise UsageError("the standard input cannot be linted together with other paths")
        return api.lint_stdin(_read_stdin(), stdin_name, config)
    with ProgressBar() as bar:
        return api.lint_paths(paths or config.paths or (os.curdir,), config, progress=None if quiet else bar)


def _read_stdin() -> str:
    if sys.stdin is None:  # `<&-`
        raise UsageError("the standard input is closed")
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"the standard input is not UTF-8 text: byte {error.start}") from None
    if "\0" in text:
        raise UsageError("the standard input holds a NUL byte: it is binary, or text that is not UTF-8")
    return text
