"""After the last batch: statistics of what was written, and proof that it is all there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.backfill.preparing import Book, ask
from migsafe.backfill.sessions import Bookkeeping
from migsafe.backfill.task import BackfillResult, Checked
from migsafe.model.state import Check as KeptCheck
from migsafe.postgres.connection import StatementFailedError
from migsafe.postgres.keyset import analyze
from migsafe.tracker.backfills import BackfillRows, note_backfill

if TYPE_CHECKING:
    from migsafe.backfill.tally import Tally
    from migsafe.backfill.task import Site, Task
    from migsafe.model.plan import Check
    from migsafe.postgres.connection import Session
    from migsafe.tracker.store import Store


def finish(
    session: Session, task: Task, site: Site, book: Book, tally: Tally, *, already: bool = False
) -> BackfillResult:
    """Collect statistics, make the checks, and record what they gave.

    Args:
        session: whose statements may take long; in no transaction.
        already: it had come to its end before.
    """
    notes = (*_not_asked(task), *(() if already else _statistics(session, task)))
    checks = tuple(_checked(session, check) for check in task.verify)
    progress = tally.progress()
    tracker = Bookkeeping(site, session)
    with tracker.writing() as store:
        if task.step.change is not None:
            for check in checks:
                if check.ok is not None:
                    store.record_check(_kept(task, task.step.change, check, store))
        if not already:
            note_backfill(
                store, task.step, task.where, state="finished", rows_seen=progress.rows_seen,
                rows_written=progress.rows_written, rows_bad=progress.rows_bad, batches=progress.batches,
            )  # fmt: skip
        bad = BackfillRows(store.ledger, book.step_id, task.where).bad_rows() if progress.rows_bad else ()
    return BackfillResult(
        finished=True,
        already=already,
        progress=progress,
        reasons=tally.reasons(),
        checks=checks,
        bad_rows=bad,
        notes=notes,
    )


def _not_asked(task: Task) -> tuple[str, ...]:
    by_role = [check.name for check in task.before if check.as_role]
    return tuple(
        f"not checked before the first batch, since it is the application's role to ask: {name}" for name in by_role
    )


def _statistics(session: Session, task: Task) -> tuple[str, ...]:
    """The planner knows nothing of a column that has just been filled."""
    table, columns = task.backfill.table, [column for column, _ in task.backfill.assignments]
    if not columns:
        return (f"ANALYZE the table that the statement writes: it is not {table}",)
    try:
        rows = session.query(
            "select n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where c.oid = to_regclass(%s)",
            (str(table),),
        )
        analyze(session, (rows[0][0], rows[0][1]), columns)
        session.commit()
    except StatementFailedError as error:
        session.rollback()
        return (f"ANALYZE {table} ({', '.join(columns)}) by hand: {error.message}",)
    return ()


def _checked(session: Session, check: Check) -> Checked:
    if check.as_role:
        return Checked(check.name, None, "it is asked as the application's role; make it by hand")
    try:
        ok, observed = ask(session, check)
    except StatementFailedError as error:
        return Checked(check.name, False, error.message)
    finally:
        session.rollback()
    return Checked(check.name, ok, observed)


def _kept(task: Task, change: str, check: Checked, store: Store) -> KeptCheck:
    return KeptCheck(
        change=change,
        name=check.name,
        environment=task.where.environment,
        target=task.where.target,
        ok=bool(check.ok),
        at=store.now,
        observed=check.observed,
    )
