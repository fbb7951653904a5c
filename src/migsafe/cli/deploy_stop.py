"""`migsafe deploy stop`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migsafe.cli.place_options import DEPLOY_FILE, ENVIRONMENT
from migsafe.cli.tracker_options import HELP, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.deploy.stopping import Stopped
    from migsafe.deploy.words import Ended

_EXAMPLES = """\b
Examples:
  migsafe deploy stop --env staging
  migsafe deploy stop --env staging --yes

\b
Exit codes:
  0 nothing runs there any more · 2 deploy.toml says something that cannot be used
  4 refused: a rollout is open, or migsafe has not started what runs there · 5 something does not end
"""


@click.command("stop", epilog=_EXAMPLES, context_settings=HELP)
@ENVIRONMENT
@click.option("--yes", is_flag=True, help="Also while a rollout is open, and where the tracker cannot tell.")
@DEPLOY_FILE
@tracker_options(writes=True)
def command(
    environment: str,
    yes: bool,
    deploy_file: Path | None,
    tracker: str | None,
    by: str | None,
    form: str,
    config_file: Path | None,
) -> int:
    """End all that runs on an engine that migsafe has started.

    Nobody new gets in, what is open is answered, then the processes are asked to end, and killed after the grace that
    deploy.toml gives them. The releases count as retired from then on. That is the local engine; what runs on others
    was not started by migsafe, and is not touched.
    """
    from migsafe import api

    asked = api.DeployRequest(environment=environment, deploy_file=deploy_file)
    config = settings(config_file, tracker=tracker)
    done = api.stop_deploy(asked, config, yes=yes, say=lambda line: say(line, err=True), by=by)
    if form == "json":
        say_json(
            "migsafe.deploy-stop/1",
            environment=environment,
            ended=list(done.ended),
            releases=list(done.releases),
            notes=list(done.notes),
        )
    else:
        say(*_lines(done))
    return ExitCode.CLEAN


def _lines(done: Stopped) -> Iterator[str]:
    if not done.ended:
        yield f"{done.environment}: nothing runs there"
    for one in done.ended:
        yield f"ended {_spell(one)}" + (", which had to be killed" if one.killed else "")
    if done.releases:
        yield f"{' and '.join(done.releases)} {'runs' if len(done.releases) == 1 else 'run'} no more, by the tracker"
    yield from done.notes


def _spell(one: Ended) -> str:
    what = "HAProxy" if one.version is None else f"an instance of {one.version}"
    return f"{what} ({one.name}, process {one.pid})"
