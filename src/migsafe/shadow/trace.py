"""The lock trace of whole migrations: what each statement of a way up locks and does, while it is applied for good.

In a transaction, `pg_locks` shows after each statement which locks have come since the one before. A lock that the
transaction had already in the same mode shows no second time: it is among those that are held, not those that are
taken. Only relations that existed before the migration count; new ones can block nobody.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.dialect import ServerVersion
from migsafe.model.evidence import LockEvidence, ObservedMigration, ObservedStatement, statement_fingerprint
from migsafe.model.names import QualifiedName
from migsafe.model.observation import Observation
from migsafe.model.operation import PsqlCommand, SetParameter, TransactionControl, TruncateTable
from migsafe.postgres.connection import NO_TIMEOUTS, StatementFailedError, connect
from migsafe.rules.knowledge.transaction_block import refused_in_transaction
from migsafe.shadow.disagreements import Scene, compare
from migsafe.shadow.held import HeldLocks
from migsafe.shadow.locks import increased, observation_of, observe_through_gates
from migsafe.shadow.look import Eye, Look
from migsafe.shadow.prediction import Predictor
from migsafe.shadow.relations import Changes, activity
from migsafe.shadow.zones import try_in_zones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from migsafe.model.evidence import ZoneTrial
    from migsafe.model.finding import Finding
    from migsafe.model.locks import LockMode
    from migsafe.model.statement import Statement
    from migsafe.postgres.connection import Session
    from migsafe.shadow.migration import ShadowMigration
    from migsafe.shadow.prediction import Prediction
    from migsafe.sources import LoadedLayout

#: active_sql_transaction, and invalid_transaction_termination: a procedure that commits.
_REFUSES_TRANSACTION = frozenset({"25001", "2D000"})

_WITHOUT_TABLES = (SetParameter, TransactionControl, PsqlCommand)


class LockTrace:
    """Looks on while wanted migrations are applied (`migsafe.shadow.verify.Companion`).

    Attributes:
        migrations: what was seen so far, in the order in which they were applied.
    """

    def __init__(self, layouts: Iterable[LoadedLayout] = ()) -> None:
        """
        Args:
            layouts: where the migrations are from: what lint would predict depends on those before them.
        """
        self._predictor = Predictor(layouts)
        self._watch: _Watch | None = None
        self._server_version = 0
        self.migrations: list[ObservedMigration] = []

    @property
    def observations(self) -> Mapping[str, list[tuple[int, int, Observation]]]:
        """By migration: index and first line of each statement, and what it did."""
        return {m.id: [(seen.index, seen.line, seen.observation) for seen in m.statements] for m in self.migrations}

    def before(self, migration: ShadowMigration, session: Session) -> _Watch:
        """Remember what exists, and stand around each statement."""
        self._server_version = session.server_version
        server = ServerVersion(self._server_version // 10_000, "shadow")
        self._watch = _Watch(migration, session, self._predictor.predict(migration, server))
        return self._watch

    def after(self, migration: ShadowMigration, session: Session) -> tuple[Finding, ...]:
        """Where migsafe's knowledge says something else than the server does."""
        if self._watch is None:
            return ()
        watch, self._watch = self._watch, None
        seen = watch.result()
        self.migrations.append(seen)
        return tuple(compare(migration, watch.predictions, seen, watch.scenes))

    @property
    def unfinished(self) -> ObservedMigration | None:
        """What was seen of a migration that failed: which indexes it has left behind."""
        return None if self._watch is None else self._watch.result()

    def evidence(self, day: date) -> LockEvidence:
        """All that was seen, as a document that lint reads (`migsafe.evidence`).

        Args:
            day: today.
        """
        version = f"{self._server_version // 10_000}.{self._server_version % 10_000}"
        return LockEvidence(version, day, tuple(self.migrations))


