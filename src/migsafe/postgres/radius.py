"""Reads what is around things that are about to go: dependents, indexes, keys, triggers, publications, privileges."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migsafe.postgres.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.postgres.connection import Session

_FILE = "radius.sql"
#: Beyond so many relations nobody is told which of them has changed beside a plan.
MOST_SURROUNDINGS = 2_000


@dataclass(frozen=True, slots=True)
class Sought:
    """A table, view, or one column of a table."""

    schema: str
    name: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class FoundThing:
    """One that is there. Sizes are bytes.

    Attributes:
        place: which of those that were asked about, from 0.
        kind: `pg_class.relkind`.
        filled: share of rows in which the column has a value, in per mille; None where nobody has analysed it.
        partitions: how many tables hang below it.
    """

    place: int
    oid: int
    kind: str
    schema: str
    name: str
    column: str | None
    number: int | None
    type: str | None
    not_null: bool
    generated: bool
    default: str | None
    rows: int | None
    size: int
    index_size: int
    filled: int | None
    partitions: int


@dataclass(frozen=True, slots=True)
class OfThing:
    """What is around a thing; `place` says which of those that were asked about, from 0."""

    place: int


@dataclass(frozen=True, slots=True)
class Dependent(OfThing):
    """Something that is bound to a thing, and does not go with it."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class FoundIndex(OfThing):
    """An index; `shared`: it serves more than the column that goes."""

    name: str
    unique: bool
    definition: str
    size: int
    shared: bool


@dataclass(frozen=True, slots=True)
class FoundConstraint(OfThing):
    """A constraint; `inbound`: a foreign key of another table."""

    name: str
    table: str
    definition: str
    kind: str
    inbound: bool


@dataclass(frozen=True, slots=True)
class FoundTrigger(OfThing):
    """A trigger of the table.

    Attributes:
        body_names_it: its function's body has the column's name.
        fires_on_it: the column stands in its UPDATE OF, by number: it follows a renamed column.
    """

    name: str
    function: str
    enabled: str
    body_names_it: bool
    fires_on_it: bool

    @property
    def is_about_it(self) -> bool:
        """Whether it would do something else without the column."""
        return self.body_names_it or self.fires_on_it


@dataclass(frozen=True, slots=True)
class FoundFunction(OfThing):
    """A function whose body has the names of the table and the column."""

    name: str


@dataclass(frozen=True, slots=True)
class FoundPublication(OfThing):
    """A publication that carries it."""

    name: str
    all_tables: bool


@dataclass(frozen=True, slots=True)
class FoundGrant(OfThing):
    """What a role other than the owner may do with it."""

    role: str
    privileges: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiusRows:
    """Everything that was asked, of one moment.

    Attributes:
        identity: `system_identifier/name`; a question mark for the system where the role may not ask.
        surroundings: relation → digest of its columns; empty where there are too many.
    """

    database: str
    identity: str
    things: tuple[FoundThing, ...] = ()
    dependents: tuple[Dependent, ...] = ()
    indexes: tuple[FoundIndex, ...] = ()
    constraints: tuple[FoundConstraint, ...] = ()
    triggers: tuple[FoundTrigger, ...] = ()
    functions: tuple[FoundFunction, ...] = ()
    publications: tuple[FoundPublication, ...] = ()
    grants: tuple[FoundGrant, ...] = ()
    surroundings: tuple[tuple[str, str], ...] = ()


def read_radius(session: Session, sought: Sequence[Sought]) -> RadiusRows:
    """What is around some things; those that are not there are left out.

    All names have their schema, whoever asks: without a search_path Postgres leaves none out.

    Args:
        session: inside of a transaction, best of `live.glance`, so that all of it is of one moment.
        sought: with the schemas in which they are.

    Raises:
        StatementFailedError: when the server refuses a query, or does not answer in time.
    """
    with _without_search_path(session):
        return _read(session, sought)


@contextmanager
def _without_search_path(session: Session) -> Iterator[None]:
    before = session.query("select current_setting('search_path')")[0][0]
    session.query("select set_config('search_path', '', true)")
    yield
    session.query("select set_config('search_path', %s, true)", (before,))


def _read(session: Session, sought: Sequence[Sought]) -> RadiusRows:
    database, may_ask = session.query(query("whose", _FILE))[0]
    system = str(session.query(query("identity", "live.sql"))[0][0]) if may_ask else "?"
    asked = ([one.schema for one in sought], [one.name for one in sought], [one.column for one in sought])
    things = tuple(FoundThing(int(row[0]) - 1, *row[1:]) for row in session.query(query("things", _FILE), asked))
    ask = _Around(session, things)
    surroundings = session.query(query("surroundings", _FILE))
    return RadiusRows(
        database=str(database),
        identity=f"{system}/{database}",
        things=things,
        dependents=tuple(Dependent(*row) for row in ask.rows("dependents", *ask.columns_twice)),
        indexes=tuple(FoundIndex(*row) for row in ask.rows("indexes", ask.oids, ask.numbers)),
        constraints=tuple(FoundConstraint(*row) for row in ask.rows("constraints", ask.oids, ask.numbers)),
        triggers=tuple(FoundTrigger(*row) for row in ask.rows("triggers", ask.oids, ask.numbers, ask.columns)),
        functions=tuple(FoundFunction(*row) for row in ask.rows("functions", ask.oids, ask.names, ask.columns)),
        publications=tuple(FoundPublication(*row) for row in ask.rows("published", ask.oids, ask.columns)),
        grants=tuple(FoundGrant(*row) for row in ask.rows("grants", ask.oids, ask.numbers)),
        surroundings=tuple((str(name), str(digest)) for name, digest in surroundings)
        if len(surroundings) <= MOST_SURROUNDINGS
        else (),
    )


class _Around:
    """Asks about things that were found; answers carry the place in the question that was asked at first."""

    def __init__(self, session: Session, things: Sequence[FoundThing]) -> None:
        self._session = session
        self._places = [thing.place for thing in things]
        self.oids = [thing.oid for thing in things]
        self.numbers = [thing.number for thing in things]
        self.names = [thing.name for thing in things]
        self.columns = [thing.column for thing in things]
        self.columns_twice = (self.oids, self.numbers, self.oids, self.numbers)

    def rows(self, name: str, *parameters: object) -> list[tuple[Any, ...]]:
        if not self.oids:
            return []
        rows = self._session.query(query(name, _FILE), parameters)
        return [(self._places[int(row[0]) - 1], *row[1:]) for row in rows]
