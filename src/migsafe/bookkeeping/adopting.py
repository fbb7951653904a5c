"""Where a database stands, taken over from the table that the project's own tool keeps there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.bookkeeping.adoption import compare
from migsafe.bookkeeping.identity import known_as_another
from migsafe.bookkeeping.place import open_tracker
from migsafe.bookkeeping.project import read_projects
from migsafe.bookkeeping.steps import know_target, name_target
from migsafe.errors import ExitCode, MigsafeError, NoMigrationsError, UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.state import StepStatus
from migsafe.tracker import opening
from migsafe.tracker.address import TrackerAddress
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.facts import RunFacts
from migsafe.tracker.latest import read_statuses
from migsafe.tracker.names import Names

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from migsafe.bookkeeping.adoption import Adopted, Comparison, Concern, Entry
    from migsafe.bookkeeping.project import Project
    from migsafe.bookkeeping.steps import Where
    from migsafe.books.base import Applied, History
    from migsafe.config import Config
    from migsafe.model.state import TargetName
    from migsafe.postgres.connection import Session
    from migsafe.tracker.facts import Author
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

#: Of the runs that are recorded here: a tool's table said so.
SOURCE = "adopt"
_ONE = "name one project by paths in the configuration, or by --config"
_NOTHING_BEGUN = "if nothing has run there yet, there is nothing to adopt; else check --url"


class CannotAdoptError(MigsafeError):
    """There is nothing from which it could be told what has run."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """What is asked.

    Attributes:
        url: the database: `env:NAME`, the name of a service, or an address without a password.
        table: where the tool's table is; where its configuration puts it when None.
        at: when at the latest migrations had run whose tool keeps no time of them; now when None.
        reason: why; kept with every run that is recorded.
        dry_run: nothing is recorded.
    """

    where: Where
    url: str
    table: str | None = None
    at: datetime | None = None
    reason: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Adoption:
    """What came of it.

    Attributes:
        database: for people.
        tables: those that were read, each with its tool, as people write it.
        adopted: what the tables have and the project too.
        left: migrations of the project that have not run there, in their order.
        concerns: what a person must look at, the worst first.
    """

    where: TargetName
    database: str
    tables: tuple[tuple[str, str], ...]
    adopted: tuple[Adopted, ...]
    left: tuple[str, ...]
    concerns: tuple[Concern, ...]
    dry_run: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look at the database has shown.

    Attributes:
        told: each layout of the project, its table, and what that says.
        identity: what tells the database from any other.
        beside: whether there is a tracker in it.
    """

    database: str
    told: tuple[tuple[Project, History, tuple[Applied, ...]], ...]
    identity: str | None
    beside: bool


def adopt(asked: Adopt, author: Author, config: Config, *, clock: Callable[[], datetime] | None = None) -> Adoption:
    """Record as run what the project's tool says has run on a database; all of it, or nothing.

    Raises:
        NoMigrationsError: when no project is at hand.
        CannotAdoptError: when its tool keeps no table in Postgres, or there is none in the database.
        BookError: when the table is another tool's.
        UsageError: when the address cannot be used, or nobody knows the environment or the database.
        TrackerRefusedError: when the tracker cannot be used, or knows another database by that name.
        EnvironmentFailedError: when the database or the tracker cannot be reached.
    """
    from migsafe.postgres.address import resolve_address

    dsn = resolve_address(_postgres_only(asked.url), option="--url")
    seen = _look(dsn, _histories(config, asked.table))
    tracker = _tracker(dsn, seen, asked, config, clock)
    if asked.dry_run:
        with tracker.reading() as ledger:
            where = name_target(Names(ledger), asked.where)
            _hold_against(ledger, where, seen)
            compared = _compare(ledger, where, seen, tracker.clock(), asked.at)
    else:
        with tracker.writing(author) as store:
            where = know_target(store, asked.where, replace(config, dialect=Dialect.POSTGRES))
            _hold_against(store.ledger, where, seen, store)
            compared = _compare(store.ledger, where, seen, store.now, asked.at)
            for entry in (entry for one in compared for entry in one.entries):
                _record(store, entry, where, asked.reason)
    return Adoption(
        where=where,
        database=seen.database,
        tables=tuple((history.tool, history.table) for _, history, _ in seen.told),
        adopted=tuple(one for each in compared for one in each.adopted),
        left=tuple(name for each in compared for name in each.left),
        concerns=tuple(concern for each in compared for concern in each.concerns),
        dry_run=asked.dry_run,
    )


def _postgres_only(url: str) -> str:
    scheme = url.partition(":")[0].partition("+")[0].lower()
    if scheme in {"sqlite", "mysql", "mariadb"}:
        raise UsageError(
            f"--url is an address of {scheme}; what a tool says is read in Postgres only",
            hint="migsafe record MIGRATION… --env E --status done says what has run elsewhere",
        )
    return url


