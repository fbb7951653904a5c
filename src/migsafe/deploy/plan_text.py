"""A release plan as people read it: on a terminal, and in Markdown for a pull request or a ticket."""

from __future__ import annotations

import re
from textwrap import wrap
from typing import TYPE_CHECKING

from migsafe.deploy.checks.pacing import spell_seconds
from migsafe.reporters.neutral import neutral_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.deploy.plan_values import PlanStep, ReleasePlan

_HEADINGS = ("", "step", "gate", "on failure", "duration")
#: How wide each column is at most: what is longer goes on in the next line.
_WIDTHS = (2, 34, 32, 34, 11)
_GAP = "  "
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_SIGNS = {"done": "done", "due": "DUE", "later": "later", "planned": ""}


def render_text(plan: ReleasePlan) -> str:
    """The plan as plain text; whatever would steer a terminal in it is made visible."""
    return "".join(f"{line}\n" for line in _lines(plan))


def render_markdown(plan: ReleasePlan) -> str:
    """The plan as Markdown; nothing of a name is taken for markup."""
    return "".join(f"{line}\n" for line in _markdown(plan))


def render(plan: ReleasePlan, form: str) -> str:
    """The plan in a form: `text`, `markdown` or `json`."""
    if form == "json":
        from migsafe.deploy.plan_document import render_json

        return render_json(plan)
    return render_markdown(plan) if form == "markdown" else render_text(plan)


def _lines(plan: ReleasePlan) -> Iterator[str]:
    yield neutral_line(_title(plan))
    yield neutral_line(f"{_way(plan)}; plan {plan.short_id}")
    yield ""
    yield from _table(_HEADINGS, [_cells(step) for step in plan.steps])
    for heading, lines in _sections(plan):
        yield ""
        yield heading
        yield from (f"  {neutral_line(line)}" for line in lines)


def _markdown(plan: ReleasePlan) -> Iterator[str]:
    yield f"# {_escaped(_title(plan))}"
    yield ""
    yield f"{_escaped(_way(plan))}; plan `{plan.short_id}`"
    yield ""
    yield "| # | step | gate | on failure | duration |"
    yield "|--:| --- | --- | --- | --- |"
    for step in plan.steps:
        yield "| " + " | ".join(_escaped(cell) for cell in _cells(step)) + " |"
    for heading, lines in _sections(plan):
        yield ""
        yield f"## {heading.rstrip(':')}"
        yield ""
        yield from (f"- {_escaped(line)}" for line in lines)


def _title(plan: ReleasePlan) -> str:
    return f"Release plan: {plan.release} on {plan.environment} ({plan.strategy}, by {plan.provider})"


def _way(plan: ReleasePlan) -> str:
    start = f"from {plan.stable}" if plan.stable is not None else "the first release there"
    return f"{start}; code is watched for {spell_seconds(plan.watched)} in all"


def _sections(plan: ReleasePlan) -> Iterator[tuple[str, Sequence[str]]]:
    others = [f"{step.n:>2}  {step.by}" for step in plan.steps if step.by is not None]
    yield "Done by migsafe deploy run, but for:", others or ["nothing: all of it is"]
    hold = plan.settings["deploy"]["on_inconclusive"] == "hold"
    yield (
        "Whatever happens:",
        [
            "a failure moves code back, and leaves the schema as it is",
            "where nobody can tell whether a version is well, "
            + ("nothing is moved until a person has looked" if hold else "all traffic goes back"),
        ],
    )
    if plan.warnings:
        yield "To know:", plan.warnings
    yield "Before code moves:", plan.waits or ["nothing is left to do: migsafe deploy run may begin"]


def _cells(step: PlanStep) -> tuple[str, ...]:
    sign = _SIGNS[step.standing]
    title = f"{step.title} [{sign}]" if sign else step.title
    return str(step.n), f"{step.kind}: {title}" if _is_bare(step) else title, step.gate, step.on_failure, _lasts(step)


def _is_bare(step: PlanStep) -> bool:
    """Whether the title does not begin with the word for the step itself."""
    return not step.title.startswith(step.kind.value)


def _lasts(step: PlanStep) -> str:
    if step.seconds:
        return spell_seconds(step.seconds)
    if step.at_most is not None:
        return f"up to {spell_seconds(step.at_most)}"
    return ""


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns in which long cells go on below; no line has blanks at its end."""
    cells = [[neutral_line(cell) for cell in row] for row in (headings, *rows)]
    widths = [min(most, max(len(row[at]) for row in cells)) for at, most in enumerate(_WIDTHS)]
    for row in cells:
        columns = [wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
        for at in range(max(map(len, columns))):
            parts = (column[at] if at < len(column) else "" for column in columns)
            yield _GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", neutral_line(text))
