"""For code scanning: SARIF 2.1.0 (OASIS standard, 27 March 2020; section numbers below are its own)."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from migsafe import __version__
from migsafe.model.finding import Edit, Finding, Fix, Severity, order_of_reading
from migsafe.model.report import Report, RuleDescriptor
from migsafe.model.script import Position
from migsafe.reporters import PLAIN, Presentation
from migsafe.reporters.json import databases_value, dialects_value, found_rules, lock_value
from migsafe.reporters.summary import on_databases

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/migsafe/migsafe"
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: Report, presentation: Presentation = PLAIN) -> str:
    """The report as one SARIF log with one run."""
    log = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [_run(report)]}
    return json.dumps(log, indent=2) + "\n"


def _run(report: Report) -> dict[str, Any]:
    rules = found_rules(report)
    index = {rule.name: position for position, rule in enumerate(rules)}
    return {
        "tool": {"driver": _driver(rules)},
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, index, on_databases(report, finding))
            for finding in sorted(report.findings, key=order_of_reading)
        ],
        "properties": {
            "dialect": report.dialect.value,
            **databases_value(report),
            "serverVersion": report.server_major,
            "serverSource": report.server.source,
            "shims": list(report.shims),
            "linted": report.linted,
            "context": report.context,
            "migrations": report.migrations,
            "hidden": report.hidden,
            "cleared": report.cleared,
            "suppressed": report.suppressed,
        },
    }


def _driver(rules: list[RuleDescriptor]) -> dict[str, Any]:
    return {
        "name": "migsafe",
        "version": __version__,
        "semanticVersion": __version__,
        "informationUri": HOME,
        "rules": [_rule(rule) for rule in rules],
    }


def _rule(rule: RuleDescriptor) -> dict[str, Any]:
    parts = {"Why it hurts": rule.why, "Do instead": rule.instead, "Fine when": rule.fine, "Source": rule.source}
    said = {heading: text for heading, text in parts.items() if text}
    described: dict[str, Any] = {
        "id": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why or rule.summary},
        "help": {
            "text": "\n\n".join(f"{heading}: {text}" for heading, text in said.items()) or rule.summary,
            "markdown": "\n\n".join(f"**{heading}**\n\n{text}" for heading, text in said.items()) or rule.summary,
        },
        "properties": {"category": rule.category.value, "tags": ["database-migration", rule.category.value]},
    }
    return described | ({"helpUri": rule.url} if rule.url else {})


def _result(finding: Finding, index: dict[str, int], where: str) -> dict[str, Any]:
    """One result; a rule without a description has an id but no index (3.27.6)."""
    said = (
        finding.message,
        where.capitalize() and f"{where.capitalize()}.",
        finding.sql,
        finding.why,
        _instead(finding),
    )
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVEL[finding.severity],
        "message": {"text": "\n\n".join(filter(None, said))},
        "locations": [_location(finding)],
        "properties": _properties(finding),
    }
    if finding.rule in index:
        result["ruleIndex"] = index[finding.rule]
    if finding.fingerprint:
        result["partialFingerprints"] = {"migsafe/v1": finding.fingerprint}
    if finding.fix is not None and finding.fix.edits:
        result["fixes"] = [_fix(finding.fix)]
    return result


def _instead(finding: Finding) -> str:
    return f"Instead:\n{finding.instead}" if finding.instead else ""


def _location(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(finding.path),
            "region": _region(finding.start, finding.end),
        }
    }
    if finding.migration:
        location["logicalLocations"] = [{"name": finding.migration, "kind": "module"}]
    return location


def _artifact(path: str) -> dict[str, str]:
    """Relative paths count from the root of the checkout, as code hosts expect."""
    pure = PurePath(path)
    if pure.is_absolute():
        return {"uri": pure.as_uri()}
    return {"uri": quote(pure.as_posix(), errors="surrogatepass"), "uriBaseId": "%SRCROOT%"}


def _region(start: Position, end: Position) -> dict[str, int]:
    """Columns from 1; the end column is the one after the last character (3.30.8), as ours is."""
    return {
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }


def _properties(finding: Finding) -> dict[str, Any]:
    return {
        "category": finding.category.value,
        "migration": finding.migration,
        "direction": finding.direction.value,
        **dialects_value(finding),
        "release": finding.release,
        "phase": finding.phase,
        "operation": finding.operation,
        "objects": list(finding.objects),
        "locks": [lock_value(lock) for lock in finding.locks],
        "work": finding.work.value,
        "evidence": [f"{item.rule}: {item.result}: {item.text}" for item in finding.evidence],
    }


def _fix(fix: Fix) -> dict[str, Any]:
    """Replacements by file, each file once (3.55.3)."""
    by_path: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_path.setdefault(edit.path, []).append(edit)
    return {
        "description": {"text": "Safe to apply." if fix.safe else "Read before applying: it may change the meaning."},
        "artifactChanges": [
            {"artifactLocation": _artifact(path), "replacements": [_replacement(edit) for edit in edits]}
            for path, edits in by_path.items()
        ],
    }


def _replacement(edit: Edit) -> dict[str, Any]:
    return {"deletedRegion": _region(edit.start, edit.end), "insertedContent": {"text": edit.text}}
