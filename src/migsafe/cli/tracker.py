"""`migsafe tracker`: `upgrade`, `check` and `rebind`."""

from __future__ import annotations

from pathlib import Path

import click

from migsafe.cli.tracker_options import HELP, author, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode

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
_ENVIRONMENT = "The only environment that this tracker is about: a copy of it is refused elsewhere."


@click.group("tracker", epilog=_EXAMPLES, context_settings=HELP)
def command() -> None:
    """Keep the tracker: the record of what ran where, and which release runs where.

    It is a file (SQLite), or tables in a Postgres: in a schema `migsafe`, or in the current one where the role may make
    none.
    """


@command.command("upgrade", epilog=_UPGRADE_EXAMPLES, context_settings=HELP)
@click.option("--environment", metavar="E", help=_ENVIRONMENT)
@tracker_options(writes=True)
def upgrade_command(
    tracker: str | None, environment: str | None, by: str | None, form: str, config_file: Path | None
) -> int:
    """Make the tracker, or bring it to the version that this migsafe needs.

    It waits for nobody, and does all or nothing. Where it is up to date already, nothing is written.
    """
    from migsafe.bookkeeping.place import tracker_address
    from migsafe.tracker.upgrade import upgrade_tracker

    address = tracker_address(settings(config_file, tracker=tracker))
    done = upgrade_tracker(address, author(by), environment=environment)
    if form == "json":
        say_json("migsafe.tracker/1", tracker=address.shown, before=done.before, version=done.after, place=done.place,
                 environment=done.environment)  # fmt: skip
        return ExitCode.CLEAN
    where = f"{address.shown}, schema {done.place}" if done.place else address.shown
    words = {0: "made", done.after: "up to date"}.get(done.before, f"upgraded from version {done.before}")
    of = f", of {done.environment} only" if done.environment else ""
    say(f"{where}: {words}, version {done.after}{of}")
    return ExitCode.CLEAN


@command.command("check", epilog=_CHECK_EXAMPLES, context_settings=HELP)
@click.option("--anchor", metavar="SHA", help="A hash that was printed earlier, and kept elsewhere.")
@tracker_options()
def check_command(tracker: str | None, anchor: str | None, form: str, config_file: Path | None) -> int:
    """Prove the chain of events: none was changed, taken away, or put in between.

    Whoever may write all tables can write a whole chain anew. The hash that this prints, kept elsewhere, shows that.
    Exit code 4 where the chain is broken.
    """
    from migsafe.bookkeeping.documents import prove_tracker

    where, proof = prove_tracker(settings(config_file, tracker=tracker), anchor=anchor)
    if form == "json":
        say_json("migsafe.chain/1", tracker=where, events=proof.events, head=proof.head, anchored=proof.anchored)
        return ExitCode.CLEAN
    anchored = f"; the anchor is event {proof.anchored}" if proof.anchored else ""
    say(f"{where}: {proof.events} events, the chain holds{anchored}", proof.head)
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
    from migsafe.bookkeeping.place import tracker_address
    from migsafe.tracker.upgrade import rebind_tracker

    address = tracker_address(settings(config_file, tracker=tracker))
    before, after = rebind_tracker(address, author(by), reason=reason, environment=environment)
    if form == "json":
        say_json("migsafe.rebound/1", tracker=address.shown, before=before, after=after, environment=environment)
    else:
        of = f", of {environment} from now on" if environment else ""
        say(f"{address.shown}: belongs to {after or 'this file'}{of}")
    return ExitCode.CLEAN
