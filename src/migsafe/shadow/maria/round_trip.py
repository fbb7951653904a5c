"""Up, down and up again on MySQL, each try in a schema of its own: DDL commits, so that nothing can be rolled back.

The schema is a copy of the one with the history. A copy counts only where its snapshot is the same; where it is not,
the history is run again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.mysql.connection import StatementRefusedError
from migsafe.parse import read_script
from migsafe.shadow.differences import differences_between
from migsafe.shadow.maria.copying import copy_schema
from migsafe.shadow.maria.execution import run_script
from migsafe.shadow.maria.online import OnlineProbe
from migsafe.shadow.maria.seeding import seed
from migsafe.shadow.maria.snapshot import take_snapshot
from migsafe.shadow.round_trip import Attempt, RoundTrip
from migsafe.shadow.seeding import Seeding

if TYPE_CHECKING:
    from migsafe.model.statement import ReadScript
    from migsafe.mysql.connection import Session
    from migsafe.shadow.maria.choice import SchemaServer
    from migsafe.shadow.maria.execution import Watch
    from migsafe.shadow.maria.online import Refusal
    from migsafe.shadow.migration import Failure, ShadowMigration
    from migsafe.shadow.snapshot import Snapshot

_numbers = count()


class HistoryNotRepeatedError(Exception):
    """What was applied once cannot be applied again in another schema, so that there is no place for a trial."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One try, and the schema that it read after the way up."""

    attempt: Attempt
    seeding: Seeding
    after: Snapshot | None = None


class MariaProver:
    """Proves migrations in one run, in their order; a context manager that drops its schemas.

    Attributes:
        replays: how often the history was run again, because a copy was not the same.
    """

    def __init__(self, server: SchemaServer, *, rows: bool = True, setup: str = "") -> None:
        """
        Args:
            rows: whether tables that a migration names get generated rows.
            setup: SQL that is run first.

        Raises:
            StatementRefusedError: when that fails.
        """
        self.replays = 0
        self._server = server
        self._rows = rows
        self._history: list[ReadScript] = []
        self._known: Snapshot | None = None
        self._bench = _Bench(server)
        try:
            self._set_up(setup)
        except BaseException:
            self._bench.drop()
            raise

    def __enter__(self) -> MariaProver:
        return self

    def __exit__(self, *_: object) -> None:
        self._bench.drop()

    def _set_up(self, sql: str) -> None:
        if not sql.strip():
            return
        script = Script(Direction.UP, sql, SourceText("", sql), TransactionRule.NONE, Dialect.MYSQL)
        failure = self.apply(read_script(script))
        if failure is not None:
            raise StatementRefusedError(failure.message, code=None)

    def apply(self, read: ReadScript) -> Failure | None:
        """Apply a script for good."""
        self._known = None
        failure = self._bench.apply(read)
        self._history.append(read)
        return failure

    def apply_watched(self, read: ReadScript) -> tuple[Failure | None, tuple[Refusal, ...]]:
        """As `apply`, and find the changes of tables which the server does not do online."""
        tables = {key.name for key in self._before() if key.kind == "relation"}
        probe = OnlineProbe(self._server, tables)
        self._known = None
        failure = self._bench.apply(read, probe)
        self._history.append(read)
        return failure, tuple(probe.refusals)

    def prove(self, migration: ShadowMigration, *, way_back_expected: bool = True) -> RoundTrip:
        """Try a migration's directions; the schema with the history is as before afterwards.

        Args:
            way_back_expected: without a way back, find out what it would have to take back.

        Raises:
            HistoryNotRepeatedError: when there is no place to try it in.
        """
        compares = way_back_expected or migration.down is not None
        seen = filled = self._trial(migration, rows=self._rows, compares=compares)
        if filled.seeding.rows and filled.attempt.failure is not None:
            seen = self._trial(migration, rows=False, compares=compares)
        return RoundTrip(seen.attempt, filled.attempt, filled.seeding, self._before(), seen.after)

    def _before(self) -> Snapshot:
        if self._known is None:
            self._known = self._bench.read()
        return self._known

    def _trial(self, migration: ShadowMigration, *, rows: bool, compares: bool) -> _Seen:
        bench = self._place()
        try:
            scripts = [read for read in (migration.up, migration.down) if read is not None]
            seeding = bench.seed("\n".join(read.script.text for read in scripts)) if rows else Seeding()
            failure = bench.apply(migration.up)
            if failure is not None or not compares:
                return _Seen(Attempt(up=failure), seeding)
            after = bench.read()
            return _Seen(self._back(bench, migration, after), seeding, after)
        finally:
            bench.drop()

    def _back(self, bench: _Bench, migration: ShadowMigration, after: Snapshot) -> Attempt:
        if migration.down is None:
            return Attempt(lost=differences_between(self._before(), after), complete=True)
        failure = bench.apply(migration.down)
        if failure is not None:
            return Attempt(down=failure)
        lost = differences_between(self._before(), bench.read())
        failure = bench.apply(migration.up)
        again = differences_between(after, bench.read()) if lost and failure is None else ()
        return Attempt(second_up=failure, lost=lost, lost_for_good=again, complete=True)

    def _place(self) -> _Bench:
        """A schema that is the same as that with the history."""
        copy = self._bench.copy()
        if copy is not None:
            if copy.read() == self._before():
                return copy
            copy.drop()
        self.replays += 1
        return self._replayed()

    def _replayed(self) -> _Bench:
        bench = _Bench(self._server)
        failures = [failure for read in self._history if (failure := bench.apply(read)) is not None]
        if failures or bench.read() != self._before():
            bench.drop()
            raise HistoryNotRepeatedError
        return bench


class _Bench:
    """A schema to try scripts in; each script finds a connection as new."""

    def __init__(self, server: SchemaServer) -> None:
        self._server = server
        self._name = f"schema_{next(_numbers)}"
        self._full_name = server.create_schema(self._name)

    def connect(self) -> Session:
        return self._server.connect(self._name)

    def drop(self) -> None:
        self._server.drop_schema(self._name)

    def copy(self) -> _Bench | None:
        """Another one with the same content; None where the server does not take back what it says of this one."""
        other = _Bench(self._server)
        try:
            with self.connect() as source, other.connect() as target:
                copy_schema(source, target)
        except StatementRefusedError:
            other.drop()
            return None
        return other

    def apply(self, read: ReadScript | None, watch: Watch | None = None) -> Failure | None:
        if read is None:
            return None
        with self.connect() as session:
            return run_script(session, read, watch=watch)

    def read(self) -> Snapshot:
        with self.connect() as session:
            return take_snapshot(session, self._full_name)

    def seed(self, sql: str) -> Seeding:
        with self.connect() as session:
            return seed(session, sql)