def _histories(config: Config, table: str | None) -> tuple[tuple[Project, History], ...]:
    """The layouts of the project at hand, each with the table of its tool."""
    from migsafe.books.registry import history_of

    try:
        projects = read_projects(config)
    except NoMigrationsError as error:
        raise NoMigrationsError(error.message, hint="adopt reads the project's migrations: call it there") from None
    _refuse_doubles(projects, table)
    found = [(project, history_of(project.layout, table=table)) for project in projects]
    for project, history in found:
        if history is None:
            layout = project.layout
            tool = "plain SQL has" if layout.tool == "plain" else f"{layout.tool} on {layout.dialect} has"
            raise CannotAdoptError(
                f"{tool} no table in Postgres that says what has run ({layout.root})",
                hint="migsafe record MIGRATION… --env E --status done says it",
            )
    return tuple((project, history) for project, history in found if history is not None)


def _refuse_doubles(projects: tuple[Project, ...], table: str | None) -> None:
    if table is not None and len(projects) > 1:
        raise UsageError(f"--table is of one project, and there are {len(projects)} here", hint=_ONE)
    counts = Counter(step.migration.id for project in projects for step in project.steps)
    name, count = next(iter(counts.most_common(1)), ("", 0))
    if count > 1:
        raise UsageError(f"there are two migrations {name} here", hint=_ONE)


def _look(dsn: str, histories: tuple[tuple[Project, History], ...]) -> _Seen:
    """Read all tables at one moment, in a transaction that may write nothing."""
    from migsafe.postgres.address import spell_database
    from migsafe.postgres.connection import connect
    from migsafe.tracker.beside import TrackerBeside

    database = spell_database(dsn)
    with connect(dsn, autocommit=False) as session:
        session.execute("set transaction isolation level repeatable read, read only")
        hint = _ONE if len(histories) > 1 else _NOTHING_BEGUN
        told = tuple((project, history, _read(history, session, database, hint)) for project, history in histories)
        session.rollback()
        beside = TrackerBeside(session.driver, database)
        return _Seen(database, told, beside.identity, beside.exists)


def _read(history: History, session: Session, database: str, hint: str) -> tuple[Applied, ...]:
    if not history.exists(session):
        raise CannotAdoptError(
            f"there is no table {history.table} of {history.tool} in {database}",
            hint=_elsewhere(history, session) or hint,
        )
    return history.applied(session)


def _elsewhere(history: History, session: Session) -> str | None:
    """Where else a table of that name stands."""
    from migsafe.books.place import TableName, parse_table

    name = parse_table(history.table).name
    schemas = TableName(name).schemas(session)
    if not schemas:
        return None
    named = ", ".join(str(TableName(name, schema)) for schema in schemas)
    return f"there is {named}: --table says that it is meant"


def _tracker(
    dsn: str, seen: _Seen, asked: Adopt, config: Config, clock: Callable[[], datetime] | None
) -> opening.Tracker:
    """The tracker that the configuration names; one in the database itself where it names none."""
    environment = asked.where.environment
    if config.tracker is None and seen.beside:
        return opening.Tracker(TrackerAddress("--url", dsn=dsn), environment, clock or opening.now)
    return open_tracker(config, environment, clock=clock)


def _hold_against(ledger: Ledger, where: TargetName, seen: _Seen, store: Store | None = None) -> None:
    other = known_as_another(ledger, where, seen.identity, store)
    if other is not None:
        raise TrackerRefusedError(
            f"{seen.database} is not the database that the tracker knows as {where}:"
            f" that is {other}, and this is {seen.identity}",
            hint="check --url, or name another database of the environment: --target NAME --create-env",
        )


def _compare(
    ledger: Ledger, where: TargetName, seen: _Seen, now: datetime, at: datetime | None
) -> tuple[Comparison, ...]:
    known = read_statuses(ledger, where)
    return tuple(
        compare(project.steps, applied, known, now, table=history.table, seen=at)
        for project, history, applied in seen.told
    )


def _record(store: Store, entry: Entry, where: TargetName, reason: str | None) -> None:
    step = entry.step
    if step.change is not None and not store.names.has_change(step.change.id):
        store.put_change(step.change)
    done = entry.status is StepStatus.DONE
    store.record(
        step.facts,
        RunFacts(
            where=where,
            status=entry.status,
            at=entry.at,
            checksum=entry.checksum,
            source=SOURCE,
            reason="; ".join(filter(None, (reason, entry.note))) or None,
            floor=step.floor if done else None,
            error=None if done else entry.note,
        ),
    )
