"""`migsafe tracker`: `upgrade`, `check`, `rebind` and `roles`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migsafe.cli.fleets import TRACKERS_OF_FLEET, tell_trackers
from migsafe.cli.tracker_options import HELP, author, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from migsafe.config import Config

_EXAMPLES = """\b
Examples:
  migsafe tracker upgrade                                   make it, or bring it up to date
  migsafe tracker check                                     prove that nothing in it was rewritten
"""
_UPGRADE_EXAMPLES = """\b
Examples:
  migsafe tracker upgrade                                   a file: migsafe/tracker.db
  migsafe tracker upgrade --tracker env:DATABASE_URL        in the database itself
  migsafe tracker upgrade --tracker env:DATABASE_URL --environment production
  migsafe tracker upgrade --fleet migsafe.fleet.toml        in each database of a fleet
"""
_CHECK_EXAMPLES = """\b
Examples:
  migsafe tracker check
  migsafe tracker check --anchor "$(cat last-head)"         nothing older was rewritten
"""
_REBIND_EXAMPLES = """\b
Examples:
  migsafe tracker rebind --reason "pg_upgrade from 16 to 18"
  migsafe tracker rebind --environment staging --reason "restored from production"
"""
_ROLES_EXAMPLES = """\b
Examples:
  migsafe tracker roles > roles.sql                         for a DBA to read, and to run
  migsafe tracker roles --runner deploy | psql "$DATABASE_URL"
"""
_ENVIRONMENT = "The only environment that this tracker is about: a copy of it is refused elsewhere."


@click.group("tracker", epilog=_EXAMPLES, context_settings=HELP)
def command() -> None:
    """Keep the tracker: the record of what ran where, and which release runs where.

    It is a file (SQLite), or tables in a Postgres: in a schema `migsafe`, or in the current one where the role may make
    none.
    """


@command.command("upgrade", epilog=_UPGRADE_EXAMPLES, context_settings=HELP)
@click.option("--environment", metavar="E", help=_ENVIRONMENT)
@TRACKERS_OF_FLEET
@tracker_options(writes=True)
def upgrade_command(
    tracker: str | None,
    environment: str | None,
    fleet: Path | None,
    by: str | None,
    form: str,
    config_file: Path | None,
) -> int:
    """Make the tracker, or bring it to the version that this migsafe needs.

    It waits for nobody, and does all or nothing. Where it is up to date already, nothing is written.
    """
    from migsafe import api

    config = settings(config_file, tracker=tracker)
    if fleet is not None:
        return _upgrade_each(fleet, config, by, environment, form)
    done, place = api.tracker_upgrade(config, environment=environment, by=by), api.tracker_place(config)
    if form == "json":
        say_json("migsafe.tracker/1", tracker=place, before=done.before, version=done.after, place=done.place,
                 environment=done.environment)  # fmt: skip
        return ExitCode.CLEAN
    where = f"{place}, schema {done.place}" if done.place else place
    words = {0: "made", done.after: "up to date"}.get(done.before, f"upgraded from version {done.before}")
    of = f", of {done.environment} only" if done.environment else ""
    say(f"{where}: {words}, version {done.after}{of}")
    return ExitCode.CLEAN


def _upgrade_each(fleet: Path, config: Config, by: str | None, environment: str | None, form: str) -> int:
    from migsafe.cli.progress import ProgressBar
    from migsafe.fleet.reading import read_roster
    from migsafe.fleet.trackers import upgrade_trackers

    with ProgressBar() as bar:
        told = upgrade_trackers(read_roster(fleet), config, author(by), environment=environment, on_progress=bar)
    return tell_trackers(told, form)


@command.command("check", epilog=_CHECK_EXAMPLES, context_settings=HELP)
@click.option("--anchor", metavar="SHA", help="A hash that was printed earlier, and kept elsewhere.")
@tracker_options()
def check_command(tracker: str | None, anchor: str | None, form: str, config_file: Path | None) -> int:
    """Prove the chain of events: none was changed, taken away, or put in between.

    Whoever may write all tables can write a whole chain anew: a note says who that is. The hash that this prints, kept
    elsewhere, shows that.
    Exit code 4 where the chain is broken.
    """
    from migsafe import api

    done = api.tracker_check(settings(config_file, tracker=tracker), anchor=anchor)
    proof = done.proof
    if form == "json":
        say_json("migsafe.chain/1", tracker=done.place, events=proof.events, head=proof.head, anchored=proof.anchored,
                 rewriters=list(done.rewriters))  # fmt: skip
        return ExitCode.CLEAN
    anchored = f"; the anchor is event {proof.anchored}" if proof.anchored else ""
    say(f"{done.place}: {proof.events} events, the chain holds{anchored}", proof.head)
    say(*(f"note: {words}" for words in done.rewriters), err=True)
    return ExitCode.CLEAN


@command.command("rebind", epilog=_REBIND_EXAMPLES, context_settings=HELP)
@click.option("--reason", required=True, metavar="TEXT", help="Why it is another database now.")
@click.option("--environment", metavar="E", help=_ENVIRONMENT)
@tracker_options(writes=True)
def rebind_command(
    tracker: str | None, reason: str, environment: str | None, by: str | None, form: str, config_file: Path | None
) -> int:
    """Say that the tracker belongs to the database in which it stands now.

    A tracker refuses another database than the one in which it was made: a restored copy, and what pg_upgrade made.
    """
    from migsafe import api

    config = settings(config_file, tracker=tracker)
    before, after = api.tracker_rebind(config, reason=reason, environment=environment, by=by)
    place = api.tracker_place(config)
    if form == "json":
        say_json("migsafe.rebound/1", tracker=place, before=before, after=after, environment=environment)
    else:
        of = f", of {environment} from now on" if environment else ""
        say(f"{place}: belongs to {after or 'this file'}{of}")
    return ExitCode.CLEAN


@command.command("roles", epilog=_ROLES_EXAMPLES, context_settings=HELP)
@click.option("--owner", metavar="NAME", default="migsafe_owner", show_default=True, help="Whom the tables belong to.")
@click.option("--runner", metavar="NAME", default="migsafe_runner", show_default=True, help="Records and runs steps.")
@click.option(
    "--approver", metavar="NAME", default="migsafe_approver", show_default=True, help="Decides on contract plans."
)
@click.option("--reader", metavar="NAME", default="migsafe_reader", show_default=True, help="Asks, and writes nothing.")
@click.option(
    "--schema", metavar="NAME", default="migsafe", show_default=True, help="Where the tracker's tables stand."
)
@tracker_options()
def roles_command(tracker: str | None, form: str, config_file: Path | None, schema: str, **roles: str) -> int:
    """Print the SQL by which a DBA keeps the tracker's roles apart; nothing is connected, and nothing is run.

    The tables belong to a role without a login. The runner appends events by a function that says itself who that was,
    from where, and when; it cannot write approvals. The approver can write nothing else. Roles that there are not are
    made, without a login: grant them to people and pipelines.
    """
    from migsafe import api

    text = api.tracker_roles(settings(config_file, tracker=tracker), schema=schema, **roles)
    if form == "json":
        say_json("migsafe.roles/1", roles=roles, place=schema, sql=text)
    else:
        click.echo(text, nl=False)
    return ExitCode.CLEAN
