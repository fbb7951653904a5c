"""Ignores with a reason: which findings they take away, and which of them do nothing.

A comment stands before the statement that it is about:

    -- migsafe: ignore drop-column until=2027-01-31 by=dba reason="never deployed"

The configuration's `[[tool.migsafe.ignore]]` says the same without touching the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from migsafe.config import ConfiguredIgnore
from migsafe.model.finding import Category, Finding
from migsafe.model.script import Position, Span
from migsafe.model.statement import Comment, ReadScript, Statement
from migsafe.rules.events import IgnoreWithoutEffect

_DIRECTIVE = re.compile(r"\s*migsafe:\s*ignore\b(?P<rest>.*)", re.DOTALL)
_OPTION = re.compile(r"""\b(?P<key>until|by|reason)=(?:"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>\S+))""")


@dataclass(slots=True)
class _Ignore:
    """An ignore comment, and whether it took something away; `statement` is None behind the last one."""

    rules: tuple[str, ...]
    span: Span
    statement: Statement | None
    problem: str | None = None
    used: set[str] = field(default_factory=set)


class Standing(NamedTuple):
    """An ignore of a rule that speaks when all migrations have been read, and the statement that it stands on."""

    ignore: _Ignore
    path: str
    start: Position
    end: Position

    def covers(self, finding: Finding, rule: str) -> bool:
        """Whether it takes away what a rule says at the place of a finding."""
        on_it = finding.path == self.path and self.start <= finding.start <= self.end
        return on_it and rule in self.ignore.rules


@dataclass(frozen=True, slots=True)
class Judgement:
    """What ignores make of a script's findings.

    Attributes:
        kept: the findings that stay.
        taken: those that were taken away.
        without_effect: the ignore comments that took nothing away.
        effective: the spans of all others.
        waiting: the ignore comments of which it is not known yet: of rules that speak last.
    """

    kept: list[Finding]
    taken: list[Finding]
    without_effect: tuple[IgnoreWithoutEffect, ...]
    effective: tuple[Span, ...]
    waiting: tuple[Standing, ...] = ()


