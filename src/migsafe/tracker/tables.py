"""The tracker's tables as SQLAlchemy's Core knows them.

`migrations/` makes them; this module only names them for statements. They have no schema here: `Ledger` says where
they stand.
"""

from __future__ import annotations

import sqlalchemy as sa

from migsafe.tracker.columns import Json, Moment

metadata = sa.MetaData()


def _turn() -> tuple[sa.Column[object], ...]:
    """Whose turn it is, and since when: of a database, or of an environment's rollouts."""
    return (
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("holder", sa.String(255), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("backend_pid", sa.Integer),
        sa.Column("purpose", sa.String(255), nullable=False),
        sa.Column("taken_at", Moment, nullable=False),
        sa.Column("heartbeat_at", Moment, nullable=False),
        sa.Column("released_at", Moment),
    )


meta = sa.Table(
    "migsafe_meta",
    metadata,
    sa.Column("k", sa.String(64), primary_key=True),
    sa.Column("v", sa.Text, nullable=False),
)
environment = sa.Table(
    "migsafe_environment",
    metadata,
    sa.Column("env", sa.String(64), primary_key=True),
    sa.Column("protected", sa.Boolean, nullable=False),
    sa.Column("rollback_to", sa.String(128)),
)
target = sa.Table(
    "migsafe_target",
    metadata,
    sa.Column("env", sa.String(64), primary_key=True),
    sa.Column("target", sa.String(128), primary_key=True),
    sa.Column("dialect", sa.String(32), nullable=False),
    sa.Column("identity", sa.String(255)),
    sa.Column("nodes", Json, nullable=False),
)
release = sa.Table(
    "migsafe_release",
    metadata,
    sa.Column("release_id", sa.String(128), primary_key=True),
    sa.Column("seq", sa.Integer),
    sa.Column("day", sa.Date),
)
rollout = sa.Table(
    "migsafe_rollout",
    metadata,
    sa.Column("env", sa.String(64), primary_key=True),
    sa.Column("release_id", sa.String(128), primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("percent", sa.Integer),
    sa.Column("full_at", Moment),
    sa.Column("retired_at", Moment),
    sa.Column("changed_at", Moment),
    sa.Column("source", sa.String(64)),
)
change = sa.Table(
    "migsafe_change",
    metadata,
    sa.Column("change_id", sa.String(160), primary_key=True),
    sa.Column("kind", sa.String(48)),
    sa.Column("owner", sa.String(128)),
    sa.Column("objects", Json, nullable=False),
    sa.Column("introduced_in", sa.String(128)),
    sa.Column("due", sa.Date),
    sa.Column("due_release", sa.String(128)),
    sa.Column("state", sa.String(16), nullable=False),
)
step = sa.Table(
    "migsafe_step",
    metadata,
    sa.Column("step_id", sa.String(40), primary_key=True),
    sa.Column("migration", sa.String(255)),
    sa.Column("name", sa.String(160)),
    sa.Column("change_id", sa.String(160)),
    sa.Column("phase", sa.String(12)),
    sa.Column("part", sa.String(12)),
    sa.Column("release_id", sa.String(128)),
)
run = sa.Table(
    "migsafe_run",
    metadata,
    sa.Column("run_id", sa.String(40), primary_key=True),
    sa.Column("step_id", sa.String(40), nullable=False),
    sa.Column("env", sa.String(64), nullable=False),
    sa.Column("target", sa.String(128), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("at", Moment),
    sa.Column("checksum", sa.String(96)),
    sa.Column("source", sa.String(32), nullable=False),
    sa.Column("actor", sa.String(255), nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("tool_version", sa.String(32), nullable=False),
    sa.Column("recorded_at", Moment, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("direction", sa.String(12)),
    sa.Column("fence", sa.Integer),
    sa.Column("plan_id", sa.String(64)),
    sa.Column("error", sa.Text),
)
check = sa.Table(
    "migsafe_check",
    metadata,
    sa.Column("check_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("change_id", sa.String(160), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("env", sa.String(64), nullable=False),
    sa.Column("target", sa.String(128), nullable=False),
    sa.Column("ok", sa.Boolean, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("observed", sa.Text),
)
statistic = sa.Table(
    "migsafe_statistic",
    metadata,
    sa.Column("statistic_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("object", sa.String(255), nullable=False),
    sa.Column("env", sa.String(64), nullable=False),
    sa.Column("target", sa.String(128), nullable=False),
    sa.Column("since_at", Moment, nullable=False),
    sa.Column("until_at", Moment, nullable=False),
    sa.Column("known_use", sa.String(16), nullable=False),
    sa.Column("calls", sa.BigInteger),
    sa.Column("readings", Json, nullable=False),
)
compat = sa.Table(
    "migsafe_compat",
    metadata,
    sa.Column("env", sa.String(64), primary_key=True),
    sa.Column("target", sa.String(128), primary_key=True),
    sa.Column("floor", sa.String(128)),
    sa.Column("ceiling", sa.String(128)),
    sa.Column("doubt", sa.Text),
)
event = sa.Table(
    "migsafe_event",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(255), nullable=False),
    sa.Column("db_role", sa.String(128), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(512), nullable=False),
    sa.Column("env", sa.String(64)),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("prev_sha", sa.String(64), nullable=False),
    sa.Column("sha", sa.String(64), nullable=False),
    sa.Column("client", sa.String(64)),
)
kept = sa.Table(
    "migsafe_kept",
    metadata,
    sa.Column("step_id", sa.String(40), primary_key=True),
    sa.Column("checksum", sa.String(96), primary_key=True),
    sa.Column("forward", sa.Text, nullable=False),
    sa.Column("backward", sa.Text),
    sa.Column("forward_rule", sa.String(20), nullable=False),
    sa.Column("backward_rule", sa.String(20)),
    sa.Column("no_way_back", sa.Text),
    sa.Column("kept_at", Moment, nullable=False),
)
statement = sa.Table(
    "migsafe_statement",
    metadata,
    sa.Column("run_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("sha", sa.String(64), nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("began_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("waited_ms", sa.Integer),
    sa.Column("ran_ms", sa.Integer),
    sa.Column("xid", sa.String(20)),
    sa.Column("note", sa.Text),
)
lease = sa.Table(
    "migsafe_lease",
    metadata,
    sa.Column("env", sa.String(64), primary_key=True),
    sa.Column("target", sa.String(128), primary_key=True),
    *_turn(),
)
backfill = sa.Table(
    "migsafe_backfill",
    metadata,
    sa.Column("step_id", sa.String(40), primary_key=True),
    sa.Column("env", sa.String(64), primary_key=True),
    sa.Column("target", sa.String(128), primary_key=True),
    sa.Column("shard", sa.Integer, primary_key=True),
    sa.Column("low", Json, nullable=False),
    sa.Column("high", Json, nullable=False),
    sa.Column("place", Json),
    sa.Column("rows_seen", sa.BigInteger, nullable=False),
    sa.Column("rows_written", sa.BigInteger, nullable=False),
    sa.Column("rows_bad", sa.BigInteger, nullable=False),
    sa.Column("batches", sa.Integer, nullable=False),
    sa.Column("batch_rows", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("held_by", sa.Text),
    sa.Column("worker", sa.String(255)),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("heartbeat_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
)
bad_row = sa.Table(
    "migsafe_bad_row",
    metadata,
    sa.Column("step_id", sa.String(40), primary_key=True),
    sa.Column("env", sa.String(64), primary_key=True),
    sa.Column("target", sa.String(128), primary_key=True),
    sa.Column("row_key", sa.String(512), primary_key=True),
    sa.Column("sqlstate", sa.String(5)),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
pause = sa.Table(
    "migsafe_pause",
    metadata,
    sa.Column("env", sa.String(64), primary_key=True),
    sa.Column("target", sa.String(128), primary_key=True),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("actor", sa.String(255), nullable=False),
    sa.Column("at", Moment, nullable=False),
)
contract = sa.Table(
    "migsafe_contract",
    metadata,
    sa.Column("plan_id", sa.String(64), primary_key=True),
    sa.Column("change_id", sa.String(160), nullable=False),
    sa.Column("env", sa.String(64), nullable=False),
    sa.Column("target", sa.String(128), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("approvals_needed", sa.Integer, nullable=False),
    sa.Column("author", sa.String(255), nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("db_role", sa.String(128)),
)
approval = sa.Table(
    "migsafe_approval",
    metadata,
    sa.Column("plan_id", sa.String(64), primary_key=True),
    sa.Column("approver", sa.String(255), primary_key=True),
    sa.Column("decision", sa.String(8), nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("db_role", sa.String(128)),
    sa.Column("client", sa.String(64)),
)
deployment = sa.Table(
    "migsafe_deployment",
    metadata,
    sa.Column("deployment_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("env", sa.String(64), nullable=False),
    sa.Column("stable", sa.String(128)),
    sa.Column("release_id", sa.String(128), nullable=False),
    sa.Column("strategy", sa.String(16), nullable=False),
    sa.Column("provider", sa.String(32), nullable=False),
    sa.Column("plan", Json, nullable=False),
    sa.Column("plan_sha", sa.String(64), nullable=False),
    sa.Column("rehearsal", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(255), nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("began_at", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
)
deployment_step = sa.Table(
    "migsafe_deployment_step",
    metadata,
    sa.Column("deployment_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("desired", Json, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("began_at", Moment),
    sa.Column("ended_at", Moment),
    sa.Column("observed", Json),
    sa.Column("verdicts", Json),
    sa.Column("note", sa.Text),
)
deployment_turn = sa.Table(
    "migsafe_deployment_turn",
    metadata,
    sa.Column("env", sa.String(64), primary_key=True),
    *_turn(),
)
outbox = sa.Table(
    "migsafe_outbox",
    metadata,
    sa.Column("message_id", sa.String(40), primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("env", sa.String(64)),
    sa.Column("payload", Json, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", Moment, nullable=False),
    sa.Column("delivered_at", Moment),
    sa.Column("given_up_at", Moment),
    sa.Column("error", sa.Text),
)
