"""`migsafe rollback`."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.interruption import until_interrupted
from migsafe.cli.place_options import DEPLOY_FILE, ENVIRONMENT, TARGET, WAIT_FOR_TURN, address
from migsafe.cli.project_options import project_options
from migsafe.cli.tracker_options import BY, HELP, TRACKER, answer_in, say, say_json, settings
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migsafe.deploy.rollback import RolledBack

_EXAMPLES = """\b
Examples:
  migsafe rollback --env production --reason "checkout fails" --dry-run
  migsafe rollback --env production --reason "checkout fails"
  migsafe rollback --env production --to 1.7.0 --reason "1.8.0 loses orders"
  migsafe rollback --env staging --reason "never mind" --backward --url env:DATABASE_URL

\b
Exit codes:
  0 the traffic is back, and the code is well · 4 refused: nothing was moved, or the schema was not touched
  5 the traffic is not back, or the code is not well · 130 stopped by Ctrl-C: it stands where it is
"""
_SIGNS = {"done": "+", "refused": "x", "failed": "x", "left": "-", "due": " "}
_NOTICE = "it ends where it is; migsafe deploy status says how that is"


@click.command("rollback", epilog=_EXAMPLES, context_settings=HELP)
@ENVIRONMENT
@click.option("--to", metavar="R", help="The release that is wanted.  [default: the one before]")
@click.option("--reason", required=True, metavar="WHY", help="For the record.")
@click.option(
    "--backward", is_flag=True, help="Take the release's steps back from the database, too, where that is safe."
)
@address(required=False)
@TARGET
@click.option("--accept-data-loss", is_flag=True, help="With --backward: give up what is lost.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@WAIT_FOR_TURN
@DEPLOY_FILE
@TRACKER
@BY
@answer_in("text", "json")
@project_options
def command(
    environment: str,
    deploy_file: Path | None,
    wait_for_turn: float,
    by: str | None,
    form: str,
    config_file: Path | None,
    **options: Any,
) -> int:
    """Send the traffic back to the release before, see that it is well, and only then ask about the schema.

    A rollout that is under way goes back at once; a release that has ended is brought out again. One that does not work
    on the schema as it is now is refused, and the nearest that does is named. The schema stays expanded, which is safe,
    unless --backward asks for more.
    """
    from migsafe import api

    own = {name: options.pop(name) for name in ("to", "reason", "backward", "accept_data_loss", "dry_run", "target")}
    if own["backward"] and options.get("url") is None:
        raise UsageError("--backward needs the database", hint="--url env:NAME")
    config, stop = settings(config_file, **options), threading.Event()
    place = api.DeployRequest(environment=environment, deploy_file=deploy_file, wait_for_turn=wait_for_turn)
    asked = api.RollbackRequest(place=place, url=config.url, **own)
    with until_interrupted(stop, _NOTICE):
        done = api.roll_back(asked, config, say=lambda line: say(line, err=True), stop=stop, by=by)
    _show(done, environment, form)
    return ExitCode.INTERRUPTED if stop.is_set() and not done.is_well else _code(done)


def _show(done: RolledBack, environment: str, form: str) -> None:
    if form == "json":
        say_json("migsafe.rollback/1", environment=environment, to=done.to, items=list(done.items))
        return
    for one in done.items:
        say(f"{_SIGNS[one.result]} {one.name:<7} {one.text}")


def _code(done: RolledBack) -> int:
    results = {one.result for one in done.items}
    if "failed" in results:
        return ExitCode.ENVIRONMENT
    return ExitCode.REFUSED if "refused" in results else ExitCode.CLEAN
