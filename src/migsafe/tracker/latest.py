"""What has become of each migration on one database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from migsafe.model.state import StepStatus
from migsafe.tracker import tables as t

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.model.state import TargetName
    from migsafe.tracker.ledger import Ledger


def read_statuses(ledger: Ledger, where: TargetName) -> Mapping[str, StepStatus]:
    """The status of its last run there, by what the tool calls a migration; none for what was never recorded."""
    c = t.run.c
    query = (
        sa.select(t.step.c.migration, c.status)
        .join_from(t.run, t.step, c.step_id == t.step.c.step_id)
        .where(c.env == where.environment, c.target == where.target, t.step.c.migration.isnot(None))
        .order_by(c.recorded_at, c.attempt)
    )
    return {row.migration: StepStatus(row.status) for row in ledger.rows(query)}
