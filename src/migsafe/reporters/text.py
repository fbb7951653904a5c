"""For people: by file, the marked code, what happens, who waits, why it hurts, and the safe form."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

from migsafe.model.finding import Evidence, Finding, order_of_reading
from migsafe.model.locks import LockClaim, Work
from migsafe.model.report import Report
from migsafe.model.script import Direction, SourceText
from migsafe.reporters import PLAIN, Presentation
from migsafe.reporters.ansi import SEVERITY_INK, Ink, Painter
from migsafe.reporters.frame import code_frame
from migsafe.reporters.neutral import neutral, neutral_line
from migsafe.reporters.summary import on_databases, remarks, summary

_WORK = {
    Work.NONE: "",
    Work.SCAN: "the whole table is read",
    Work.INDEX_BUILD: "an index is built",
    Work.REWRITE: "the whole table is rewritten",
}
_SQL_LINES = 6
_LABEL = len("evidence:")
_RESULT = len("unknown")
_MARGIN = " " * (2 + _LABEL + 1)


def render(report: Report, presentation: Presentation = PLAIN) -> str:
    """The report as a person reads it."""
    findings = sorted(report.findings, key=order_of_reading)
    if presentation.quiet:
        return "".join(f"{_one_line(finding, on_databases(report, finding))}\n" for finding in findings)
    lines = [line for text in _Page(report, presentation).lines(findings) for line in text.split("\n")]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _one_line(finding: Finding, where: str) -> str:
    place = f"{finding.path}:{finding.start.line}:{finding.start.column}"
    databases = f" ({where})" if where else ""
    return neutral_line(f"{place}: {finding.severity}[{finding.rule}] {finding.message}{databases}")


class _Page:
    """One rendering: it remembers what was said, so that no explanation is printed twice."""

    def __init__(self, report: Report, presentation: Presentation) -> None:
        self._report = report
        self._width = max(60, min(presentation.width, 120))
        self._paint = Painter(presentation.colour)
        self._said: set[str] = set()

    def lines(self, findings: list[Finding]) -> Iterator[str]:
        """The whole page; a member may hold several lines."""
        for path, in_file in groupby(findings, key=lambda finding: finding.path):
            yield self._paint(neutral_line(path), Ink.BOLD)
            source = self._source(path)
            for finding in in_file:
                yield from self._finding(finding, source)
                yield ""
        yield from self._cleared()
        yield self._last_line()
        yield from (self._paint(remark, Ink.FAINT) for remark in remarks(self._report))

    def _source(self, path: str) -> SourceText | None:
        text = self._report.sources.get(path)
        return None if text is None else SourceText(path, text)

    def _last_line(self) -> str:
        heaviest = max((finding.severity for finding in self._report.findings), key=lambda s: s.weight, default=None)
        return self._paint(summary(self._report), SEVERITY_INK[heaviest] if heaviest else Ink.GREEN)

    def _finding(self, finding: Finding, source: SourceText | None) -> Iterator[str]:
        head = self._paint(f"{finding.severity}[{neutral_line(finding.rule)}]", SEVERITY_INK[finding.severity])
        yield f"{head}: {self._paint(neutral_line(finding.message), Ink.BOLD)}"
        yield self._place(finding)
        if source is not None:
            yield from code_frame(finding, source, self._paint, self._width)
        if finding.sql is not None:
            yield self._labelled("sql", _shortened(finding.sql))
        for lock in finding.locks:
            yield self._labelled("lock", _lock(lock, finding.work))
        if finding.why and finding.why not in self._said:
            self._said.add(finding.why)
            yield self._labelled("why", finding.why)
        if finding.instead:
            yield self._labelled("instead", finding.instead)
        yield from self._evidence(finding)
        yield self._more(finding)

    def _place(self, finding: Finding) -> str:
        place = neutral_line(_place(finding, on_databases(self._report, finding)))
        return f"  {self._paint('-->', Ink.BLUE)} {place}"

    def _cleared(self) -> Iterator[str]:
        """What evidence has taken away, and the evidence."""
        for finding in sorted(self._report.cleared_findings, key=order_of_reading):
            head = self._paint(f"cleared[{neutral_line(finding.rule)}]", Ink.GREEN)
            yield f"{head}: {neutral_line(finding.message)}"
            yield self._place(finding)
            yield from self._evidence(finding)
            yield ""

    def _evidence(self, finding: Finding) -> Iterator[str]:
        lines = list(_evidence_lines(finding))
        if lines:
            yield self._labelled("evidence", "\n".join(lines))

    def _labelled(self, label: str, text: str) -> str:
        """A paragraph, or lines of SQL, with its label in the margin."""
        lines = neutral(text).strip("\n").replace("\t", "    ").split("\n")
        body = "\n".join(self._wrapped(line) for line in lines)
        return f"  {self._paint(f'{label}:'.ljust(_LABEL), Ink.CYAN)} {body.removeprefix(_MARGIN)}"

    def _wrapped(self, line: str) -> str:
        """Prose is wrapped; code keeps its lines, so that it can be copied."""
        if _looks_like_code(line) or len(line) <= self._width - len(_MARGIN):
            return _MARGIN + line
        wrapped = textwrap.wrap(line, self._width - len(_MARGIN), break_long_words=False, break_on_hyphens=False)
        return "\n".join(_MARGIN + part for part in wrapped)

    def _more(self, finding: Finding) -> str:
        return self._labelled("more", f"migsafe explain {finding.rule}")


def _evidence_lines(finding: Finding) -> Iterator[str]:
    """What stands in the way, each with what says so; what does not, by name: all of it where nothing does."""
    in_the_way = [item for item in finding.evidence if item.result != "pass"]
    yield from (_evidence_line(item, finding) for item in in_the_way or finding.evidence)
    named = {item.rule for item in in_the_way}
    passed = dict.fromkeys(item.rule for item in finding.evidence if item.result == "pass" and item.rule not in named)
    if in_the_way and passed:
        yield f"{'pass'.ljust(_RESULT)} {', '.join(passed)}"


def _evidence_line(item: Evidence, finding: Finding) -> str:
    """What came of a requirement, which one, and what says so, where that is not the finding's own file."""
    where = f" ({item.place})" if item.place and not item.place.startswith(finding.path) else ""
    return f"{item.result.ljust(_RESULT)} {item.rule}: {item.text}{where}"


