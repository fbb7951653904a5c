"""`migsafe status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.fleet_status import show_fleet
from migsafe.cli.fleets import RING
from migsafe.cli.tracker_options import HELP, say_json, settings, tracker_options
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.state import Rollout
    from migsafe.tracker.reading import Compatibility
    from migsafe.tracker.standing import ChangeLine, EnvironmentLine, Status

_EXAMPLES = """\b
Examples:
  migsafe status                              what is open, due and blocked
  migsafe status --env production --all       also what is done
  migsafe status --tracker env:DATABASE_URL --format json
  migsafe status --fleet migsafe.fleet.toml   how far many databases are
"""
_HEADINGS = ("change", "environment", "expand", "migrate", "contract", "due", "next", "")
_MOST_REASONS = 3


@click.command("status", epilog=_EXAMPLES, context_settings=HELP)
@click.option("--env", "environment", metavar="E", help="Only this environment.")
@click.option("--all", "everything", is_flag=True, help="Also changes that are done.")
@click.option(
    "--fleet", type=click.Path(path_type=Path), metavar="FILE", help="Count the databases of a fleet instead."
)
@RING
@tracker_options()
def command(
    environment: str | None,
    everything: bool,
    fleet: Path | None,
    ring: str | None,
    tracker: str | None,
    form: str,
    config_file: Path | None,
) -> int:
    """Show how everything stands: which release runs where, how far each change has come, what is due, what blocks.

    It says what the tracker knows. What the project's migrations promise, `migsafe change list` says.
    """
    from migsafe import api

    if fleet is not None:
        return show_fleet(fleet, ring, environment, settings(config_file, tracker=tracker), form)
    if ring is not None:
        raise UsageError("--ring is about many databases, which is only said of a --fleet")
    found = api.status(settings(config_file, tracker=tracker), environment=environment, everything=everything)
    shown = [line for line in found.changes if everything or line.standing != "done"]
    if form == "json":
        say_json("migsafe.status/1", environments=_environments(found), changes=[_change(line) for line in shown])
    else:
        click.echo(_text(found, shown, everything=everything), nl=False)
    return ExitCode.CLEAN


def _text(found: Status, shown: list[ChangeLine], *, everything: bool) -> str:
    from migsafe.reporters.neutral import neutral_line
    from migsafe.reporters.table import render_table

    lines = [line for each in found.environments for line in _head(each)]
    if not found.environments:
        return "the tracker knows no environment yet: migsafe release mark and migsafe record make them known\n"
    head = "".join(f"{neutral_line(line)}\n" for line in lines)
    if not shown:
        return f"{head}\n{'no change is open' if found.changes or found.settled else 'no change is known'}\n"
    return f"{head}\n{render_table(_HEADINGS, [_row(line) for line in shown])}"


def _head(line: EnvironmentLine) -> list[str]:
    """An environment in one line, with a line more for each thing that is wrong."""
    protected = "" if line.protected else " (not protected)"
    running = [_spoken(rollout) for rollout in line.rollouts if rollout.status.value not in {"retired", "rolled_back"}]
    steps = ", ".join(f"{count} {status}" for status, count in line.unchanged)
    parts = [
        ", ".join(running) or "nobody has said what runs",
        *(words for name, said in line.bounds for words in _bounds(name, said)),
    ]
    parts += [f"steps of no change: {steps}"] if steps else []
    return [f"{line.name}{protected}: {'; '.join(parts)}", *(f"  {words}" for words in line.broken)]


def _bounds(name: str, said: Compatibility) -> Iterator[str]:
    if said.floor:
        yield f"floor of {name}: {said.floor}"
    if said.ceiling:
        yield f"ceiling of {name}: {said.ceiling}"
    if said.doubt:
        yield f"floor of {name} in doubt: {said.doubt}"


def _spoken(rollout: Rollout) -> str:
    share = f" {rollout.percent} %" if rollout.percent not in {None, 0, 100} else ""
    since = f" since {rollout.full_at.date()}" if rollout.full_at and rollout.status.value == "deployed" else ""
    return f"{rollout.release} {rollout.status}{share}{since}"


def _row(line: ChangeLine) -> tuple[str, ...]:
    due = f"{line.due}{' (overdue)' if line.overdue else ''}" if line.due else "-"
    coming = f"{line.next}: {line.standing}" if line.next else line.standing
    reasons = "; ".join(line.reasons[:_MOST_REASONS])
    more = f"; and {len(line.reasons) - _MOST_REASONS} more" if len(line.reasons) > _MOST_REASONS else ""
    return line.change, line.environment, *(phase.word for phase in line.phases), due, coming, reasons + more


def _environments(found: Status) -> list[dict[str, Any]]:
    return [
        {
            "name": line.name,
            "protected": line.protected,
            "rollouts": list(line.rollouts),
            "floors": {name: said.floor for name, said in line.bounds if said.floor},
            "ceilings": {name: said.ceiling for name, said in line.bounds if said.ceiling},
            "doubts": {name: said.doubt for name, said in line.bounds if said.doubt},
            "steps_of_no_change": dict(line.unchanged),
            "broken": list(line.broken),
        }
        for line in found.environments
    ]


def _change(line: ChangeLine) -> dict[str, Any]:
    phases = {
        each.phase.value: {"steps": each.steps, "over": each.over, "broken": list(each.broken)} for each in line.phases
    }
    return {
        "change": line.change,
        "environment": line.environment,
        "phases": phases,
        "due": line.due,
        "overdue": line.overdue,
        "next": line.next,
        "standing": line.standing,
        "reasons": list(line.reasons),
    }
