"""`migsafe preflight`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.choices import NearestChoice
from migsafe.cli.output import check_target, emit
from migsafe.cli.presentation import presentation
from migsafe.cli.project_options import project_options
from migsafe.errors import UsageError

if TYPE_CHECKING:
    from migsafe.preflight.report import PreflightReport

_EXAMPLES = """\b
Examples:
  migsafe preflight --url env:DATABASE_URL                   is anything in the way of any migration?
  migsafe preflight --url env:DATABASE_URL --since 0041      ... of those that come after 0041?
  migsafe preflight --url shop db/migrations/0042_users.sql --wait 60
  migsafe preflight --url shop --diff origin/main --replica shop-ro --format json

\b
Exit codes:
  0 go · 4 no-go · 5 nobody can tell, or the server is away
"""


@click.command("preflight", epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATHS…]", type=click.Path(path_type=Path))
@click.option(
    "--url",
    metavar="ADDRESS",
    help="The database: env:NAME, a service, or a URL without a password. It is only read.",
)
@click.option("--replica", "replicas", multiple=True, metavar="ADDRESS", help="A standby of it (repeatable).")
@click.option("--since", metavar="MIGRATION", help="Judge only migrations after this one.")
@click.option("--diff", metavar="GIT_REF", help="Judge only migrations added or changed since this revision.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Look again until it is a go, for so long.",
)
@click.option(
    "--subscribers-ready", is_flag=True, help="Subscribers of logical replication have the changes of tables already."
)
@click.option(
    "--format",
    "form",
    type=NearestChoice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the answer.",
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the answer there.")
@click.option("--quiet", "-q", is_flag=True, help="Only the first line, and nothing while waiting.")
@click.option("--no-color", is_flag=True, help="Without colours.")
@project_options
def command(
    paths: tuple[Path, ...],
    form: str,
    output: Path | None,
    quiet: bool,
    no_color: bool,
    config_file: Path | None,
    **options: Any,
) -> int:
    """Say whether now is a moment to run migrations: go, no-go, or nobody can tell; and who is in the way.

    Nothing is written, and no table is locked. Without PATHS, --since or --diff the server is judged by itself. With
    them it is only looked at what those migrations will lock, as lint predicts it.
    """
    from migsafe import api
    from migsafe.config import load_config
    from migsafe.preflight.document import render_json
    from migsafe.preflight.text import render_text

    check_target(output)
    wait, ready = options.pop("wait"), options.pop("subscribers_ready")
    of_migrations = bool(paths or options["since"] or options["diff"])
    config = load_config(config_file, options=options)
    if config.url is None:
        raise UsageError("no database is named", hint="--url env:NAME, or `url` in the configuration")
    asked = api.PreflightOptions(url=config.url, replicas=config.replicas, wait=wait, subscribers_ready=ready)
    named = (paths or tuple(map(Path, config.paths)) or (Path(os.curdir),)) if of_migrations else None
    report = api.preflight(asked, named, config, on_wait=None if quiet else _Waiting())
    shown = presentation(output, quiet=quiet, no_color=no_color)
    text = (
        render_json(report)
        if form == "json"
        else render_text(report, colour=shown.colour, width=shown.width, quiet=quiet)
    )
    emit(text, output)
    return report.verdict.exit_code


class _Waiting:
    """Says on the error stream what is waited for: at first, when it changes, and now and then."""

    _SECONDS_BETWEEN = 10.0

    def __init__(self) -> None:
        self._said: tuple[str, ...] = ()
        self._left = float("inf")

    def __call__(self, report: PreflightReport, left: float) -> None:
        from migsafe.preflight.text import spell_progress

        heavy = tuple(one.check for one in report.reasons[:1])
        if heavy != self._said or self._left - left >= self._SECONDS_BETWEEN:
            self._said, self._left = heavy, left
            click.echo(spell_progress(report, left), err=True)
