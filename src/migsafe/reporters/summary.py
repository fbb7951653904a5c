"""The line that says it all, shared by the forms that people read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migsafe.model.finding import Finding, Severity
from migsafe.model.report import Database, Report


def summary(report: Report) -> str:
    """For example "3 errors, 1 warning in 2 of 120 migrations"."""
    if report.closing is not None:
        return report.closing
    databases = [one.dialect for one in report.databases]
    return _counted(report) + (f", for {_list(databases)}" if databases and report.linted else "")


def on_databases(report: Report, finding: Finding) -> str:
    """The databases that a finding holds on, where others are judged for too; the empty text where it holds on all."""
    names = report.only_on(finding)
    return f"on {_list(names)}" if names else ""


def _list(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _counted(report: Report) -> str:
    counts = [plural(count, _noun(severity)) for severity in Severity if (count := report.count(severity))]
    if not counts and not report.linted:
        return "nothing to lint: no migration is selected"
    if not counts:
        return f"no findings in {_judged(report)}"
    touched = len({finding.migration for finding in report.findings if finding.migration})
    # A file that could not be read is no migration yet, but what is said of it is counted.
    if report.deploy_files:
        return f"{', '.join(counts)} in {_judged(report)}"
    return f"{', '.join(counts)} in {touched} of {plural(max(touched, report.migrations), 'migration')}"


def _judged(report: Report) -> str:
    """What was looked at; files of the deployment are no migrations."""
    files = plural(report.deploy_files, "deployment file")
    if report.deploy_files and not report.migrations:
        return files
    return plural(report.migrations, "migration") + (f" and {files}" if report.deploy_files else "")


def remarks(report: Report) -> Iterator[str]:
    """What was left out of the findings, and what was assumed."""
    if report.hidden:
        yield f"{plural(report.hidden, 'lighter finding')} not shown: --min-severity info shows all"
    if report.suppressed:
        yield f"{plural(report.suppressed, 'finding')} ignored for a stated reason"
    if report.cleared:
        yield f"{plural(report.cleared, 'finding')} cleared by evidence"
    databases = report.databases or (Database(report.dialect, report.server),)
    for one in databases if report.findings and report.closing is None else ():
        if one.server.assumed and one.major is not None:
            option = "--server-version" + (f" {one.dialect}=N" if report.databases else "")
            yield f"judged for {one.dialect} {one.major}, the oldest supported version: {option} says yours"


def plural(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _noun(severity: Severity) -> str:
    return "note" if severity is Severity.INFO else severity.value
