"""For GitHub Actions: workflow commands that become annotations on the changed lines.

Source: docs.github.com, "Workflow commands for GitHub Actions"; escapes as in the runner's own toolkit.
A step shows ten errors and ten warnings at most, so the heavy ones come first.
"""

from __future__ import annotations

from migsafe.model.finding import Finding, Severity, order_of_reading
from migsafe.model.report import Report
from migsafe.reporters import PLAIN, Presentation
from migsafe.reporters.neutral import neutral
from migsafe.reporters.summary import on_databases, summary

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, presentation: Presentation = PLAIN) -> str:
    """One command per finding, and the summary as a plain line."""
    findings = sorted(report.findings, key=lambda finding: (-finding.severity.weight, order_of_reading(finding)))
    annotations = [_annotation(finding, on_databases(report, finding)) for finding in findings]
    return "".join(f"{line}\n" for line in [*annotations, summary(report)])


def _annotation(finding: Finding, where: str) -> str:
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in _properties(finding, where).items())
    return f"::{_COMMAND[finding.severity]} {properties}::{_data(_body(finding))}"


def _properties(finding: Finding, where: str) -> dict[str, str | int]:
    lines: dict[str, str | int] = {"file": finding.path, "line": finding.start.line, "endLine": finding.end.line}
    if finding.start.line == finding.end.line:  # the runner drops columns of places on several lines
        lines |= {"col": finding.start.column, "endColumn": finding.end.column}
    return lines | {"title": f"{finding.rule} ({', '.join(filter(None, (finding.severity, where)))})"}


def _body(finding: Finding) -> str:
    locks = [f"Lock: {lock.mode} on {lock.table} (blocks {lock.mode.blocks})" for lock in finding.locks]
    instead = [f"Instead:\n{finding.instead}"] if finding.instead else []
    sql = [f"SQL: {finding.sql}"] if finding.sql else []
    return "\n".join(part for part in [finding.message, *sql, *locks, finding.why, *instead] if part)


def _data(text: str) -> str:
    return neutral(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
