"""What a backfill would do, without doing it: its ranges, how its first batch would be run, and who would notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migsafe.backfill.ground import survey
from migsafe.backfill.preparing import ask, nodes, refuse_scan
from migsafe.backfill.sessions import Bookkeeping, open_session
from migsafe.backfill.shards import cut
from migsafe.backfill.task import BackfillRefusedError, Checked, Options, Site, Task
from migsafe.postgres.connection import StatementFailedError, Timeouts
from migsafe.postgres.poolers import refuse_pooler
from migsafe.tracker.backfills import BackfillRows, find_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.model.plan import Check
    from migsafe.postgres.connection import Session
    from migsafe.tracker.backfills import Shard

_TIMEOUTS = Timeouts(lock=500, statement=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What would happen.

    Attributes:
        rows: about how many the table has.
        shards: ranges, as they are known or would be cut.
        resumes: an earlier run has come somewhere.
        plan: how the server would run the first batch, a line for each node; empty where none is left.
        triggers: the users' own that each written row would fire.
        publications: whose subscribers each written row would reach.
        checks: what must hold before.
        refusal: why it would not begin; None where it would.
    """

    rows: int
    shards: tuple[Shard, ...]
    resumes: bool
    plan: tuple[str, ...]
    triggers: tuple[str, ...]
    publications: tuple[str, ...]
    checks: tuple[Checked, ...]
    refusal: BackfillRefusedError | None


def rehearse(task: Task, site: Site, options: Options) -> Rehearsal:
    """Look at everything that a run would look at before its first batch; nothing is written.

    Raises:
        BackfillRefusedError: when no backfill can go over this table.
        PoolerError: when a pooler stands in between.
        EnvironmentFailedError: when the server or the tracker cannot be reached.
    """
    with open_session(site.dsn, _TIMEOUTS) as session:
        refuse_pooler(session)
        session.rollback()
        ground = survey(session, task.backfill)
        checks = tuple(_checked(session, check) for check in task.before if not check.as_role)
        known = _known(session, task, site)
        session.rollback()
        shards = known if known and not options.again else cut(session, ground, options.workers, task.digest)
        refusal = _refusal(checks)
        plan: dict[str, Any] | None = None
        try:
            plan = refuse_scan(session, task, ground, shards, options)
        except BackfillRefusedError as error:
            refusal = refusal or error
        return Rehearsal(
            rows=ground.rows,
            shards=shards,
            resumes=bool(known) and not options.again,
            plan=() if plan is None else tuple(_line(node) for node in nodes(plan)),
            triggers=ground.triggers,
            publications=ground.publications,
            checks=checks,
            refusal=refusal,
        )


def _known(session: Session, task: Task, site: Site) -> tuple[Shard, ...]:
    with Bookkeeping(site, session).reading() as ledger:
        step_id = find_step(ledger, task.step)
        return () if step_id is None else BackfillRows(ledger, step_id, task.where).shards()


def _checked(session: Session, check: Check) -> Checked:
    try:
        ok, observed = ask(session, check)
    except StatementFailedError as error:
        return Checked(check.name, False, error.message)
    finally:
        session.rollback()
    return Checked(check.name, ok, observed)


def _refusal(checks: Sequence[Checked]) -> BackfillRefusedError | None:
    missing = next((check for check in checks if not check.ok), None)
    if missing is None:
        return None
    return BackfillRefusedError(
        f"not before this holds: {missing.name} (it gives {missing.observed})",
        hint="run the steps of the change that come before it",
    )


def _line(node: dict[str, Any]) -> str:
    name = node.get("Index Name") or node.get("Relation Name") or ""
    rows = node.get("Plan Rows", 0)
    return f"{node['Node Type']}{f' on {name}' if name else ''}, about {rows} row{'' if rows == 1 else 's'}"
