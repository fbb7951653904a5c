"""The stable Python API: what the command line offers, typed, without a command line.

Importing this package is cheap; readers of SQL, the rules and the tracker are loaded by the first call that needs them.
"""

from __future__ import annotations

from migsafe.api.linting import fix_paths, lint_command, lint_paths, lint_stdin, lint_text
from migsafe.api.planning import changes, cut_release, plan, releases
from migsafe.api.progress import Progress
from migsafe.api.proving import catalogue, database_catalogue, drift, preflight, verify
from migsafe.api.recording import mark_release, record_check, record_steps, set_ceiling, set_floor
from migsafe.api.rulebook import Examples, descriptor, examples, rule, rules
from migsafe.api.tracking import (
    export_state,
    guard,
    history,
    import_state,
    status,
    tracker_check,
    tracker_place,
    tracker_rebind,
    tracker_roles,
    tracker_upgrade,
)
from migsafe.bookkeeping.asked import Mark, Record, Verification, Where
from migsafe.preflight.options import PreflightOptions
from migsafe.shadow.options import DriftOptions, Proof, ServerChoice

__all__ = [
    "DriftOptions",
    "Examples",
    "Mark",
    "PreflightOptions",
    "Progress",
    "Proof",
    "Record",
    "ServerChoice",
    "Verification",
    "Where",
    "catalogue",
    "changes",
    "cut_release",
    "database_catalogue",
    "descriptor",
    "drift",
    "examples",
    "export_state",
    "fix_paths",
    "guard",
    "history",
    "import_state",
    "lint_command",
    "lint_paths",
    "lint_stdin",
    "lint_text",
    "mark_release",
    "plan",
    "preflight",
    "record_check",
    "record_steps",
    "releases",
    "rule",
    "rules",
    "set_ceiling",
    "set_floor",
    "status",
    "tracker_check",
    "tracker_place",
    "tracker_rebind",
    "tracker_roles",
    "tracker_upgrade",
    "verify",
]
