"""`migsafe status --fleet FILE`: how far many databases are, in a few lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.progress import ProgressBar
from migsafe.cli.tracker_options import say, say_json
from migsafe.errors import ExitCode
from migsafe.model.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from migsafe.config import Config
    from migsafe.fleet.status import FleetStatus, RingLine, Standing

_MOST = 20
_NOTHING = "-"


def show_fleet(fleet: Path, ring: str | None, environment: str | None, config: Config, form: str) -> int:
    """Ask, count, and say it.

    Raises:
        MigsafeError: when the fleet's file, or the tracker of all, cannot be used.
    """
    from migsafe import api

    roster = api.read_fleet(fleet).only(ring)
    with ProgressBar() as bar:
        found = api.fleet_status(roster, config, environment=environment, progress=bar)
    if form == "json":
        say_json("migsafe.fleet-status/1", environment=environment, **_document(found))
    else:
        click.echo(_tables(found), nl=False)
        say(*_troubles(found))
    return ExitCode.CLEAN


def _tables(found: FleetStatus) -> str:
    from migsafe.reporters.table import render_table

    headings = ("ring", "databases", *(phase.value for phase in Phase), "away")
    text = render_table(headings, [_ring(line) for line in found.rings])
    if not any(line.phases for line in found.rings):
        text += "\nno database of the fleet has begun a step\n"
    if found.changes:
        asked = found.databases - len(found.away)
        rows = [(one.change, *(_part(one.phases.get(phase), asked) for phase in Phase)) for one in found.changes]
        text += "\n" + render_table(("change", *(phase.value for phase in Phase)), rows)
    return text


def _ring(line: RingLine) -> tuple[str, ...]:
    counts = (_counts(line.phases.get(phase)) for phase in Phase)
    return line.name, str(line.databases), *counts, str(line.away or _NOTHING)


def _counts(standings: Mapping[Standing, int] | None) -> str:
    return ", ".join(f"{count} {standing}" for standing, count in (standings or {}).items()) or _NOTHING


def _part(done: int | None, asked: int) -> str:
    return _NOTHING if done is None else f"{done} of {asked}"


def _troubles(found: FleetStatus) -> Iterator[str]:
    """What has failed and who is away, by name."""
    for title, pairs in (("failed", found.failed), ("away", found.away)):
        if pairs:
            yield ""
            yield f"{title}:"
            yield from _some(pairs)


def _some(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, words in pairs[:_MOST]:
        yield f"  {name}: {words}"
    if len(pairs) > _MOST:
        yield f"  and {len(pairs) - _MOST} more: --format json has all of them"


def _document(found: FleetStatus) -> dict[str, Any]:
    return {
        "databases": found.databases,
        "rings": [
            {
                "name": line.name,
                "databases": line.databases,
                "phases": {phase.value: _standings(counts) for phase, counts in line.phases.items()},
                "away": line.away,
            }
            for line in found.rings
        ],
        "changes": [
            {"change": one.change, "done": {phase.value: done for phase, done in one.phases.items()}}
            for one in found.changes
        ],
        "failed": [{"target": name, "what": words} for name, words in found.failed],
        "away": [{"target": name, "why": words} for name, words in found.away],
    }


def _standings(counts: Mapping[Standing, int]) -> dict[str, int]:
    from migsafe.fleet.status import Standing

    return {each.value: counts.get(each, 0) for each in Standing}