class _Watch:
    """Stands around each statement of one way up (`migsafe.shadow.execution.Watch`)."""

    def __init__(self, migration: ShadowMigration, session: Session, predictions: tuple[Prediction, ...]) -> None:
        self._migration = migration
        self._session = session
        self.predictions = predictions
        statements = migration.up.statements if migration.up is not None else ()
        self._places = {statement.span: index for index, statement in enumerate(statements)}
        self._eye = Eye(session)
        before = self._eye.look()
        # What this session has scanned before is flushed, so that the first statement finds a count of nothing.
        session.query(activity("report_scans"))
        self._last: Look | None = Look(before.relations, {}, frozenset())
        self._latest = -1
        self._existing = frozenset(before.relations)
        self.scenes: dict[int, Scene] = {}
        self._seen: dict[int, ObservedStatement] = {}
        self._held = HeldLocks()

    def __call__(self, statement: Statement, run: Callable[[], None], *, in_transaction: bool) -> None:
        """See a statement run."""
        index = self._places[statement.span]
        if index <= self._latest:  # it is run again, after a rollback
            self._last = None
        self._latest = index
        if not in_transaction:
            self._held.release()
        if in_transaction:
            self._inside(index, statement, run)
        elif any(isinstance(operation, TransactionControl) for operation in statement.operations):
            self._unseen(index, statement, run)
        elif any(refused_in_transaction(operation) for operation in statement.operations):
            self._through_gates(index, statement, run)
        else:
            self._alone(index, statement, run)

    def result(self) -> ObservedMigration:
        """All that was seen."""
        self._held.release()
        statements = tuple(self._seen[index] for index in sorted(self._seen))
        return ObservedMigration(self._migration.id, self._migration.path, statements, self._held.all)

    def _inside(self, index: int, statement: Statement, run: Callable[[], None]) -> None:
        """A statement in the transaction of its tool or script."""
        if _touches_nothing(statement):
            self._unseen(index, statement, run)
            return
        before = self._last or self._eye.look()
        zones = self._zones(index, statement)
        if zones:  # the trials are taken back, but their scans are counted
            before = self._eye.look()
        took = _timed(run)
        after = self._last = self._eye.look()
        self._held.update(index, took, self._named(before, after.pairs))
        observation = self._observation(statement, before, after)
        self._note(index, statement, observation, took, zones=zones, before=before)

    def _unseen(self, index: int, statement: Statement, run: Callable[[], None]) -> None:
        """A statement on the session or its transaction; SET TRANSACTION must come before any query, even ours."""
        took = _timed(run)
        self._held.extend(index, took)
        if any(isinstance(operation, TransactionControl) for operation in statement.operations):
            self._last = None
        if not self._session.in_transaction:
            self._held.release()
        self._note(index, statement, Observation(), took)

    def _alone(self, index: int, statement: Statement, run: Callable[[], None]) -> None:
        """A statement that commits by itself: in a transaction of its own it does the same, and its locks stay."""
        self._session.execute("begin")
        try:
            self._inside(index, statement, run)
            self._session.execute("commit")
        except StatementFailedError as error:
            self._session.execute("rollback")
            self._held.release()
            if error.sqlstate not in _REFUSES_TRANSACTION:
                raise
            # Refused before it has done anything: it can be run again.
            self._through_gates(index, statement, run)
        finally:
            self._last = None

    def _through_gates(self, index: int, statement: Statement, run: Callable[[], None]) -> None:
        self._last = None
        before = self._eye.look()
        invalid = self._invalid()
        began = time.perf_counter()
        with connect(self._session.dsn, autocommit=True, timeouts=NO_TIMEOUTS) as witness:
            passed = observe_through_gates(self._session.dsn, self._session, witness, run)
        took = _milliseconds_since(began)
        observation = self._only_existing(passed.observation, before)
        oids = {relation.name: oid for oid, relation in before.relations.items()}
        self._held.update(index, took, {(oids[claim.table], claim.mode): claim.table for claim in observation.locks})
        self._held.release()
        left = tuple(sorted(self._invalid() - invalid))
        self._note(index, statement, observation, took, invalid=left, before=before)
        if passed.error is not None:
            raise passed.error

    def _zones(self, index: int, statement: Statement) -> tuple[ZoneTrial, ...]:
        if not self.predictions[index].zoned:
            return ()
        return try_in_zones(self._session, statement.text, self._eye, self._existing)

    def _invalid(self) -> frozenset[QualifiedName]:
        rows = self._session.query(activity("invalid_indexes"))
        return frozenset(QualifiedName(name, schema) for schema, name in rows)

    def _observation(self, statement: Statement, before: Look, after: Look) -> Observation:
        modes: dict[int, LockMode] = {}
        for oid, mode in after.pairs - before.pairs:
            modes[oid] = mode if oid not in modes or modes[oid] < mode else modes[oid]
        changes = Changes(before.relations, after.relations)
        empties = all(isinstance(operation, TruncateTable) for operation in statement.operations)
        emptied = [relation.name for relation in changes.rewritten] if empties else []
        scanned = increased(before.scans, after.scans)
        everything = observation_of(before.relations, modes, changes, scanned, emptied=emptied)
        return self._only_existing(everything, before)

    def _named(self, before: Look, pairs: Iterable[tuple[int, LockMode]]) -> dict[tuple[int, LockMode], QualifiedName]:
        """Of some locks, those on relations that count, with the names from before the statement."""
        return {
            (oid, mode): before.relations[oid].name
            for oid, mode in pairs
            if oid in self._existing and oid in before.relations and not before.relations[oid].is_index
        }

    def _only_existing(self, observation: Observation, before: Look) -> Observation:
        names = {before.relations[oid].name for oid in self._existing & before.relations.keys()}
        return replace(
            observation,
            locks=tuple(claim for claim in observation.locks if claim.table in names),
            index_locks=tuple(claim for claim in observation.index_locks if claim.table in names),
            rewritten=tuple(table for table in observation.rewritten if table in names),
            emptied=tuple(table for table in observation.emptied if table in names),
            rebuilt=tuple(work for work in observation.rebuilt if work.table in names),
            built=tuple(work for work in observation.built if work.table in names),
            scanned=tuple(table for table in observation.scanned if table in names),
        )

    def _note(
        self,
        index: int,
        statement: Statement,
        observation: Observation,
        milliseconds: float,
        *,
        zones: tuple[ZoneTrial, ...] = (),
        invalid: tuple[QualifiedName, ...] = (),
        before: Look | None = None,
    ) -> None:
        script = self._migration.up.script if self._migration.up is not None else None
        self._seen[index] = ObservedStatement(
            index=index,
            line=script.position(statement.span.start).line if script is not None else 1,
            fingerprint=statement_fingerprint(statement.text, rendered=script is not None and script.rendered),
            observation=observation,
            milliseconds=milliseconds,
            zones=zones,
            invalid=invalid,
        )
        if before is not None:
            existing = (relation.name for oid, relation in before.relations.items() if oid in self._existing)
            held = ((name, mode) for (_, mode), name in self._named(before, before.pairs).items())
            self.scenes[index] = Scene(frozenset(existing), frozenset(held))


def _touches_nothing(statement: Statement) -> bool:
    return all(isinstance(operation, _WITHOUT_TABLES) for operation in statement.operations)


def _timed(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return _milliseconds_since(began)


def _milliseconds_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
