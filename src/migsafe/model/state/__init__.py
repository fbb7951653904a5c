"""What is so out there: which release runs where, which steps have run on which database, what was verified.

Values only, without a file, a database or a clock. `migsafe.evidence.state` reads and writes them as a document; a
tracker exports them; the gates of `phases` judge by them.
"""

from __future__ import annotations

from migsafe.model.state.changes import Change, ChangeState, Check, Run, Step, StepStatus
from migsafe.model.state.document import Chain, KnownRelease, Seal, StateDocument
from migsafe.model.state.environments import Environment, Rollout, RolloutStatus, Target, TargetName
from migsafe.model.state.statistics import NodeReading, StatisticsFact

__all__ = [
    "Chain",
    "Change",
    "ChangeState",
    "Check",
    "Environment",
    "KnownRelease",
    "NodeReading",
    "Rollout",
    "RolloutStatus",
    "Run",
    "Seal",
    "StateDocument",
    "StatisticsFact",
    "Step",
    "StepStatus",
    "Target",
    "TargetName",
]
