"""Changes as a table, a page, and a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from migsafe.phases.board import BoardEntry
from migsafe.reporters.neutral import neutral_line

_EMPTY = "no change is open"
_HEAD = ("CHANGE", "KIND", "STANDING", "DUE", "STEPS")


def listing(entries: Sequence[BoardEntry]) -> str:
    """One line a change, in columns."""
    if not entries:
        return _EMPTY
    rows = [_HEAD, *(_row(entry) for entry in entries)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _row(entry: BoardEntry) -> tuple[str, ...]:
    cells = (entry.name, entry.kind or "?", entry.standing, entry.due or "-", _steps(entry))
    return tuple(map(neutral_line, cells))


def _steps(entry: BoardEntry) -> str:
    """`expand, 7 migrate (1.9.0); contract (no release yet)`."""
    releases = dict.fromkeys(step.release for step in entry.steps)
    return "; ".join(_steps_in(entry, release) for release in releases)


def _steps_in(entry: BoardEntry, release: str | None) -> str:
    counts = Counter(step.phase.value for step in entry.steps if step.release == release)
    phases = ", ".join(phase if count == 1 else f"{count} {phase}" for phase, count in counts.items())
    return f"{phases} ({release or 'no release yet'})"


def page(entry: BoardEntry) -> str:
    """Everything that is known of one change."""
    kind = f" ({entry.kind})" if entry.kind else ""
    lines = [
        f"{entry.name}{kind}: {entry.standing}",
        f"  about:  {', '.join(entry.objects) or 'nothing that could be seen'}",
        f"  due:    {entry.due or 'nobody has said when'}",
        *(
            f"  step:   {step.phase.ljust(8)} {step.migration} ({step.release or 'no release yet'})"
            for step in entry.steps
        ),
        *(f"  {one.result.ljust(7)} {one.rule}: {one.text}" for one in entry.reasons),
    ]
    if not entry.reasons and entry.standing == "unknown":
        lines.append("  nothing is known of releases: git tags, or `migsafe release cut`, tell")
    return "\n".join(map(neutral_line, lines))


def document(entries: Sequence[BoardEntry]) -> dict[str, Any]:
    """The document `migsafe.changes/1`."""
    return {"schema": "migsafe.changes/1", "changes": [asdict(entry) for entry in entries]}
