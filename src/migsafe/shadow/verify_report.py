"""From what was found on the shadow to the report that the reporters take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from migsafe.model.dialect import Dialect, ServerVersion
from migsafe.model.finding import Finding, Severity, order_of_reading
from migsafe.model.report import Report
from migsafe.rules.proofs import CHECKS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from migsafe.config import Config, ConfiguredIgnore
    from migsafe.sources import LoadedLayout


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one layout.

    Attributes:
        proved: how many migrations were wanted.
        stand_ins: extensions and roles that the server had only a stand-in for, of those that were used.
    """

    layout: LoadedLayout
    proved: int
    findings: Sequence[Finding]
    stand_ins: Collection[str]


class ProvedOn(Protocol):
    """What a report says of the server."""

    @property
    def version(self) -> str:
        """For example "18.6"."""

    @property
    def major(self) -> int:
        """The major version."""


def build_report(
    outcomes: Sequence[Outcome], server: ProvedOn, config: Config, today: date, *, product: str = "Postgres"
) -> Report:
    """The report of a run.

    Args:
        today: for ignores that hold until a date.
        product: what the server is.
    """
    found = sorted((finding for one in outcomes for finding in one.findings), key=order_of_reading)
    kept = [finding for finding in found if not _is_ignored(finding, config, today)]
    shown = tuple(finding for finding in kept if finding.severity.weight >= config.shown_from.weight)
    layouts = [one.layout for one in outcomes]
    files = {s.path for layout in layouts for m in layout.migrations.migrations for s in m.scripts}
    selected = {path for layout in layouts for path in layout.selected}
    proved = sum(one.proved for one in outcomes)
    shims = tuple(sorted({name for one in outcomes for name in one.stand_ins}))
    return Report(
        dialect=layouts[0].migrations.dialect if layouts else Dialect.POSTGRES,
        server=ServerVersion(server.major, "shadow"),
        findings=shown,
        rules={name: CHECKS[name] for name in sorted({finding.rule for finding in shown})},
        linted=len(selected & files),
        context=len(files - selected),
        migrations=proved,
        suppressed=len(found) - len(kept),
        hidden=len(kept) - len(shown),
        shims=shims,
        sources=_texts(layouts, shown),
        closing=_closing(shown, proved, f"{product} {server.version}", shims),
    )


def _is_ignored(finding: Finding, config: Config, today: date) -> bool:
    if finding.rule in config.ignore or finding.category.value in config.ignore:
        return True
    return any(_holds(ignore, finding, today) for ignore in config.reasoned_ignores)


def _holds(ignore: ConfiguredIgnore, finding: Finding, today: date) -> bool:
    if ignore.rule != finding.rule or ignore.migration not in {None, finding.migration}:
        return False
    passed = ignore.until is not None and today > ignore.until
    return not passed and (not ignore.objects or set(finding.objects) <= set(ignore.objects))


def _texts(layouts: Iterable[LoadedLayout], findings: Sequence[Finding]) -> dict[str, str]:
    wanted = {finding.path for finding in findings}
    scripts = (s for layout in layouts for m in layout.migrations.migrations for s in m.scripts)
    return {script.path: script.source.text for script in scripts if script.path in wanted}


def _closing(findings: Sequence[Finding], proved: int, server: str, shims: Sequence[str]) -> str:
    """For example "1 error, 2 warnings in 2 of 285 migrations, on Postgres 18.6 (stand-in: pgcrypto)"."""
    counts = [
        f"{number} {'note' if severity is Severity.INFO else severity.value}{'s' if number != 1 else ''}"
        for severity in Severity
        if (number := sum(finding.severity is severity for finding in findings))
    ]
    migrations = f"{proved} migration{'s' if proved != 1 else ''}"
    touched = len({finding.migration for finding in findings})
    said = f"{', '.join(counts)} in {touched} of {migrations}" if counts else f"{migrations} proved"
    stand_ins = f" (stand-in{'s' if len(shims) > 1 else ''}: {', '.join(shims)})" if shims else ""
    return f"{said}, on {server}{stand_ins}"
