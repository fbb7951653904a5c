"""`migsafe catalogue`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.choices import NearestChoice
from migsafe.cli.output import check_target, emit
from migsafe.cli.progress import ProgressBar
from migsafe.cli.project_options import project_options
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migsafe.catalogue.listing import Listing

_SHOWN_PLACES = 5
_EXAMPLES = """\b
Examples:
  migsafe catalogue                                what the migrations of this folder build
  migsafe catalogue db/migrations --at 0041        what they had built by then
  migsafe catalogue --format json --output catalogue.json
  migsafe catalogue --url env:DATABASE_URL         what a database has
  diff <(git show main:schema.txt) <(migsafe catalogue)
"""


@click.command("catalogue", epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATHS…]", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=NearestChoice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the list.",
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the list there.")
@click.option("--at", metavar="MIGRATION", help="Stop after this migration.")
@click.option("--url", metavar="ADDRESS", help="A database to read: env:NAME, a service, or a URL without a password.")
@project_options
def command(
    paths: tuple[Path, ...],
    form: str,
    output: Path | None,
    at: str | None,
    url: str | None,
    config_file: Path | None,
    **options: Any,
) -> int:
    """List what the migrations build, or what a database has: tables, columns, constraints, indexes, types, code.

    The list is sorted and says one fact a line, so that it can be kept and compared. Without --url no database is
    needed: the migrations are replayed. With it the database is only read.
    """
    from migsafe import api
    from migsafe.config import load_config

    check_target(output)
    if url is not None:
        if paths or at is not None:
            raise UsageError(
                "--url lists a database, PATHS and --at what migrations build", hint="migsafe drift compares the two"
            )
        listing = api.database_catalogue(url)
    else:
        config = load_config(config_file, options=options)
        named = paths or tuple(map(Path, config.paths)) or (Path(os.curdir),)
        with ProgressBar() as bar:
            listing = api.catalogue(named, config, at=at, progress=bar)
    emit(listing.json() if form == "json" else listing.text(), output)
    _warn(listing)
    return ExitCode.CLEAN


def _warn(listing: Listing) -> None:
    """Say where something may be missing, apart from the list, which stays what it is."""
    from migsafe.reporters.neutral import neutral_line

    places = listing.not_understood
    for place in places[:_SHOWN_PLACES]:
        where = f"{place.path}:{place.line}:{place.column}"
        click.echo(neutral_line(f"{where}: may lack what this makes: {place.reason}"), err=True)
    if len(places) > _SHOWN_PLACES:
        click.echo(f"and {len(places) - _SHOWN_PLACES} more places: --format json names them all", err=True)
