"""Up, down and up again: does the way back exist, does it run, and does it restore what was there?

All of it happens in one transaction that is rolled back, which is fifty times faster than a database for each
migration. Where a statement of either direction forbids that, it happens on a copy of the database. Where the project's
own tool runs the migrations, it happens on the database itself, of which a copy takes the place afterwards: the tool
commits, and it knows the database by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, Protocol

from migsafe.shadow.differences import differences_between
from migsafe.shadow.execution import apply_inside, can_run_inside, run_script
from migsafe.shadow.schema_reader import SchemaReader
from migsafe.shadow.seeding import Seeder, Seeding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.statement import ReadScript
    from migsafe.postgres.connection import Session
    from migsafe.shadow.execution import Watch
    from migsafe.shadow.migration import Failure, ShadowMigration
    from migsafe.shadow.snapshot import Difference, Snapshot

#: Refusals that are due to the one transaction around both directions, and say nothing of the migration:
#: active_sql_transaction, unsafe_new_enum_value_usage, object_in_use (pending trigger events), and
#: invalid_transaction_termination (a procedure that commits).
_DUE_TO_TRANSACTION = frozenset({"25001", "55P04", "55006", "2D000"})

_TIDY = "discard temp; reset all"

_numbers = count()


class Databases(Protocol):
    """A server that makes and drops databases of its own."""

    def connect(self, database: str) -> Session:
        """A session in autocommit."""

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database, a copy of another one to which nobody is connected."""

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is connected."""


class Tool(Protocol):
    """What a project runs its migrations with, on one database."""

    def run(self, session: Session, read: ReadScript) -> Failure | None:
        """Run a script's migration in its direction, on a session's database, and commit."""

    def prepare(self, session: Session) -> None:
        """Make what the tool itself needs, and see that it means this database."""

    def leave(self, session: Session) -> None:
        """Be on the database no more, as it is copied or dropped next."""

    def stop(self) -> None:
        """Called from another thread: end soon, with an error there. May be called again and again."""

    def close(self) -> None:
        """End. Closing twice is fine."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try, as far as it went.

    Attributes:
        lost: differences from the schema before the way up to that after the way back.
        lost_for_good: the same between the schemas after the first and the second way up; asked for only where the
            way back loses something, as the second way up finds the same schema as the first one else.
        complete: the way back ran, so that `lost` says something.
    """

    up: Failure | None = None
    down: Failure | None = None
    second_up: Failure | None = None
    lost: tuple[Difference, ...] = ()
    lost_for_good: tuple[Difference, ...] = ()
    complete: bool = False

    @property
    def failure(self) -> Failure | None:
        """The first failure."""
        return self.up or self.down or self.second_up


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A migration's whole proof.

    Attributes:
        clean: without generated rows.
        filled: with them; the same as `clean` where none were needed or none made a difference.
        seeding: which rows there were.
        before: the schema before, when it was read.
        after: the schema after the way up, when it was read.
    """

    clean: Attempt
    filled: Attempt
    seeding: Seeding
    before: Snapshot | None = None
    after: Snapshot | None = None


class Prover:
    """Proves migrations on one database, in their order; between two proofs, the caller applies the first for good.

    Attributes:
        session: on that database; another one after a proof on a copy, so ask for it each time.
    """

    def __init__(self, databases: Databases, database: str, *, rows: bool = True, tool: Tool | None = None) -> None:
        """
        Args:
            database: the name of a database that nobody else uses.
            rows: whether tables that a migration names get generated rows.
            tool: runs the migrations, instead of their SQL.
        """
        self._tool = tool
        self._databases = databases
        self._database = database
        self._rows = rows
        self._copy: Session | None = None
        self._open()

    def _open(self, earlier: _Bench | None = None) -> None:
        self.session = self._databases.connect(self._database)
        self._bench = _Bench(self.session, _apply_inside if self._tool is None else self._apply_by_tool, earlier)

    def close(self) -> None:
        """End the session."""
        self.session.close()

    def run(self, read: ReadScript, watch: Watch | None = None) -> Failure | None:
        """Run a script for good, as the tool would, or by it; `watch` as for `run_script`, where no tool runs it."""
        return run_script(self.session, read, watch=watch) if self._tool is None else self._tool.run(self.session, read)

    def cancel(self) -> None:
        """Stop the statement that runs in another thread, if there is one; `StatementFailedError` as in `Session`."""
        for session in (self.session, self._copy):
            if session is not None:
                session.cancel()

    def prove(
        self, migration: ShadowMigration, before: Snapshot | None = None, *, way_back_expected: bool = True
    ) -> RoundTrip:
        """Try a migration's directions; the database is as before afterwards.

        Args:
            before: the schema as it is, where it is known from the migration before.
            way_back_expected: without a way back, find out what it would have to take back.
        """
        trial = _Trial(migration, way_back_expected)
        if self._tool is not None:
            return self._prove(trial, partial(self._on_itself, self._tool), before)
        scripts = [script for script in (migration.up, migration.down) if script is not None]
        if all(can_run_inside(script) for script in scripts):
            trip = self._prove(trial, self._in_transaction, before)
            if not _is_due_to_transaction(trip):
                return trip
        return self._prove(trial, self._on_a_copy, before)

    def _prove(self, trial: _Trial, place: _Place, before: Snapshot | None) -> RoundTrip:
        seen = filled = place(lambda bench: trial.run(bench, before, rows=self._rows))
        if filled.seeding.rows and filled.attempt.failure is not None:
            seen = place(lambda bench: trial.run(bench, seen.before, rows=False))
        if before is not None and seen.attempt.lost and self._bench.read() != before:
            # What was read in the trial of the migration before is not what it has committed.
            seen = place(lambda bench: trial.run(bench, None, rows=False))
        return RoundTrip(seen.attempt, filled.attempt, filled.seeding, seen.before, seen.after)

    def _in_transaction(self, trial: Callable[[_Bench], _Seen]) -> _Seen:
        self.session.execute("begin")
        try:
            return trial(self._bench)
        finally:
            self.session.execute("rollback")

    def _on_a_copy(self, trial: Callable[[_Bench], _Seen]) -> _Seen:
        copy = f"{self._database}_copy_{next(_numbers)}"
        # A database is copied only while nobody is on it.
        self.close()
        try:
            self._databases.create_database(copy, self._database)
        finally:
            self._open(self._bench)
        try:
            with self._databases.connect(copy) as self._copy:
                return trial(_Bench(self._copy, _apply_alone, self._bench))
        finally:
            self._copy = None
            self._databases.drop_database(copy)

    def _on_itself(self, tool: Tool, trial: Callable[[_Bench], _Seen]) -> _Seen:
        aside = f"{self._database}_aside_{next(_numbers)}"
        with self._left(tool):
            self._databases.create_database(aside, self._database)
        try:
            return trial(self._bench)
        finally:
            with self._left(tool):
                self._databases.drop_database(self._database)
                self._databases.create_database(self._database, aside)
                self._databases.drop_database(aside)

    @contextmanager
    def _left(self, tool: Tool) -> Iterator[None]:
        """Nobody is on the database."""
        tool.leave(self.session)
        self.close()
        try:
            yield
        finally:
            self._open(self._bench)

    def _apply_by_tool(self, session: Session, read: ReadScript) -> Failure | None:
        assert self._tool is not None, "only a tool's bench asks for it"
        return self._tool.run(session, read)


