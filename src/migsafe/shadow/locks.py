"""The locks and the work of one statement, seen on a real server.

In a transaction the statement's locks are simply still there after it: a second session reads them from `pg_locks`.
Outside of one they come and go, and `gates` makes the statement stop where they can be read.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.locks import LockClaim
from migsafe.model.observation import IndexWork, Observation, StatementError
from migsafe.postgres.connection import StatementFailedError, Timeouts, connect
from migsafe.shadow.gates import run_through_gates
from migsafe.shadow.relations import Changes, Relation, activity, add_locks, read_relations, read_scans, read_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from migsafe.model.locks import LockMode
    from migsafe.model.names import QualifiedName
    from migsafe.postgres.connection import Session

#: Long enough for any statement on a small database, short enough to end a test that hangs; milliseconds.
_TIMEOUTS = Timeouts(lock=10_000, statement=30_000)

#: active_sql_transaction: "… cannot run inside a transaction block".
_REFUSES_TRANSACTION = "25001"


def observe(
    dsn: str,
    setup_sql: str,
    statement: str,
    *,
    in_transaction: bool = True,
    time_zone: str = "UTC",
) -> Observation:
    """Run a statement and see what it locks, rewrites, builds and scans.

    Only for databases that may be changed: the setup is committed. The statement is rolled back when it runs in a
    transaction, and stays done when it does not.

    Args:
        dsn: a database that nobody else uses, as a superuser or the owner of everything in it.
        setup_sql: what is there before; may be empty. Settings made here hold for the statement too. With rows in the
            tables, scans of referenced tables are seen as well.
        statement: one statement, or several that belong together.
        in_transaction: false where the migration runs outside a transaction, as CONCURRENTLY and VACUUM must. What
            can run in one is still watched in one, and then committed.
        time_zone: of the session; `timestamp` → `timestamptz` is free of work in UTC alone.

    Returns:
        What happened to the relations that existed after the setup. A refused statement is an `error` in it.

    Raises:
        StatementFailedError: when the setup fails.
        EnvironmentFailedError: when the server cannot be reached.
    """
    with ExitStack() as stack:
        actor = stack.enter_context(connect(dsn, autocommit=True, timeouts=_TIMEOUTS))
        witness = stack.enter_context(connect(dsn, autocommit=True, timeouts=_TIMEOUTS))
        actor.query("select set_config('TimeZone', %s, false)", (time_zone,))
        if setup_sql.strip():
            actor.execute(setup_sql)
        observation = _observe_in_transaction(actor, witness, statement, keep=not in_transaction)
        if in_transaction or observation.error is None or observation.error.sqlstate != _REFUSES_TRANSACTION:
            return observation
        return observe_through_gates(dsn, actor, witness, lambda: actor.execute(statement)).observation


def _observe_in_transaction(actor: Session, witness: Session, statement: str, *, keep: bool) -> Observation:
    before = read_relations(actor)
    sizes = read_sizes(witness, before.values())
    actor.execute("begin")
    try:
        scans = read_scans(actor, in_transaction=True)
        try:
            actor.execute(statement)
        except StatementFailedError as error:
            return _refused(error)
        modes: dict[int, LockMode] = {}
        add_locks(modes, witness.query(activity("locks"), (actor.backend_pid,)))
        changes = Changes(before, read_relations(actor))
        scanned = increased(scans, read_scans(actor, in_transaction=True))
        observation = observation_of(before, modes, changes, scanned, emptied=_emptied(actor, changes, sizes))
        if keep:
            actor.execute("commit")
        return observation
    finally:
        actor.execute("rollback")


class Passed(NamedTuple):
    """A statement that ran outside a transaction: what was seen, and its error."""

    observation: Observation
    error: StatementFailedError | None = None


def observe_through_gates(dsn: str, actor: Session, witness: Session, run: Callable[[], None]) -> Passed:
    """Run a statement that refuses a transaction, and see what it locks and does.

    Args:
        dsn: the database of both sessions.
        actor: the session in which the statement runs; in autocommit.
        witness: another session; in autocommit.
        run: runs the statement; called in a thread of its own.
    """
    before = read_relations(actor)
    sizes = read_sizes(witness, before.values())
    actor.query(activity("report_scans"))
    scans = read_scans(witness, in_transaction=False)
    passage = run_through_gates(dsn, actor, witness, run, before.values())
    if passage.error is not None:
        return Passed(_refused(passage.error), passage.error)
    actor.query(activity("report_scans"))
    changes = Changes(before, read_relations(actor))
    scanned = increased(scans, read_scans(witness, in_transaction=False))
    emptied = _emptied(actor, changes, sizes)
    return Passed(observation_of(before, passage.modes, changes, scanned, emptied=emptied))


def observation_of(
    before: Mapping[int, Relation],
    modes: Mapping[int, LockMode],
    changes: Changes,
    scanned: Iterable[int],
    *,
    emptied: Iterable[QualifiedName],
) -> Observation:
    """Put together what was seen.

    Args:
        before: the relations that count, by oid.
        modes: the strongest lock on each relation, by oid.
        changes: what became of the relations.
        scanned: relations that were read from end to end, by oid.
        emptied: those with new storage that hold nothing any more.
    """
    return Observation(
        locks=_claims(before, modes, indexes=False),
        index_locks=_claims(before, modes, indexes=True),
        rewritten=tuple(sorted(relation.name for relation in changes.rewritten)),
        emptied=tuple(sorted(emptied)),
        rebuilt=_sorted(changes.rebuilt),
        built=_sorted(changes.built),
        scanned=tuple(sorted(before[oid].name for oid in scanned if oid in before)),
    )


def _claims(before: Mapping[int, Relation], modes: Mapping[int, LockMode], *, indexes: bool) -> tuple[LockClaim, ...]:
    claims = (
        LockClaim(before[oid].name, mode, "observed")
        for oid, mode in modes.items()
        if oid in before and before[oid].is_index is indexes
    )
    return tuple(sorted(claims, key=lambda claim: claim.table))


def _sorted(work: Iterable[IndexWork]) -> tuple[IndexWork, ...]:
    return tuple(sorted(work, key=lambda done: done.index))


def increased(before: Mapping[int, int], after: Mapping[int, int]) -> list[int]:
    """What has a higher count after than before."""
    return [oid for oid, count in after.items() if count > before.get(oid, 0)]


def _emptied(session: Session, changes: Changes, sizes: Mapping[int, int]) -> list[QualifiedName]:
    rewritten = changes.rewritten
    now = read_sizes(session, rewritten)
    return [relation.name for relation in rewritten if sizes.get(relation.oid) and not now.get(relation.oid)]


def _refused(error: StatementFailedError) -> Observation:
    return Observation(error=StatementError(error.sqlstate, error.message))
