"""`migsafe history`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.tracker_options import HELP, moment, say_json, settings, tracker_options
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from migsafe.tracker.events import Event

_EXAMPLES = """\b
Examples:
  migsafe history
  migsafe history --since 2026-10-01 --env production
  migsafe history --format json
"""
_HEADINGS = ("at", "who", "what", "of", "from", "to", "why")


@click.command("history", epilog=_EXAMPLES, context_settings=HELP)
@click.option("--since", metavar="TIME", help="Only from then on.")
@click.option("--env", "environment", metavar="E", help="Only of this environment.")
@tracker_options()
def command(
    since: str | None, environment: str | None, tracker: str | None, form: str, config_file: Path | None
) -> int:
    """List what was recorded, the oldest first: who, when, from what to what, and why."""
    from migsafe import api

    config = settings(config_file, tracker=tracker)
    events = api.history(config, since=moment(since, "--since"), environment=environment)
    if form == "json":
        say_json("migsafe.history/1", events=[_document(event) for event in events])
        return ExitCode.CLEAN
    from migsafe.reporters.table import render_table

    text = render_table(_HEADINGS, [_row(event) for event in events]) if events else "nothing was recorded\n"
    click.echo(text, nl=False)
    return ExitCode.CLEAN


def _row(event: Event) -> tuple[str, ...]:
    facts = event.facts
    before, after = _words(facts.get("from")), _words(facts.get("to"))
    return (
        f"{event.at:%Y-%m-%d %H:%M:%S}",
        event.actor,
        event.kind,
        event.subject,
        before,
        after,
        facts.get("reason", ""),
    )


def _words(values: dict[str, Any] | None) -> str:
    """What a person looks for: the status; else everything, shortly."""
    if not values:
        return ""
    if "status" in values:
        percent = values.get("percent")
        return str(values["status"]) + (f" {percent} %" if percent not in {None, 0, 100} else "")
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items() if value not in ("", [], None))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _document(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at,
        "actor": event.actor,
        "role": event.role,
        "client": event.client,
        "kind": event.kind,
        "subject": event.subject,
        "environment": event.environment,
        "detail": event.facts,
        "previous": event.previous,
        "sha": event.sha,
    }