def _looks_like_code(line: str) -> bool:
    """SQL, or the Python of a tool whose migrations are Python."""
    return line.startswith((" ", "op.", "migrations.")) or line.rstrip().endswith(";")


def _shortened(sql: str) -> str:
    """The first lines of a statement: it is there to be recognised."""
    lines = [line for line in sql.strip().split("\n") if line.strip()]
    return "\n".join(lines) + ";" if len(lines) <= _SQL_LINES else "\n".join([*lines[: _SQL_LINES - 1], "    …"])


def _place(finding: Finding, where: str) -> str:
    """The file's place, and what is not plain from the path."""
    notes = [] if finding.migration in finding.path else [f"migration {finding.migration}"]
    notes += [where] if where else []
    notes += ["way down"] if finding.direction is Direction.DOWN else []
    notes += [f"phase {finding.phase}"] if finding.phase else []
    notes += [f"release {finding.release}"] if finding.release else []
    place = f"{finding.path}:{finding.start.line}:{finding.start.column}"
    return f"{place} ({', '.join(notes)})" if notes else place


def _lock(lock: LockClaim, work: Work) -> str:
    claim = f"{lock.mode} on {lock.table}, {lock.source}: "
    if lock.mode.blocks == "nobody":
        return claim + "nobody waits" + (f"; {_WORK[work]}" if _WORK[work] else "")
    return claim + f"{lock.mode.blocks} wait" + (f", while {_WORK[work]}" if _WORK[work] else "")
