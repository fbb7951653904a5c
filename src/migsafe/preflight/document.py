"""For programs: the contract `migsafe.preflight/1`, whose schema is `schema/preflight-1.json`."""

from __future__ import annotations

import json
from typing import Any

from migsafe import __version__
from migsafe.preflight.report import Culprit, PreflightReport, Reason
from migsafe.reporters.neutral import neutral_line

SCHEMA = "migsafe.preflight/1"


def render_json(report: PreflightReport) -> str:
    """The document, with a line feed at its end."""
    return json.dumps(to_document(report), indent=2, ensure_ascii=False) + "\n"


def to_document(report: PreflightReport) -> dict[str, Any]:
    """The document as plain values."""
    return {
        "schema": SCHEMA,
        "migsafe": __version__,
        "verdict": report.verdict.value,
        "exit_code": int(report.verdict.exit_code),
        "at": report.at.isoformat(timespec="seconds"),
        "seconds": round(report.took, 3),
        "server": {"database": report.database, "version": report.version, "role": report.role},
        "replicas": list(report.replicas),
        "migrations": None if report.migrations is None else list(report.migrations),
        "locks": [{"table": str(table), "mode": str(mode), "blocks": mode.blocks} for table, mode in report.locks],
        "checks": list(report.checks),
        "reasons": [_reason(reason) for reason in report.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "check": reason.check,
        "weight": reason.weight.value,
        "text": neutral_line(reason.text),
        "hint": None if reason.hint is None else neutral_line(reason.hint),
        "passing": reason.passing,
        "node": reason.node,
        "objects": list(reason.objects),
        "culprits": [_culprit(one) for one in reason.culprits],
    }


def _culprit(culprit: Culprit) -> dict[str, Any]:
    return {
        "pid": culprit.pid,
        "gid": culprit.gid,
        "user": culprit.user,
        "application": culprit.application,
        "client": culprit.client,
        "state": culprit.state,
        "age_seconds": None if culprit.age is None else round(culprit.age, 1),
        "waited_seconds": None if culprit.waited is None else round(culprit.waited, 1),
        "query": culprit.query,
    }
