"""For people: the verdict in the first line, and on one screen who is in the way."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.preflight.report import Culprit, PreflightReport, Reason, Verdict, Weight
from migsafe.preflight.words import counted, duration, some
from migsafe.reporters.ansi import Ink, Painter
from migsafe.reporters.neutral import neutral_line

_MOST_REASONS = 12
_MOST_CULPRITS = 3
_MOST_LOCKS = 4
_INDENT = " " * 9
_INKS = {Weight.NO_GO: Ink.RED, Weight.UNKNOWN: Ink.YELLOW, Weight.WARNING: Ink.YELLOW, Weight.NOTE: Ink.BLUE}
_VERDICT_INKS = {Verdict.GO: Ink.GREEN, Verdict.NO_GO: Ink.RED, Verdict.UNKNOWN: Ink.YELLOW}


def render_text(report: PreflightReport, *, colour: bool = False, width: int = 100, quiet: bool = False) -> str:
    """The report.

    Args:
        width: columns; queries are cut there.
        quiet: the first line alone.
    """
    paint = Painter(colour)
    lines = [_headline(report, paint)]
    if not quiet:
        lines += _body(report, paint, max(width, 60))
    return "".join(f"{line}\n" for line in lines)


def _headline(report: PreflightReport, paint: Painter) -> str:
    word = paint(report.verdict.value, _VERDICT_INKS[report.verdict])
    place = neutral_line(f"{report.database} (Postgres {report.version}) as {report.role}")
    if report.migrations is None:
        return f"{word}: {place}"
    return f"{word}: {place}, for {counted(len(report.migrations), 'migration')}"


def _body(report: PreflightReport, paint: Painter, width: int) -> Iterator[str]:
    if report.locks:
        yield f"{_INDENT}{_locks(report)}"
    for reason in report.reasons[:_MOST_REASONS]:
        yield from _reason(reason, paint, width)
    more = len(report.reasons) - _MOST_REASONS
    if more > 0:
        yield f"{_INDENT}and {counted(more, 'lighter reason')}: --format json says all"
    yield f"{_INDENT}{counted(len(report.checks), 'check')} in {duration(report.took)}"


def _locks(report: PreflightReport) -> str:
    shown = [f"{mode} on {table}" for table, mode in report.locks[:_MOST_LOCKS]]
    more = len(report.locks) - len(shown)
    return neutral_line("locks: " + ", ".join(shown) + (f" and {more} more" if more > 0 else ""))


def _reason(reason: Reason, paint: Painter, width: int) -> Iterator[str]:
    mark = paint(reason.weight.value.ljust(len(_INDENT) - 2), _INKS[reason.weight])
    yield f"{mark}  {neutral_line(reason.text)}"
    for culprit in reason.culprits[:_MOST_CULPRITS]:
        yield f"{_INDENT}  {neutral_line(spell_culprit(culprit))}"
        if culprit.query:
            yield paint(f"{_INDENT}    {_cut(neutral_line(culprit.query), width - len(_INDENT) - 4)}", Ink.FAINT)
    more = len(reason.culprits) - _MOST_CULPRITS
    if more > 0:
        yield f"{_INDENT}  and {more} more"
    if reason.hint:
        yield f"{_INDENT}{neutral_line('→ ' + reason.hint)}"


def spell_culprit(culprit: Culprit) -> str:
    """`pid 4711: shop@web (10.0.0.7), idle in transaction, 42 s old`."""
    who = f"pid {culprit.pid}" if culprit.pid is not None else f"prepared {culprit.gid or 'transaction'}"
    whose = "@".join(part for part in (culprit.user, culprit.application) if part)
    client = f" ({culprit.client})" if culprit.client else ""
    facts = [f"{whose}{client}".strip(), culprit.state or "hidden from this role"]
    if culprit.age is not None:
        facts.append(f"{duration(culprit.age)} old")
    if culprit.waited is not None:
        facts.append(f"waits for {duration(culprit.waited)}")
    return f"{who}: {', '.join(fact for fact in facts if fact)}"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def spell_progress(report: PreflightReport, left: float) -> str:
    """One line for who waits: what is in the way, and for how long it may still be."""
    heavy = [one.text for one in report.reasons if one.weight in {Weight.NO_GO, Weight.UNKNOWN}]
    return neutral_line(f"{report.verdict.value}: {some(heavy[:1])} ({duration(left)} left)")
