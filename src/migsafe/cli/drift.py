"""`migsafe drift`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.progress import ProgressBar
from migsafe.cli.project_options import project_options
from migsafe.cli.report_options import Delivery, report_options
from migsafe.cli.shadow_options import shadow_options

if TYPE_CHECKING:
    from migsafe.config import Config

_EXAMPLES = """\b
Examples:
  migsafe drift --url env:DATABASE_URL             this folder's migrations and a database
  migsafe drift --url shop db/migrations --at 0041
  migsafe drift --url env:DATABASE_URL --ignore "audit.*" --ignore "tmp_*"
  migsafe drift --models app.models:Base           SQLAlchemy models and the migrations
  migsafe drift --models app.models:Base --static  without a server
"""


@click.command("drift", epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATHS…]", type=click.Path(path_type=Path))
@click.option(
    "--url",
    metavar="ADDRESS",
    help="The database: env:NAME, a service, or a URL without a password. It is only read.",
)
@click.option(
    "--models",
    multiple=True,
    metavar="MODULE:NAME",
    help="SQLAlchemy models: a declarative base, or its metadata (repeatable).",
)
@click.option("--at", metavar="MIGRATION", help="The last migration that counts.")
@click.option(
    "--ignore", multiple=True, metavar="PATTERN", help='Leave out objects of this name, such as "audit.*" (repeatable).'
)
@click.option("--static", is_flag=True, help="Start no server: replay the migrations, and compare less of expressions.")
@shadow_options
@project_options
@report_options
def command(
    paths: tuple[Path, ...],
    delivery: Delivery,
    config_file: Path | None,
    at: str | None,
    **options: Any,
) -> int:
    """Compare what the migrations build with what a database has, or with what models declare, by name.

    The migrations are applied to a throw-away Postgres, because a server spells types and expressions in its own way.
    Owners, privileges, and the tables in which migration tools keep their records are left out.
    """
    from migsafe import api
    from migsafe.config import load_config

    ignore, static = options.pop("ignore"), options.pop("static")
    config = load_config(config_file, options=options)
    server = api.ServerChoice(url=config.shadow_url, bin_dir=config.pg_bin, major=config.server_version)
    url, models = _sides(config, by_option=(options["url"] is not None, bool(options["models"])))
    drift = api.DriftOptions(url=url, models=models, static=static, ignore=ignore, server=server)
    named = paths or tuple(map(Path, config.paths)) or (Path(os.curdir),)
    with ProgressBar() as bar:
        report = api.drift(named, drift, config, at=at, progress=None if delivery.quiet else bar)
    return delivery.deliver(report, config)


def _sides(config: Config, *, by_option: tuple[bool, bool]) -> tuple[str | None, tuple[str, ...]]:
    """What the migrations are held against: what options name, or else all that the configuration does."""
    url_named, models_named = by_option
    if not any(by_option):
        return config.url, config.models
    return config.url if url_named else None, config.models if models_named else ()
