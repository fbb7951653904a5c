"""`migsafe adopt`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.place_options import CREATE_ENVIRONMENT, ENVIRONMENT, UNPROTECTED
from migsafe.cli.tracker_options import HELP, moment, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.bookkeeping.adopting import Adoption

#: How many migrations are named in a text that a person reads.
_MOST_LINES = 20
_EXAMPLES = """\b
Examples:
  migsafe adopt --env production --url env:DATABASE_URL --dry-run       what would be recorded
  migsafe adopt --env production --url env:DATABASE_URL --create-env --reason "we begin to keep a tracker"
  migsafe adopt --env production --url shop --table app.flyway_schema_history

\b
Exit codes:
  0 it stands as the table says · 1 so, and something needs a person · 4 refused · 5 the database is away
"""


@click.command("adopt", epilog=_EXAMPLES, context_settings=HELP)
@ENVIRONMENT
@click.option("--url", metavar="ADDRESS", help="Its database: env:NAME, a service, or a URL without a password.")
@click.option("--target", metavar="T", help="What the tracker calls it, where there are several.")
@click.option("--table", metavar="NAME", help="The tool's table, [SCHEMA.]NAME, where its configuration does not say.")
@click.option(
    "--at", metavar="TIME", help="When at the latest they had run, where the tool keeps no time.  [default: now]"
)
@click.option("--reason", metavar="TEXT", help="Why; kept with what is recorded, and needed for it.")
@click.option("--dry-run", is_flag=True, help="Only say what would be recorded.")
@CREATE_ENVIRONMENT
@UNPROTECTED
@tracker_options(writes=True)
def command(
    environment: str, url: str | None, form: str, by: str | None, config_file: Path | None, **options: Any
) -> int:
    """Record what has run on a database, as the table of the project's own tool says it.

    Reads alembic_version, django_migrations, flyway_schema_history, _prisma_migrations, goose_db_version,
    schema_migrations (dbmate, golang-migrate), __diesel_schema_migrations, schema_migration (pop), and Sqitch's
    registry. The database is only read, save for a tracker that stands in it. What is recorded already is not
    recorded again.
    """
    from migsafe import api

    config = settings(config_file, tracker=options["tracker"], url=url)
    if config.url is None:
        raise UsageError("no database is named", hint="--url env:NAME, or `url` in the configuration")
    if options["reason"] is None and not options["dry_run"]:
        raise UsageError("what is adopted is recorded for a reason", hint="--reason says which; --dry-run needs none")
    where = api.Where(
        environment=environment,
        target=options["target"],
        create=options["create_env"],
        protected=not options["unprotected"],
    )
    asked = api.Adopt(
        where=where,
        url=config.url,
        table=options["table"],
        at=moment(options["at"], "--at"),
        reason=options["reason"],
        dry_run=options["dry_run"],
    )
    done = api.adopt(asked, config, by=by)
    if form == "json":
        _document(done)
    else:
        say(*_lines(done))
    return ExitCode.FINDINGS if done.concerns else ExitCode.CLEAN


def _document(done: Adoption) -> None:
    say_json(
        "migsafe.adopted/1",
        environment=done.where.environment,
        target=done.where.target,
        database=done.database,
        dry_run=done.dry_run,
        tables=[{"tool": tool, "table": table} for tool, table in done.tables],
        adopted=[
            {"migration": one.migration, "status": one.status, "at": one.at, "changed": one.changed, "note": one.note}
            for one in done.adopted
        ],
        left=done.left,
        concerns=done.concerns,
    )


def _lines(done: Adoption) -> Iterator[str]:
    for concern in done.concerns:
        yield f"{concern.kind}: {concern.migration}: {concern.text}"
    news = [one for one in done.adopted if one.changed]
    told = {concern.migration for concern in done.concerns}
    for one in news[:_MOST_LINES]:
        since = f" since {one.at:%Y-%m-%d %H:%M} UTC" if one.at is not None else ""
        note = f" ({one.note})" if one.note and one.migration not in told else ""
        yield f"{one.migration}: {one.status}{since}{note}"
    if len(news) > _MOST_LINES:
        yield f"… and {len(news) - _MOST_LINES} more; --format json lists all"
    tables = ", ".join(f"{table} of {tool}" for tool, table in done.tables)
    verb = "would be recorded" if done.dry_run else "recorded"
    counts = f"{len(news)} {verb}, {len(done.adopted) - len(news)} known already, {len(done.left)} not run there"
    yield f"{done.where}, by {tables} in {done.database}: {counts}"
    if done.left:
        more = f", and {len(done.left) - 1} more" if len(done.left) > 1 else ""
        yield f"next: {done.left[0]}{more}"
