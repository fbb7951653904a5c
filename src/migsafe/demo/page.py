"""The timeline as one HTML page: self-contained, without scripts, everything escaped, for bright and dark rooms."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from migsafe.demo import charts
from migsafe.demo.style import STYLE
from migsafe.demo.timeline import figures, gathered
from migsafe.demo.words import count, milliseconds, seconds
from migsafe.reporters.neutral import neutral_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.demo.timeline import Figures, Timeline

_TITLE = "A column was renamed under live load"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_page(timeline: Timeline) -> str:
    """The page; it may be mailed, printed and kept.

    Args:
        timeline: of more than 0 seconds.
    """
    return "\n".join(_lines(timeline)) + "\n"


def _lines(timeline: Timeline) -> Iterator[str]:
    found = figures(timeline)
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield f"<title>migsafe demo: {_text(_TITLE)}</title>"
    yield f"<style>\n{STYLE}</style>"
    yield "</head>"
    yield "<body>"
    yield '<p class="brand">migsafe demo</p>'
    yield f"<h1>{_text(_TITLE)}</h1>"
    yield f'<p class="lead">{_text(_lead(timeline, found))}</p>'
    yield from _cards(found)
    yield from _lanes(timeline)
    yield from _moments(timeline)
    yield from _reasons(timeline)
    yield from _versions(timeline)
    yield from _tracker(timeline)
    yield from _method()
    yield "</body>"
    yield "</html>"


def _lead(timeline: Timeline, found: Figures) -> str:
    met = f"{count(found.spiked)} that met a bug of {timeline.broken}, which was sent back by itself"
    return (
        f"A shop moved from users.name to users.full_name in {seconds(timeline.seconds)}, with {count(found.requests)} "
        f"requests meanwhile. {_outcome(found)} {met}."
    )


def _outcome(found: Figures) -> str:
    if found.failed == found.stale == 0:
        return "All were answered well, but for"
    return f"{count(found.failed)} failed and {count(found.stale)} saw an old value, besides"


def _cards(found: Figures) -> Iterator[str]:
    back = milliseconds(found.back_ms / 1000) if found.back_ms is not None else "–"
    cards = [
        (count(found.requests), "requests", ""),
        (count(found.failed), "failed, but for the bad release", _tone(found.failed)),
        (count(found.stale), "saw an old value", _tone(found.stale)),
        (milliseconds(found.gap), "longest time without a good answer", ""),
        (milliseconds(found.longest_wait), "longest wait for a lock that was seen", ""),
        (count(found.spiked), f"errors of the bad release, in {seconds(found.spike)}", "trouble"),
        (back, "from the order to go back until all traffic was back", "good"),
    ]
    yield '<ul class="cards">'
    for value, label, tone in cards:
        yield f'<li class="{tone}"><strong>{_text(value)}</strong> <span>{_text(label)}</span></li>'
    yield "</ul>"


def _tone(failures: int) -> str:
    return "good" if failures == 0 else "trouble"


def _lanes(timeline: Timeline) -> Iterator[str]:
    buckets = gathered(timeline.buckets, timeline.seconds, charts.PARTS)
    rates, rate_top = charts.rates(timeline.buckets, timeline.seconds)
    times, time_top = charts.times(buckets)
    waits, wait_top = charts.waits(timeline.looks, timeline.seconds)
    yield "<h2>Schema over code</h2>"
    yield '<div class="lanes">'
    yield from _schema(timeline)
    yield from _lane("Who answers", _legend(timeline), charts.shares(buckets, timeline.versions), "100 %", timeline)
    key = '<span class="key rate"></span>answers <span class="key bad"></span>errors'
    yield from _lane("Requests per second", key, rates, f"{rate_top:.0f}", timeline)
    key = '<span class="key slow"></span>of each moment'
    yield from _lane("Slowest answer", key, times, f"{time_top:.0f} ms", timeline)
    key = '<span class="key wait"></span>longest wait <span class="key exclusive"></span>ACCESS EXCLUSIVE on users'
    yield from _lane("Locks", key, waits, f"{wait_top:.0f} ms", timeline)
    yield from _axis(timeline)
    yield "</div>"


def _schema(timeline: Timeline) -> Iterator[str]:
    order = " → ".join(_text(band.text) for band in timeline.bands)  # the narrow ones have no room for their words
    yield f'<section class="lane"><h3>Schema <small>{order}</small></h3><div class="plot bands">'
    for band in timeline.bands:
        left, right = charts.at(band.begin, timeline), charts.at(band.end, timeline)
        tone = "band moving" if band.moves else "band"
        place = f"left:{left}%;width:{round(right - left, 2)}%"
        yield f'<div class="{tone}" style="{place}" title="{_text(band.text)}"><span>{_text(band.text)}</span></div>'
    yield from _rules(timeline, numbers=True)
    yield "</div></section>"


def _lane(title: str, key: str, svg: str, top: str, timeline: Timeline) -> Iterator[str]:
    """One lane; title and key are ours, and HTML."""
    yield f'<section class="lane"><h3>{title} <small>{key}</small> <small class="top">up to {_text(top)}</small></h3>'
    yield f'<div class="plot">{svg}'
    yield from _rules(timeline)
    yield "</div></section>"


def _rules(timeline: Timeline, *, numbers: bool = False) -> Iterator[str]:
    """A line for each moment, and its number."""
    for number, mark in enumerate(timeline.marks, start=1):
        inner = f"<b>{number}</b>" if numbers else ""
        low = " low" if numbers and number % 2 == 0 else ""
        yield f'<i class="rule {mark.tone}{low}" style="left:{charts.at(mark.at, timeline)}%">{inner}</i>'


def _axis(timeline: Timeline) -> Iterator[str]:
    yield '<div class="axis" aria-hidden="true">'
    for part in range(5):
        yield f'<span style="left:{part * 25}%">{timeline.seconds * part / 4:.0f} s</span>'
    yield "</div>"


def _legend(timeline: Timeline) -> str:
    return " ".join(
        f'<span class="key {charts.COLOURS[number % len(charts.COLOURS)]}"></span>{_text(version)}'
        for number, version in enumerate(timeline.versions)
    )


def _moments(timeline: Timeline) -> Iterator[str]:
    yield "<h2>What happened</h2>"
    yield '<ol class="moments">'
    for mark in timeline.marks:
        yield f'<li class="{mark.tone}"><time>{mark.at:.1f} s</time> {_text(mark.text)}</li>'
    yield "</ol>"


def _reasons(timeline: Timeline) -> Iterator[str]:
    if timeline.why:
        yield f"<h2>Why {_text(timeline.broken)} was sent back</h2>"
        yield f"<p>{_text(timeline.why)}</p>"
    if timeline.refusals:
        yield "<h2>Why the old column had to wait</h2>"
        yield "<p>The contract, which drops it, was asked for while old code was still there, and refused:</p>"
        yield from _list(timeline.refusals)
    if timeline.waits:
        yield "<h2>What production would still have waited for</h2>"
        yield (
            "<p>Once nothing older was left, the contract ran at once, because the environment is marked as not "
            "protected, as a developer's machine is. A protected one waits for what is listed here, and for approvals: "
            "of another person for the quarantine, and of two for the purge.</p>"
        )
        yield from _list(timeline.waits)


def _list(texts: Iterable[str]) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li>{_text(one)}</li>" for one in texts)
    yield "</ul>"


def _versions(timeline: Timeline) -> Iterator[str]:
    good, failed = timeline.totals()
    yield "<h2>Requests by version</h2>"
    yield "<table><thead><tr><th>version</th><th>answered</th><th>errors</th></tr></thead><tbody>"
    for version in timeline.versions:
        cells = f"<td>{count(good[version])}</td><td>{count(failed[version])}</td>"
        yield f"<tr><td>{_text(version)}</td>{cells}</tr>"
    lost = sum(one.lost for one in timeline.buckets)
    yield f"<tr><td>no version</td><td>0</td><td>{count(lost)}</td></tr></tbody></table>"


def _tracker(timeline: Timeline) -> Iterator[str]:
    yield f"<details><summary>What the tracker has recorded: {len(timeline.recorded)} events</summary>"
    yield '<div class="wide"><table><thead><tr><th>at</th><th>who</th><th>what</th><th></th></tr></thead><tbody>'
    for one in timeline.recorded:
        what = f"<td>{_text(one.kind)} {_text(one.subject)}</td><td>{_text(one.text)}</td>"
        yield f"<tr><td>{one.at:.1f} s</td><td>{_text(one.actor)}</td>{what}</tr>"
    yield "</tbody></table></div></details>"


def _method() -> Iterator[str]:
    yield "<h2>How it was measured</h2>"
    yield (
        "<p>Requests were counted by a process of its own that gave people names and read them back; an old value is "
        "an answer that did not have the name that was written last. Locks were looked at twenty times in a second: "
        "shorter waits were not seen, but the slowest answers show them. All of it ran on one machine, so that its own "
        "work is in the times, too.</p>"
    )


def _text(text: str) -> str:
    return escape(neutral_line(text))
