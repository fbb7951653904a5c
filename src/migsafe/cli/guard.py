"""`migsafe guard`."""

from __future__ import annotations

from pathlib import Path

import click

from migsafe.cli.place_options import TARGET
from migsafe.cli.tracker_options import HELP, say, say_json, settings, tracker_options
from migsafe.errors import EnvironmentFailedError, ExitCode, MigsafeError

_EXAMPLES = """\b
Examples:
  migsafe guard --release 1.9.0 --url env:DATABASE_URL      the tracker is in that database
  migsafe guard --release 1.9.0 --tracker env:TRACKER_URL --env production

\b
Exit codes:
  0 the release works on the schema · 4 it does not · 5 nobody can tell: start nevertheless
"""
_CODES = {"yes": ExitCode.CLEAN, "no": ExitCode.REFUSED, "unknown": ExitCode.ENVIRONMENT}
_ANSWERS = {"yes": "{} works", "no": "{} does not work", "unknown": "cannot tell whether {} works"}


@click.command("guard", epilog=_EXAMPLES, context_settings=HELP)
@click.option("--release", required=True, metavar="R", help="The release that is about to start.")
@click.option("--env", "environment", metavar="E", help="The environment, where the tracker knows several.")
@TARGET
@click.option("--url", metavar="ADDRESS", help="The database, where the tracker is in it; the same as --tracker.")
@tracker_options()
def command(
    release: str,
    environment: str | None,
    target: str | None,
    url: str | None,
    tracker: str | None,
    form: str,
    config_file: Path | None,
) -> int:
    """Say whether a release works on the schema as it is now; for an init container, or a check at start-up.

    A schema that is ahead by expands works. Below the floor, which contracts raise, it does not; nor where an expand of
    the release itself has not run. Where nobody can tell, the exit code is 5, and the application should start: a
    tracker that is away must not keep it from scaling.
    """
    from migsafe import api

    config = settings(config_file, tracker=url or tracker)
    try:
        verdict = api.guard(release, config, environment=environment, target=target)
    except MigsafeError as error:  # whatever the reason is: nobody can tell
        raise EnvironmentFailedError(f"cannot tell whether {release} works: {error.message}", hint=error.hint) from None
    if form == "json":
        place = {"environment": verdict.where.environment, "target": verdict.where.target}
        say_json("migsafe.guard/1", release=release, **place, answer=verdict.answer, why=verdict.why)
    else:
        say(f"{_ANSWERS[verdict.answer].format(release)}: {verdict.why}")
    return _CODES[verdict.answer]
