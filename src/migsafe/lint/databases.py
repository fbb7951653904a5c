"""One report of several databases: what holds on all of them is said once, and what holds on some says on which."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.finding import Finding
from migsafe.model.locks import Work
from migsafe.rules import RULES
from migsafe.rules.events import IgnoreWithoutEffect

if TYPE_CHECKING:
    from collections.abc import Set

    from migsafe.lint.engine import Outcome
    from migsafe.model.dialect import Dialect
    from migsafe.model.script import Position
    from migsafe.sources import LoadedLayout


#: What says of an ignore that it has no effect.
_OF_IGNORES = frozenset(rule.name for rule in RULES.values() if IgnoreWithoutEffect in rule.operations)


class Together:
    """All layouts of a run; where they are of several databases, what those share counts once."""

    def __init__(self, layouts: Sequence[LoadedLayout], dialects: Sequence[Dialect]) -> None:
        """
        Args:
            dialects: the databases that were named.
        """
        self._layouts = layouts
        self._several = len(dialects) > 1

    def findings(self, found: Iterable[Sequence[Finding]]) -> list[Finding]:
        """The findings of each layout, as one list."""
        if not self._several:
            return [finding for findings in found for finding in findings]
        return say_once([Judged(*one) for one in zip(self._layouts, found, strict=True)], _OF_IGNORES)

    def linted(self) -> int:
        """How many files were judged."""
        return self._count(layout.selected for layout in self._layouts)

    def context(self) -> int:
        """How many files were only read."""
        return self._count(_files(layout) - layout.selected for layout in self._layouts)

    def migrations(self, outcomes: Iterable[Outcome]) -> int:
        """How many migrations were judged."""
        return migrations_of(self._layouts) if self._several else sum(one.migrations_reported for one in outcomes)

    def _count(self, files: Iterable[Set[str]]) -> int:
        return len(set().union(*files)) if self._several else sum(map(len, files))


class Judged(NamedTuple):
    """What one database's migrations have come to.

    Attributes:
        layout: the migrations as that database gets them.
    """

    layout: LoadedLayout
    findings: Sequence[Finding]


def say_once(judged: Sequence[Judged], of_ignores: Set[str]) -> list[Finding]:
    """The findings of several databases, each with the names of those that it holds on.

    Two are one where a reader is told the same at the same place: the SQL may be spelled otherwise, and locks are known
    of Postgres alone. The fingerprint is that of the first database, so that another one changes none.

    Args:
        judged: in the order in which the databases were named.
        of_ignores: rules that say of an ignore that it has no effect: it has one when it has one anywhere.
    """
    groups: dict[tuple[Finding, int], list[tuple[Dialect, Finding]]] = {}
    for one in _without_effect_anywhere(judged, of_ignores):
        seen: Counter[Finding] = Counter()
        for finding in one.findings:
            told = _as_told(finding)
            seen[told] += 1
            groups.setdefault((told, seen[told]), []).append((one.layout.migrations.dialect, finding))
    return list(_told_apart(_one_of(group) for group in groups.values()))


def migrations_of(layouts: Iterable[LoadedLayout]) -> int:
    """How many migrations were asked for, those that run on several databases once."""
    return len(
        {
            (layout.migrations.tool, layout.migrations.root, migration.id)
            for layout in layouts
            for migration in layout.migrations.migrations
            if any(script.path in layout.selected for script in migration.scripts)
        }
    )


def _files(layout: LoadedLayout) -> set[str]:
    return {script.path for migration in layout.migrations.migrations for script in migration.scripts}


def _as_told(finding: Finding) -> Finding:
    """What of a finding must be the same on two databases: all but how their SQL is spelled and what it locks."""
    return replace(finding, sql=None, operation="", locks=(), work=Work.NONE, fingerprint="")


def _one_of(group: Sequence[tuple[Dialect, Finding]]) -> Finding:
    """The findings of a group as one: that of the database whose locks are known, else of the first."""
    findings = [finding for _, finding in group]
    speaker = next((finding for finding in findings if finding.locks), findings[0])
    names = tuple(dict.fromkeys(dialect for dialect, _ in group))
    return replace(speaker, fingerprint=findings[0].fingerprint, dialects=names)


def _told_apart(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings of one statement that say something else on another database are not one and the same later either."""
    owners: dict[str, Dialect] = {}
    for finding in findings:
        dialect = finding.dialects[0]
        if owners.setdefault(finding.fingerprint, dialect) is dialect:
            yield finding
        else:
            yield replace(finding, fingerprint=f"{finding.fingerprint}-{dialect}")


def _without_effect_anywhere(judged: Sequence[Judged], of_ignores: Set[str]) -> list[Judged]:
    """The same without the findings of ignores that take something away on another database."""
    idle: dict[tuple[str, str, Position], list[Finding]] = defaultdict(list)
    for one in judged:
        for finding in one.findings:
            if finding.rule in of_ignores:
                idle[finding.rule, finding.path, finding.start].append(finding)
    databases = Counter(path for one in judged for path in one.layout.selected)

    def as_everywhere(finding: Finding) -> Finding | None:
        if finding.rule not in of_ignores:
            return finding
        said = idle[finding.rule, finding.path, finding.start]
        names = [name for name in finding.objects if all(name in other.objects for other in said)]
        if len(said) < databases[finding.path] or (finding.objects and not names):
            return None
        message = finding.message.replace(", ".join(finding.objects), ", ".join(names))
        return replace(finding, objects=tuple(names), message=message)

    return [
        Judged(one.layout, [kept for finding in one.findings if (kept := as_everywhere(finding)) is not None])
        for one in judged
    ]
