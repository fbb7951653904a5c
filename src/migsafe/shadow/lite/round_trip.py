"""Up, down and up again on SQLite: each try on a copy in memory, each script on a connection of its own.

A copy costs less than a millisecond, so that scripts run in exactly the transactions of their tool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from migsafe.shadow.lite.execution import run_script
from migsafe.shadow.lite.lacks import missing_collation, missing_function
from migsafe.shadow.lite.rows import read_rows, rows_lost
from migsafe.shadow.lite.seeding import seed
from migsafe.shadow.lite.snapshot import differences_between, take_snapshot
from migsafe.shadow.round_trip import Attempt, RoundTrip
from migsafe.shadow.seeding import Seeding
from migsafe.sqlite.connection import Database, StatementRefusedError

if TYPE_CHECKING:
    from migsafe.model.statement import ReadScript
    from migsafe.shadow.lite.rows import RowsLost, TableRows
    from migsafe.shadow.migration import Failure, ShadowMigration
    from migsafe.shadow.snapshot import Difference, Snapshot


@dataclass(frozen=True, slots=True)
class LiteTrip:
    """A migration's proof on SQLite.

    Attributes:
        trip: what every database proves.
        lost: rows that the way up takes from tables that it does not name.
    """

    trip: RoundTrip
    lost: RowsLost | None = None


class LiteProver:
    """Proves migrations on one database, in their order; a context manager that throws the database away."""

    def __init__(self, *, rows: bool = True, setup: str = "") -> None:
        """
        Args:
            rows: whether tables get generated rows.
            setup: SQL that is run first.

        Raises:
            StatementRefusedError: when that fails.
        """
        self._rows = rows
        self._bench = _Bench(Database.open())
        try:
            self._bench.set_up(setup)
        except StatementRefusedError:
            self._bench.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bench.close()

    def apply(self, read: ReadScript) -> Failure | None:
        """Apply a script for good."""
        return self._bench.apply(read)

    def stand_in(self, failure: Failure) -> str | None:
        """Have what a script was refused for, where that can be stood in for: a function or a collation.

        Returns:
            What that is, for example "function BIN2B64"; None for any other failure.
        """
        function, collation = missing_function(failure), missing_collation(failure)
        if function is not None:
            self._bench.database.stand_in_for_function(function)
            return f"function {function}"
        if collation is not None:
            self._bench.database.stand_in_for_collation(collation)
            return f"collation {collation}"
        return None

    def prove(
        self, migration: ShadowMigration, known: Snapshot | None = None, *, way_back_expected: bool = True
    ) -> LiteTrip:
        """Try a migration's directions; the database is as before afterwards.

        Args:
            known: the schema as it is, where the migration before has been proved.
            way_back_expected: without a way back, find out what it would have to take back.
        """
        with self._bench.copy() as bench:
            compares = way_back_expected or migration.down is not None
            before = (known or bench.read()) if compares else None
            failure = bench.apply(migration.up)
            if failure is not None:
                attempt = Attempt(up=failure)
                return LiteTrip(RoundTrip(attempt, attempt, Seeding(), before))
            after = bench.read() if before is not None else None
            clean = _way_back(bench, migration, before, after)
        filled = self._with_rows(migration) if self._rows else None
        if filled is None:
            return LiteTrip(RoundTrip(clean, clean, Seeding(), before, after))
        return LiteTrip(RoundTrip(clean, filled.attempt, filled.seeding, before, after), filled.lost)

    def _with_rows(self, migration: ShadowMigration) -> _Filled | None:
        with self._bench.copy() as bench:
            seeding = bench.seed()
            if not seeding.rows:
                return None
            rows = bench.rows()
            failure = bench.apply(migration.up)
            if failure is not None or migration.up is None:
                return _Filled(Attempt(up=failure), seeding)
            lost = rows_lost(migration.up, rows, bench.rows())
            return _Filled(_way_back(bench, migration), seeding, lost)


class _Filled(NamedTuple):
    attempt: Attempt
    seeding: Seeding
    lost: RowsLost | None = None


def _way_back(
    bench: _Bench, migration: ShadowMigration, before: Snapshot | None = None, after: Snapshot | None = None
) -> Attempt:
    """Down, and up again, behind a way up.

    Args:
        before: the schema before the way up, and `after` it; nothing is compared without them.
    """
    if migration.down is None:
        return Attempt(lost=_differences(before, after), complete=True)
    failure = bench.apply(migration.down)
    if failure is not None:
        return Attempt(down=failure)
    lost = _differences(before, bench.read()) if before is not None else ()
    failure = bench.apply(migration.up)
    again = _differences(after, bench.read()) if lost and failure is None else ()
    return Attempt(second_up=failure, lost=lost, lost_for_good=again, complete=True)


def _differences(before: Snapshot | None, after: Snapshot | None) -> tuple[Difference, ...]:
    return () if before is None or after is None else differences_between(before, after)


class _Bench:
    """A database to try scripts in; each script finds a connection as new."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def copy(self) -> _Bench:
        return _Bench(self.database.copy())

    def set_up(self, sql: str) -> None:
        self.database.run_script(sql)
        self._renew()

    def apply(self, read: ReadScript | None) -> Failure | None:
        if read is None:
            return None
        failure = run_script(self.database, read)
        self._renew()
        return failure

    def _renew(self) -> None:
        """Take away what a script leaves in its connection: temporary tables, settings, attached databases."""
        used, self.database = self.database, self.database.copy()
        used.close()

    def read(self) -> Snapshot:
        return take_snapshot(self.database)

    def seed(self) -> Seeding:
        return seed(self.database)

    def rows(self) -> TableRows:
        return read_rows(self.database)

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
