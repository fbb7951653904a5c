"""What a server has of the things that a statement speaks of; `probes.sql`, row by row.

Nothing here writes, but for `spell_statement`: it asks the server to spell expressions, by an index on an empty
temporary table that is rolled back.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.postgres.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from migsafe.model.operation import CreateIndex, IndexElement
    from migsafe.postgres.connection import Session

_FILE = "probes.sql"
_SPELLING_TABLE = "migsafe_spelling"
_WHOLE = ("begin", "rollback")
_PIECE = ("savepoint migsafe_glimpse", "rollback to migsafe_glimpse; release migsafe_glimpse")


@dataclass(frozen=True, slots=True)
class RelationFact:
    """A relation; `kind` as `pg_class.relkind` has it."""

    oid: int
    schema: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class IndexFact:
    """An index as the server has it.

    Attributes:
        keys: the column of each; None for an expression.
        options: of each key: 1 for DESC, 2 for NULLS FIRST, added up.
        operator_classes: of each key; None for the one that its type has by default.
        collations: of each key; None for the one that its column has.
        partial: it has a condition.
        drop: the statement that takes it away without blocking.
    """

    oid: int
    schema: str
    name: str
    table_oid: int
    table_schema: str
    table: str
    valid: bool
    ready: bool
    unique: bool
    nulls_not_distinct: bool
    method: str
    keys: tuple[str | None, ...]
    options: tuple[int, ...]
    operator_classes: tuple[str | None, ...]
    collations: tuple[str | None, ...]
    include: tuple[str, ...]
    partial: bool
    drop: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """The keys and the condition of an index, as the server spells them."""

    keys: tuple[str, ...]
    where: str | None


@dataclass(frozen=True, slots=True)
class Rest:
    """An index that REINDEX CONCURRENTLY has left, and the statement that takes it away."""

    schema: str
    name: str
    drop: str


def find_relation(session: Session, name: QualifiedName) -> RelationFact | None:
    """The relation of that name, along the session's search path where no schema is said."""
    rows = _rows(session, "relation", (name.schema, name.name))
    return RelationFact(*rows[0]) if rows else None


def find_index(session: Session, oid: int) -> IndexFact | None:
    """One index."""
    return next(iter(_indexes(session, (oid,), ())), None)


def indexes_of(session: Session, table: int) -> tuple[IndexFact, ...]:
    """The indexes of a table, by their names."""
    return _indexes(session, (), (table,))


def tables_under(session: Session, oid: int) -> list[int]:
    """A table with its partitions and TOAST tables; of an index, those of its table."""
    return [row[0] for row in _rows(session, "tables_under", (oid, oid))]


def find_worker(session: Session, tables: Iterable[int]) -> int | None:
    """The process of another session that may be building, dropping or rebuilding an index of these tables."""
    rows = _rows(session, "workers", (list(tables),))
    return int(rows[0][0]) if rows else None


def find_detacher(session: Session) -> int | None:
    """The process of another session that is in the middle of a DETACH PARTITION CONCURRENTLY."""
    rows = _rows(session, "detachers")
    return int(rows[0][0]) if rows else None


def rests_of_reindex(session: Session, tables: Sequence[int] | None, schema: str | None = None) -> tuple[Rest, ...]:
    """What rebuilds that were cut off have left.

    Args:
        tables: those that were worked on; all when None.
        schema: only there; all when None.
    """
    some = tables is not None
    return tuple(Rest(*row) for row in _rows(session, "rests_of_reindex", (list(tables or ()), some, schema)))


def attachment(session: Session, parent: int, partition: int) -> tuple[bool, str] | None:
    """Whether a partition is half detached, and the statement that finishes it; None where it is no partition."""
    rows = _rows(session, "attached", (parent, partition))
    return (bool(rows[0][0]), str(rows[0][1])) if rows else None


def enum_values(session: Session, name: QualifiedName) -> tuple[str, ...] | None:
    """The values of an enum type; None where there is no such type."""
    rows = _rows(session, "enum_values", (name.schema, name.name))
    return tuple(str(row[0]) for row in rows if row[0] is not None) if rows else None


def find_database(session: Session, name: str) -> tuple[bool, str] | None:
    """Whether a database is a half dropped one, and the statement that drops it; None where there is none."""
    rows = _rows(session, "databases", (name,))
    return (bool(rows[0][0]), str(rows[0][1])) if rows else None


def has_tablespace(session: Session, name: str) -> bool:
    """Whether the server has a tablespace."""
    return bool(_rows(session, "tablespaces", (name,)))


def has_subscription(session: Session, name: str) -> bool:
    """Whether the session's database has a subscription."""
    return bool(_rows(session, "subscriptions", (name,)))


def spell_index(session: Session, index: int) -> Spelling:
    """How the server spells an index.

    Raises:
        StatementFailedError: when somebody has locked its table for too long.
    """
    with _glimpse(session):
        return _spelling(session, index)


def spell_statement(session: Session, operation: CreateIndex, table: RelationFact) -> Spelling | None:
    """How the server would spell the index that a statement makes: of its keys and its condition only.

    Args:
        operation: its expressions are the migration's own text.

    Raises:
        StatementFailedError: when the server refuses any of it.
    """
    with _glimpse(session):
        session.execute_with_names(
            "create temporary table {spelling} as table {table} with no data",
            spelling=_SPELLING_TABLE,
            table=(table.schema, table.name),
        )
        session.execute(_index_text(operation))
        made = find_relation(session, QualifiedName(_SPELLING_TABLE, "pg_temp"))
        index = next(iter(indexes_of(session, made.oid)), None) if made is not None else None
        return _spelling(session, index.oid) if index is not None else None


@contextmanager
def _glimpse(session: Session) -> Iterator[None]:
    """A transaction that ends soon, or a piece of the one that is open; nothing of it stays."""
    begin, end = _PIECE if session.in_transaction else _WHOLE
    session.execute(f"{begin}; set local lock_timeout = '500ms'; set local statement_timeout = '5s'")
    try:
        yield
    finally:
        session.execute(end)


def _spelling(session: Session, index: int) -> Spelling:
    ((keys, where),) = _rows(session, "spelling", (index,))
    return Spelling(tuple(keys), where)


def _index_text(operation: CreateIndex) -> str:
    """The statement again, on the temporary table and not unique: it is a text of the migration's own expressions."""
    keys = ", ".join(map(_key_text, operation.elements))
    include = f" include ({', '.join(map(quote_identifier, operation.include))})" if operation.include else ""
    where = f" where {operation.where.text}" if operation.where is not None else ""
    method = quote_identifier(operation.method or "btree")
    return f"create index on pg_temp.{_SPELLING_TABLE} using {method} ({keys}){include}{where}"


def _key_text(element: IndexElement) -> str:
    return quote_identifier(element.column) if element.expression is None else f"({element.expression.text})"  # type: ignore[arg-type]  # one of the two is there


def _indexes(session: Session, oids: Sequence[int], tables: Sequence[int]) -> tuple[IndexFact, ...]:
    rows = _rows(session, "indexes", (list(oids), list(tables)))
    return tuple(IndexFact(*map(_frozen, row)) for row in rows)


def _rows(session: Session, name: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    return session.query(query(name, _FILE), parameters)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
