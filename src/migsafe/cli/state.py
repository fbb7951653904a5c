"""`migsafe state`: `export` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from migsafe.cli.choices import NearestChoice
from migsafe.cli.output import check_target, emit
from migsafe.cli.tracker_options import HELP, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from migsafe.tracker.importing import Preference

_EXAMPLES = """\b
Examples:
  migsafe state export > state.json                         for `migsafe lint --state state.json`
  migsafe state import state.json
"""
_EXPORT_EXAMPLES = """\b
Examples:
  migsafe state export > state.json
  migsafe state export --key env:MIGSAFE_STATE_KEY --output state.json
  migsafe lint --state state.json                            what it is good for
"""
_IMPORT_EXAMPLES = """\b
Examples:
  migsafe state import state.json                            into a tracker that knows nothing else
  migsafe state import state.json --prefer file --reason "corrected by the DBA"
"""
_KEY = "The variable with the key of the HMAC, as env:NAME."


@click.group("state", epilog=_EXAMPLES, context_settings=HELP)
def command() -> None:
    """Carry what the tracker knows to where there are no credentials: `migsafe.state/1`."""


@command.command("export", epilog=_EXPORT_EXAMPLES, context_settings=HELP)
@click.option("--key", metavar="env:NAME", help=_KEY)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the document there.")
@click.option(
    "--format", "form", type=NearestChoice(["json"]), default="json", show_default=True, help="Form of the document."
)
@click.option("--tracker", metavar="ADDRESS", help="Where the tracker is; see migsafe status --help.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), metavar="FILE", help="Configuration file.")
def export_command(
    key: str | None, output: Path | None, form: str, tracker: str | None, config_file: Path | None
) -> int:
    """Write what the tracker knows as one document, sealed by a digest, and by an HMAC where a key is set.

    `migsafe lint --state` reads it, so that a pull request is judged by live facts without a credential.
    """
    from migsafe import api

    check_target(output)
    done = api.export_state(settings(config_file, tracker=tracker, state_key=key))
    emit(done.text, output)
    if done.left_out:
        named = ", ".join(done.left_out[:3])
        more = f" and {len(done.left_out) - 3} more" if len(done.left_out) > 3 else ""
        say(f"left out, because nobody has said their phase: {named}{more}", err=True)
    return ExitCode.CLEAN


@command.command("import", epilog=_IMPORT_EXAMPLES, context_settings=HELP)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--prefer",
    type=NearestChoice(["tracker", "file"]),
    help="Who is believed where both know something, and not the same; else that is refused.",
)
@click.option("--reason", metavar="TEXT", help="Why; it is kept with each event.")
@click.option("--key", metavar="env:NAME", help=_KEY)
@tracker_options(writes=True)
def import_command(
    file: Path,
    prefer: str | None,
    reason: str | None,
    key: str | None,
    tracker: str | None,
    by: str | None,
    form: str,
    config_file: Path | None,
) -> int:
    """Take FILE, a document `migsafe.state/1`, over into the tracker; all of it, or nothing.

    What the tracker does not know is added. What is so already is not written again.
    """
    from migsafe import api

    config = settings(config_file, tracker=tracker, state_key=key)
    done = api.import_state(file, config, prefer=cast("Preference | None", prefer), reason=reason, by=by)
    if form == "json":
        say_json("migsafe.imported/1", written=done.written, kept=list(done.kept))
        return ExitCode.CLEAN
    count = f"{done.written} {'fact' if done.written == 1 else 'facts'} taken over"
    say(count if done.written else "nothing new, nothing written", *(f"kept as it was: {words}" for words in done.kept))
    return ExitCode.CLEAN