class IgnoreBook:
    """All ignores of a run. Today's date is a value like any other; without one no date has passed."""

    def __init__(
        self,
        configured: Sequence[ConfiguredIgnore],
        today: date | None,
        active: frozenset[str],
        known: frozenset[str],
        speak_last: frozenset[str] = frozenset(),
    ) -> None:
        """
        Args:
            configured: from the configuration.
            today: for `until`.
            active: names of the rules that run; an ignore of another one cannot prove useless.
            known: names of all rules.
            speak_last: those among them whose findings come when all migrations have been read.
        """
        self._configured = configured
        self._today = today
        self._active = active
        self._known = known
        self._speak_last = speak_last

    def judge(self, script: ReadScript, migration: str, findings: Sequence[Finding]) -> Judgement:
        """Split a script's findings."""
        ignores = list(self._all(script))
        kept: list[Finding] = []
        taken: list[Finding] = []
        for finding in findings:
            away = self._commented(finding, script, ignores) or self._configured_away(finding)
            (taken if away else kept).append(finding)
        waiting = tuple(self._waiting(ignores, script))
        later = {standing.ignore.span for standing in waiting}
        judged = [ignore for ignore in ignores if ignore.span not in later]
        without = tuple(self._without_effect(judged))
        idle = {ignore.span for ignore in without}
        effective = tuple(ignore.span for ignore in judged if ignore.span not in idle)
        return Judgement(kept, taken, without, effective, waiting)

    def judge_last(self, waiting: Sequence[Standing], findings: Sequence[Finding]) -> list[Finding]:
        """The findings of the rules that speak last which no ignore takes away."""
        kept = []
        for finding in findings:
            standing = next((one for one in waiting if one.covers(finding, finding.rule)), None)
            if standing is not None:
                standing.ignore.used.add(finding.rule)
            elif not self._configured_away(finding):
                kept.append(finding)
        return kept

    def waives(self, waiting: Sequence[Standing], finding: Finding, rule: str) -> bool:
        """Whether an ignore takes away what a rule about phases says of a finding of another rule."""
        standing = next((one for one in waiting if one.covers(finding, rule)), None)
        if standing is not None:
            standing.ignore.used.add(rule)
            return True
        return self._configured_away(replace(finding, rule=rule, category=Category.PHASE))

    def idle(self, standing: Standing) -> IgnoreWithoutEffect | None:
        """What an ignore that waited did in the end: nothing, or what it says."""
        return next(self._without_effect([standing.ignore]), None)

    def _waiting(self, ignores: Iterable[_Ignore], script: ReadScript) -> Iterator[Standing]:
        for ignore in ignores:
            if ignore.statement is not None and ignore.problem is None and self._speak_last & set(ignore.rules):
                span, place = ignore.statement.span, script.script.position
                yield Standing(ignore, script.script.path, place(span.start), place(span.end))

    def _all(self, script: ReadScript) -> Iterator[_Ignore]:
        for statement in script.statements:
            yield from self._comments(statement.comments, statement)
        end = script.statements[-1].span.end if script.statements else 0
        yield from self._comments([comment for comment in script.comments if comment.span.start >= end], None)

    def _comments(self, comments: Iterable[Comment], statement: Statement | None) -> Iterator[_Ignore]:
        for comment in comments:
            match = _DIRECTIVE.match(comment.text)
            if match:
                yield self._read(comment, match["rest"], statement)

    def _read(self, comment: Comment, rest: str, statement: Statement | None) -> _Ignore:
        options = {m["key"]: m["quoted"] or m["single"] or m["bare"] or "" for m in _OPTION.finditer(rest)}
        names = tuple(re.findall(r"[a-z0-9][a-z0-9-]*", _OPTION.sub(" ", rest)))
        return _Ignore(names, comment.span, statement, self._problem(names, options))

    def _problem(self, names: tuple[str, ...], options: dict[str, str]) -> str | None:
        """Why the ignore cannot hold, if it cannot."""
        if not names:
            return "it names no rule"
        unknown = [name for name in names if name not in self._known]
        if unknown:
            return f"there is no rule called {unknown[0]}"
        if not options.get("reason", "").strip():
            return 'it gives no reason="…"'
        if self._speak_last & set(names) and not {"until", "by"} <= options.keys():
            return "it is about phases: it needs until=YYYY-MM-DD and by=NAME too"
        if "until" not in options:
            return None
        try:
            until = date.fromisoformat(options["until"])
        except ValueError:
            return f"until={options['until']} is no date (YYYY-MM-DD)"
        passed = self._today is not None and self._today > until
        return f"it held until {until}, which has passed" if passed else None

    def _commented(self, finding: Finding, script: ReadScript, ignores: list[_Ignore]) -> bool:
        for ignore in ignores:
            if (
                ignore.problem is None
                and finding.rule in ignore.rules
                and _stands_on(finding, script, ignore.statement)
            ):
                ignore.used.add(finding.rule)
                return True
        return False

    def _configured_away(self, finding: Finding) -> bool:
        return any(self._holds(ignore, finding) for ignore in self._configured)

    def _holds(self, ignore: ConfiguredIgnore, finding: Finding) -> bool:
        if ignore.rule != finding.rule or ignore.migration not in {None, finding.migration}:
            return False
        if ignore.until is not None and self._today is not None and self._today > ignore.until:
            return False
        if finding.category is Category.PHASE and not (ignore.until and ignore.by):
            return False
        return not ignore.objects or set(finding.objects) <= set(ignore.objects)

    def _without_effect(self, ignores: list[_Ignore]) -> Iterator[IgnoreWithoutEffect]:
        for ignore in ignores:
            unused = [name for name in ignore.rules if name in self._active and name not in ignore.used]
            if ignore.problem is not None:
                waiver = bool(self._speak_last & set(ignore.rules))
                yield IgnoreWithoutEffect(span=ignore.span, rules=ignore.rules, reason=ignore.problem, waiver=waiver)
            elif unused:
                about = f"the next statement has no finding {', '.join(unused)}"
                reason = "no statement follows it" if ignore.statement is None else about
                yield IgnoreWithoutEffect(span=ignore.span, rules=tuple(unused), reason=reason)


def _stands_on(finding: Finding, script: ReadScript, statement: Statement | None) -> bool:
    """Whether a finding is about a statement; behind the last one, whether it is about what could not be rendered."""
    if statement is None:
        return any(script.script.position(gap.span.start) == finding.start for gap in script.script.gaps)
    start, end = script.script.position(statement.span.start), script.script.position(statement.span.end)
    return start <= finding.start <= end
