"""`migsafe verify`."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from migsafe.atomic import write_atomically
from migsafe.cli import only
from migsafe.cli.choices import JobCount, NearestChoice
from migsafe.cli.output import check_target
from migsafe.cli.progress import ProgressBar
from migsafe.cli.project_options import project_options
from migsafe.cli.report_options import Delivery, report_options
from migsafe.cli.shadow_options import shadow_options
from migsafe.reporters.neutral import neutral_line

_EXAMPLES = """\b
Examples:
  migsafe verify --diff origin/main                what a branch adds; the history is only applied
  migsafe verify --only new                        the same in CI, whose variables name that branch
  migsafe verify db/migrations/0042_users.sql      one migration, up and down and up
  migsafe verify --since 0041 --queries queries/   and the queries of the running release
  migsafe verify --setup extensions.sql            with what the project expects to be there
  migsafe verify --shadow-url env:SHADOW_URL       on a database of its own on your server
"""


@click.command("verify", epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATHS…]", type=click.Path(path_type=Path))
@click.option(
    "--queries",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Queries of the running release: SQL files, sqlc's too, an export of pg_stat_statements, a recording of "
    "`pytest --migsafe-record`, or folders of them (repeatable).",
)
@click.option("--generate-queries", is_flag=True, help="Also queries that any code on the earlier schema would run.")
@click.option(
    "--setup",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="SQL that is run first: roles, extensions, tables that no migration makes.",
)
@click.option(
    "--evidence",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Watch the locks of each statement too, and write them there for `migsafe lint --evidence`.",
)
@click.option("--no-rows", is_flag=True, help="Leave the tables empty: no generated rows.")
@click.option(
    "--jobs",
    "-j",
    type=JobCount(),
    default=JobCount.AUTO,
    show_default=True,
    metavar="N",
    help="Prove so many parts of the history at the same time; auto: as many as pay on this machine.",
)
@click.option(
    "--with-alembic",
    is_flag=True,
    help="Run the project's real Alembic with its env.py, by --python's interpreter, instead of its rendered SQL.",
)
@click.option(
    "--url-variable",
    "url_variables",
    multiple=True,
    metavar="NAME",
    help="With --with-alembic: an environment variable from which env.py takes the database's URL (repeatable).",
)
@click.option("--since", metavar="MIGRATION", help="Prove only migrations after this one.")
@click.option("--diff", metavar="GIT_REF", help="Prove only migrations added or changed since this revision.")
@click.option(
    "--only",
    type=NearestChoice([only.NEW, only.ALL]),
    help="Prove what is new against the branch that CI merges into, or all.  [default: new where CI says which branch "
    "that is, and no path, --diff or --since is given; else all]",
)
@shadow_options
@project_options
@report_options
def command(
    paths: tuple[Path, ...],
    delivery: Delivery,
    config_file: Path | None,
    evidence: Path | None,
    **options: Any,
) -> int:
    """Run migrations up, down and up again on a throw-away Postgres, and say what breaks.

    It proves that a migration applies, that its way back exists, runs and restores the schema, and that it applies
    again. With --queries, also that the release which runs now survives it. A server is started for that, unless
    --shadow-url names one.
    """
    from migsafe import api
    from migsafe.config import load_config

    check_target(evidence)
    proof = api.Proof(
        queries=options.pop("queries"),
        generate_queries=options.pop("generate_queries"),
        setup=options.pop("setup"),
        rows=not options.pop("no_rows"),
        jobs=options.pop("jobs"),
        with_alembic=options.pop("with_alembic"),
        url_variables=_variables(options.pop("url_variables")),
    )
    choice, since = options.pop("only"), options["since"]
    config = load_config(config_file, options=options)
    diff, line = only.choose(choice, diff=config.diff, since=since, paths=bool(paths), environ=os.environ)
    if line is not None and not delivery.quiet:
        click.echo(neutral_line(line), err=True)
    config = replace(config, diff=diff)
    named = paths or tuple(map(Path, config.paths)) or (Path(os.curdir),)
    with ProgressBar() as bar:
        keep = None if evidence is None else partial(write_atomically, evidence)
        report = api.verify(named, config, proof, progress=None if delivery.quiet else bar, evidence=keep)
    return delivery.deliver(report, config)


def _variables(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not name or "=" in name or "\0" in name:
            raise click.BadParameter(f'"{name}" is no name of an environment variable', param_hint="--url-variable")
    return names
