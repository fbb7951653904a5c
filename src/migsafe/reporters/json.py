"""For programs: the contract `migsafe.report/1`, whose schema is `schema/report-1.json`.

The text is pure ASCII, so that no control character and no undecodable file name can reach a terminal raw.
"""

from __future__ import annotations

import json
from typing import Any

from migsafe import __version__
from migsafe.model.finding import Edit, Evidence, Finding, Fix, Severity, order_of_reading
from migsafe.model.locks import LockClaim
from migsafe.model.report import Report, RuleDescriptor
from migsafe.reporters import PLAIN, Presentation

SCHEMA = "migsafe.report/1"


def render(report: Report, presentation: Presentation = PLAIN) -> str:
    """The report as one JSON document."""
    return json.dumps(document(report), indent=2) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as values that JSON knows."""
    findings = sorted(report.findings, key=order_of_reading)
    return {
        "schema": SCHEMA,
        "migsafe": __version__,
        "dialect": report.dialect.value,
        "server": {"version": report.server_major, "source": report.server.source, "shims": list(report.shims)},
        **databases_value(report),
        "files": {"linted": report.linted, "context": report.context},
        "summary": _summary(report),
        "rules": {rule.name: _rule(rule) for rule in found_rules(report)},
        "findings": [_finding(finding) for finding in findings],
        "cleared_findings": [_finding(one) for one in sorted(report.cleared_findings, key=order_of_reading)],
    }


def databases_value(report: Report) -> dict[str, Any]:
    """The databases of a run that judges for several; nothing in any other."""
    said = [
        {"dialect": one.dialect.value, "server": {"version": one.major, "source": one.server.source}}
        for one in report.databases
    ]
    return {"databases": said} if said else {}


def dialects_value(finding: Finding) -> dict[str, list[str]]:
    """Which of several databases a finding holds on; nothing where one was judged for."""
    return {"dialects": [dialect.value for dialect in finding.dialects]} if finding.dialects else {}


def found_rules(report: Report) -> list[RuleDescriptor]:
    """The rules that have findings and are described, by name."""
    return [report.rules[name] for name in sorted(_named(report) & set(report.rules))]


def _named(report: Report) -> set[str]:
    """The rules of all findings, and of their evidence."""
    shown = (*report.findings, *report.cleared_findings)
    return {name for one in shown for name in (one.rule, *(item.rule for item in one.evidence))}


def _summary(report: Report) -> dict[str, int]:
    return {severity.value: report.count(severity) for severity in Severity} | {
        "migrations": report.migrations,
        "hidden": report.hidden,
        "cleared": report.cleared,
        "suppressed": report.suppressed,
    }


def _rule(rule: RuleDescriptor) -> dict[str, str]:
    return {"summary": rule.summary, "category": rule.category.value, "url": rule.url}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "category": finding.category.value,
        "severity": finding.severity.value,
        "path": finding.path,
        "line": finding.start.line,
        "column": finding.start.column,
        "end_line": finding.end.line,
        "end_column": finding.end.column,
        "migration": finding.migration,
        "direction": finding.direction.value,
        **dialects_value(finding),
        "release": finding.release,
        "phase": finding.phase,
        "sql": finding.sql,
        "operation": finding.operation,
        "objects": list(finding.objects),
        "message": finding.message,
        "why": finding.why,
        "instead": finding.instead,
        "locks": [lock_value(lock) for lock in finding.locks],
        "work": finding.work.value,
        "fix": None if finding.fix is None else _fix(finding.fix),
        "evidence": [_evidence(item) for item in finding.evidence],
        "fingerprint": finding.fingerprint,
    }


def lock_value(lock: LockClaim) -> dict[str, str]:
    """A lock as the contract spells it."""
    return {"table": str(lock.table), "mode": str(lock.mode), "blocks": lock.mode.blocks, "source": lock.source}


def _fix(fix: Fix) -> dict[str, Any]:
    return {"safe": fix.safe, "edits": [_edit(edit) for edit in fix.edits]}


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "path": edit.path,
        "line": edit.start.line,
        "column": edit.start.column,
        "end_line": edit.end.line,
        "end_column": edit.end.column,
        "text": edit.text,
    }


def _evidence(item: Evidence) -> dict[str, str]:
    return {
        "rule": item.rule,
        "result": item.result,
        "source": item.source,
        "place": item.place,
        "text": item.text,
    }
