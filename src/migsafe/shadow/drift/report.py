"""`migsafe drift`: migrations held against a database, against models, or both, as a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.catalogue.progress import Progress
from migsafe.catalogue.project import Project
from migsafe.errors import UsageError
from migsafe.model.finding import Finding, Severity, order_of_reading
from migsafe.model.report import Report
from migsafe.model.script import SourceText
from migsafe.reporters.summary import plural
from migsafe.rules.proofs import CHECKS, DRIFT
from migsafe.shadow.drift.database import Comparison, compare_database
from migsafe.shadow.drift.models import compare_models
from migsafe.shadow.options import DriftOptions
from migsafe.sources.files import read_source
from migsafe.sources.models import RenderedModels, render_models

if TYPE_CHECKING:
    from migsafe.config import Config


def find_drift_of(project: Project, options: DriftOptions, config: Config, progress: Progress | None = None) -> Report:
    """Compare, and report.

    Args:
        project: the migrations, read and replayed.
        config: decides which findings are shown, and which interpreter imports the models.
        progress: called with the number of migrations done and of all.

    Raises:
        UsageError: when nothing is said to compare with, or what is said cannot be used.
        EnvironmentFailedError: when a server, an interpreter or a migration fails.
    """
    if options.url is None and not options.models:
        raise UsageError(
            "nothing to compare the migrations with", hint="--url names a database, --models package.module:Base models"
        )
    comparisons = list(_compare(project, options, config, progress))
    return _report(project, comparisons, config)


def _compare(
    project: Project, options: DriftOptions, config: Config, progress: Progress | None
) -> Sequence[Comparison]:
    rendered = [_render(target, project, config) for target in options.models]
    found = [
        compare_models(
            project, models, choice=options.server, static=options.static, ignore=options.ignore, progress=progress
        )
        for models in rendered
    ]
    if options.url is not None:
        comparison = compare_database(
            project, options.url, choice=options.server, static=options.static, ignore=options.ignore, progress=progress
        )
        found.append(comparison)
    return found


def _render(target: str, project: Project, config: Config) -> RenderedModels:
    dialect = project.layout.dialect
    return render_models(target, dialect, python=config.python, server_version=config.server_version)


def _report(project: Project, comparisons: Sequence[Comparison], config: Config) -> Report:
    findings = sorted((finding for one in comparisons for finding in one.findings), key=order_of_reading)
    shown = tuple(finding for finding in findings if finding.severity.weight >= config.shown_from.weight)
    return Report(
        dialect=project.layout.dialect,
        server=comparisons[-1].server,
        findings=shown,
        rules={DRIFT: CHECKS[DRIFT]} if shown else {},
        linted=len({up.read.script.path for up in project.ups}),
        migrations=len(project.ups),
        hidden=len(findings) - len(shown),
        shims=tuple(sorted({shim for one in comparisons for shim in one.shims})),
        sources=_texts(project, shown),
        closing=_closing(project, comparisons, shown),
    )


def _texts(project: Project, findings: Sequence[Finding]) -> dict[str, str]:
    """The files that findings point into: migrations, which are read, and models, which are not yet."""
    texts = {up.read.script.path: up.read.script.source.text for up in project.ups}
    for path in {finding.path for finding in findings} - texts.keys() - {project.layout.root}:
        source = read_source(Path(path))
        if isinstance(source, SourceText):
            texts[path] = source.text
    return {finding.path: texts[finding.path] for finding in findings if finding.path in texts}


def _closing(project: Project, comparisons: Sequence[Comparison], findings: Sequence[Finding]) -> str:
    """For example "2 errors: db/migrations (120 migrations) and shop are not the same (…)"."""
    counts = [_count(severity, findings) for severity in Severity if any(f.severity is severity for f in findings)]
    migrations = f"{project.layout.root} ({plural(len(project.ups), 'migration')}{_until(project)})"
    against = " and ".join(dict.fromkeys(one.against for one in comparisons))
    how = "; ".join(dict.fromkeys(one.how for one in comparisons))
    said = f"{', '.join(counts)} between" if counts else "no drift between"
    return f"{said} {migrations} and {against} ({how})"


def _until(project: Project) -> str:
    return "" if project.at is None else f" up to {project.at}"


def _count(severity: Severity, findings: Sequence[Finding]) -> str:
    number = sum(finding.severity is severity for finding in findings)
    return plural(number, "note" if severity is Severity.INFO else severity.value)