class _Apply(Protocol):
    """Runs a script in the way that a place allows, and tidies up behind it."""

    def __call__(self, session: Session, read: ReadScript) -> Failure | None: ...


class _Bench:
    """A session to try scripts in, and what knows its database."""

    def __init__(self, session: Session, apply: _Apply, earlier: _Bench | None) -> None:
        self._session = session
        self._apply = apply
        self._reader: SchemaReader = SchemaReader(session, earlier._reader if earlier is not None else None)
        self._seeder = Seeder(session)

    def apply(self, read: ReadScript | None) -> Failure | None:
        return None if read is None else self._apply(self._session, read)

    def read(self) -> Snapshot:
        return self._reader.read()

    def seed(self, scripts: Iterable[ReadScript]) -> Seeding:
        return self._seeder.seed("\n".join(read.script.text for read in scripts))


class _Seen(NamedTuple):
    """One try, and the schemas that it read on its way."""

    attempt: Attempt
    seeding: Seeding
    before: Snapshot | None
    after: Snapshot | None = None


_Place = Callable[[Callable[[_Bench], _Seen]], _Seen]


class _Trial:
    """What is tried of one migration, wherever that is."""

    def __init__(self, migration: ShadowMigration, way_back_expected: bool) -> None:
        self._up = migration.up
        self._down = migration.down
        self._compares = way_back_expected or migration.down is not None

    def run(self, bench: _Bench, before: Snapshot | None, *, rows: bool) -> _Seen:
        if self._compares and before is None:
            before = bench.read()
        scripts = [read for read in (self._up, self._down) if read is not None]
        seeding = bench.seed(scripts) if rows else Seeding()
        failure = bench.apply(self._up)
        if failure is not None or not self._compares or before is None:
            return _Seen(Attempt(up=failure), seeding, before)
        after = bench.read()
        return _Seen(self._back(bench, before, after), seeding, before, after)

    def _back(self, bench: _Bench, before: Snapshot, after: Snapshot) -> Attempt:
        if self._down is None:
            return Attempt(lost=differences_between(before, after), complete=True)
        failure = bench.apply(self._down)
        if failure is not None:
            return Attempt(down=failure)
        lost = differences_between(before, bench.read())
        failure = bench.apply(self._up)
        again = differences_between(after, bench.read()) if lost and failure is None else ()
        return Attempt(second_up=failure, lost=lost, lost_for_good=again, complete=True)


def tidy(session: Session) -> None:
    """Take away what a script leaves in its session, as the end of its tool's connection would."""
    session.execute(_TIDY)


def _apply_inside(session: Session, read: ReadScript) -> Failure | None:
    return apply_inside(session, read, last=_TIDY)


def _apply_alone(session: Session, read: ReadScript) -> Failure | None:
    failure = run_script(session, read)
    if failure is None:
        tidy(session)
    return failure


def _is_due_to_transaction(trip: RoundTrip) -> bool:
    failures = (trip.clean.failure, trip.filled.failure)
    return any(failure is not None and failure.sqlstate in _DUE_TO_TRANSACTION for failure in failures)
