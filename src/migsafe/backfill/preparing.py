"""Before the first batch: what must hold, how the first batch would be run, and where an earlier run has come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migsafe.backfill.bench import shard_key
from migsafe.backfill.pace import begin as first_speed
from migsafe.backfill.sessions import Bookkeeping
from migsafe.backfill.shards import cut
from migsafe.backfill.task import BackfillRefusedError
from migsafe.postgres.advisory import lock_holder
from migsafe.postgres.asking import observe
from migsafe.postgres.connection import StatementFailedError
from migsafe.postgres.keyset import Stretch, explain
from migsafe.tracker.backfills import BackfillRows, Shard, ShardState, know_step, note_backfill

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.backfill.ground import Ground
    from migsafe.backfill.task import Options, Site, Task
    from migsafe.model.plan import Check
    from migsafe.postgres.connection import Session
    from migsafe.tracker.store import Store

_HIDDEN = "42501"


@dataclass(frozen=True, slots=True)
class Book:
    """How a backfill stands.

    Attributes:
        step_id: of its step in the tracker.
    """

    step_id: str
    shards: tuple[Shard, ...]

    @property
    def over(self) -> bool:
        """Whether every shard has come to its end."""
        return all(shard.state is ShardState.DONE for shard in self.shards)


def ask(session: Session, check: Check) -> tuple[bool, str]:
    """Whether a check holds, and what its query gave, as text.

    Raises:
        StatementFailedError: when the server refuses it.
    """
    observed = observe(session, check.sql)
    return observed == check.expected, observed


def refuse_checks(session: Session, task: Task) -> None:
    """Make sure that what must hold before does: that the trigger is live which writes rows from now on.

    Raises:
        BackfillRefusedError: when something does not.
    """
    for check in task.before:
        if check.as_role:
            continue
        try:
            ok, observed = ask(session, check)
        except StatementFailedError as error:
            raise BackfillRefusedError(
                f"nobody can tell whether this holds: {check.name}: {error.message}", hint=error.hint
            ) from None
        if not ok:
            raise BackfillRefusedError(
                f"not before this holds: {check.name} (it gives {observed}, not {check.expected})",
                hint="run the steps of the change that come before it",
            )


def begin(session: Session, task: Task, site: Site, options: Options, ground: Ground) -> Book:
    """Where an earlier run has come to; the beginning where there was none.

    Raises:
        BackfillRefusedError: when what is written has changed since, or somebody is at it that is to be begun anew.
    """
    # Cut outside of the transaction in which all other writers of the tracker wait.
    shards = cut(session, ground, options.workers, task.digest)
    session.rollback()
    tracker = Bookkeeping(site, session)
    with tracker.writing() as store:
        step_id = know_step(store, task.step)
        rows = BackfillRows(store.ledger, step_id, task.where)
        known = rows.shards()
        if known and not options.again:
            _refuse_another_plan(known, task)
            book = Book(step_id, known)
            if not book.over:
                _note(store, task, known, "resumed")
            return book
        if known:
            _refuse_company(session, step_id, task, known)
        known = rows.begin(shards, store.now)
        _note(store, task, known, "begun")
        return Book(step_id, known)


def _note(store: Store, task: Task, shards: Sequence[Shard], state: str) -> None:
    said = [[".".join(shard.table), list(shard.low), list(shard.high)] for shard in shards[:20]]
    note_backfill(store, task.step, task.where, state=state, digest=task.digest, shards=len(shards), ranges=said)


def _refuse_another_plan(shards: Sequence[Shard], task: Task) -> None:
    if any(shard.digest != task.digest for shard in shards):
        raise BackfillRefusedError(
            "what this backfill writes has changed since it was begun", hint="--again begins anew with what it says now"
        )


def _refuse_company(session: Session, step_id: str, task: Task, shards: Sequence[Shard]) -> None:
    for shard in shards:
        if shard.state is ShardState.DONE:
            continue
        if lock_holder(session, shard_key(step_id, task.where, shard.number)) is not None:
            raise BackfillRefusedError(f"somebody is at this backfill: {shard.worker}", hint="stop it there first")


def first_batch(session: Session, task: Task, ground: Ground, shards: Sequence[Shard], options: Options) -> Any:
    """How the server would run the first batch that is left: EXPLAIN's plan; None where none is left."""
    shard = next((one for one in shards if one.state is not ShardState.DONE), None)
    if shard is None:
        return None
    keyset, rows = ground.keyset(shard.table), first_speed(options.pace, shard.batch_rows).rows
    stretch = keyset.next_stretch(session, shard.low, shard.high, rows, after=shard.place)
    if stretch is None:
        return None
    return explain(session, _statement(task, ground, shard, stretch, rows))


def _statement(task: Task, ground: Ground, shard: Shard, stretch: Stretch, rows: int) -> Any:
    keyset = ground.keyset(shard.table)
    if task.backfill.insert is not None:
        return keyset.fill_in(task.backfill.insert, stretch, rows)
    return keyset.update(stretch, task.backfill.assignments, task.backfill.needs_work)


def refuse_scan(session: Session, task: Task, ground: Ground, shards: Sequence[Shard], options: Options) -> Any:
    """Make sure that a batch does not read a whole table; the plan of the first one.

    Raises:
        BackfillRefusedError: when it does, and the table is large.
    """
    try:
        plan = first_batch(session, task, ground, shards, options)
    except StatementFailedError as error:
        if error.sqlstate == _HIDDEN:
            raise BackfillRefusedError(f"this role may not do that: {error.message}", hint=error.hint) from None
        raise BackfillRefusedError(f"the server refuses the first batch: {error.message}", hint=error.hint) from None
    finally:
        session.rollback()
    if plan is not None and _scans(plan, ground, options):
        raise BackfillRefusedError(
            f"every batch would read all of {task.backfill.table}, about {ground.rows} rows: a sequential scan",
            hint="ANALYZE it; an index on the key must be usable for the condition of a batch",
        )
    return plan


def _scans(plan: dict[str, Any], ground: Ground, options: Options) -> bool:
    """Whether a large table of ours is read from end to end."""
    large = {leaf.name[1] for leaf in ground.leaves if leaf.rows > options.most_scanned}
    return any(node["Node Type"] == "Seq Scan" and node["Relation Name"] in large for node in nodes(plan))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan of EXPLAIN, node by node."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)
