"""The stable Python API: what the command line offers, typed, without a command line.

Importing this package is cheap: readers of SQL, the rules, the tracker and the runner are loaded by the first call
that needs them, or by the first look at a value of theirs, such as `RunOptions`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from migsafe.api.adopting import adopt
from migsafe.api.backfilling import backfill, pause_backfills, rehearse_backfill
from migsafe.api.contracting import approve_contract, contract_plan, plan_contract, reject_contract, write_contract
from migsafe.api.deploying import (
    abort_deploy,
    deploy_status,
    plan_deploy,
    resume_deploy,
    roll_back,
    run_deploy,
    stop_deploy,
)
from migsafe.api.fleets import fleet_status, read_fleet, rehearse_fleet, run_fleet
from migsafe.api.linting import fix_paths, lint_command, lint_paths, lint_stdin, lint_text
from migsafe.api.planning import changes, cut_release, plan, releases
from migsafe.api.progress import Progress, Say
from migsafe.api.proving import catalogue, database_catalogue, drift, preflight, verify
from migsafe.api.recording import mark_release, record_check, record_steps, set_ceiling, set_floor
from migsafe.api.returning import check_backward, go_back, rehearse_backward
from migsafe.api.rulebook import Examples, descriptor, examples, rule, rules
from migsafe.api.running import rehearse_phase, repair_step, run_phase
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
from migsafe.backfill.pace import Pace as BackfillPace
from migsafe.backfill.task import Options as BackfillOptions
from migsafe.bookkeeping.asked import Mark, Record, Verification, Where
from migsafe.preflight.options import PreflightOptions
from migsafe.runner.patience import Budget
from migsafe.runner.tools import ToolSettings
from migsafe.shadow.options import DriftOptions, Proof, ServerChoice

if TYPE_CHECKING:
    from migsafe.bookkeeping.adopting import Adopt
    from migsafe.deploy.rollback import RollbackRequest
    from migsafe.deploy.under_way import DeployRequest
    from migsafe.fleet.run import Manners
    from migsafe.runner.backward.steps import BackwardOptions
    from migsafe.runner.by_hand import BackfillRequest
    from migsafe.runner.pace import PaceOptions
    from migsafe.runner.repair import RepairOptions
    from migsafe.runner.run import RunOptions
    from migsafe.runner.watching import WatchLimits
else:
    #: Values that stand beside the code that takes them: both are loaded when somebody asks for one.
    _HOMES = {
        "Adopt": "bookkeeping.adopting",
        "BackfillRequest": "runner.by_hand",
        "BackwardOptions": "runner.backward.steps",
        "DeployRequest": "deploy.under_way",
        "Manners": "fleet.run",
        "PaceOptions": "runner.pace",
        "RepairOptions": "runner.repair",
        "RollbackRequest": "deploy.rollback",
        "RunOptions": "runner.run",
        "WatchLimits": "runner.watching",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"migsafe.{_HOMES[name]}"), name)


__all__ = [
    "Adopt",
    "BackfillOptions",
    "BackfillPace",
    "BackfillRequest",
    "BackwardOptions",
    "Budget",
    "DeployRequest",
    "DriftOptions",
    "Examples",
    "Manners",
    "Mark",
    "PaceOptions",
    "PreflightOptions",
    "Progress",
    "Proof",
    "Record",
    "RepairOptions",
    "RollbackRequest",
    "RunOptions",
    "Say",
    "ServerChoice",
    "ToolSettings",
    "Verification",
    "WatchLimits",
    "Where",
    "abort_deploy",
    "adopt",
    "approve_contract",
    "backfill",
    "catalogue",
    "changes",
    "check_backward",
    "contract_plan",
    "cut_release",
    "database_catalogue",
    "deploy_status",
    "descriptor",
    "drift",
    "examples",
    "export_state",
    "fix_paths",
    "fleet_status",
    "go_back",
    "guard",
    "history",
    "import_state",
    "lint_command",
    "lint_paths",
    "lint_stdin",
    "lint_text",
    "mark_release",
    "pause_backfills",
    "plan",
    "plan_contract",
    "plan_deploy",
    "preflight",
    "read_fleet",
    "record_check",
    "record_steps",
    "rehearse_backfill",
    "rehearse_backward",
    "rehearse_fleet",
    "rehearse_phase",
    "reject_contract",
    "releases",
    "repair_step",
    "resume_deploy",
    "roll_back",
    "rule",
    "rules",
    "run_deploy",
    "run_fleet",
    "run_phase",
    "set_ceiling",
    "set_floor",
    "status",
    "stop_deploy",
    "tracker_check",
    "tracker_place",
    "tracker_rebind",
    "tracker_roles",
    "tracker_upgrade",
    "verify",
    "write_contract",
]
