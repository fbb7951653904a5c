"""The relations of a database before and after a statement, and what their difference says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.observation import IndexWork
from migsafe.postgres.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migsafe.postgres.connection import Session

_INDEX_KINDS = "iI"
_STORED_KINDS = "rm"


class Relation(NamedTuple):
    """A table, view or index.

    Attributes:
        kind: `pg_class.relkind`.
        storage: `relfilenode`; 0 where nothing is stored.
        table_oid: of an index: its table; else 0.
    """

    oid: int
    name: QualifiedName
    kind: str
    storage: int
    table_oid: int

    @property
    def is_index(self) -> bool:
        """Whether it is an index, or a partitioned one."""
        return self.kind in _INDEX_KINDS


def activity(name: str) -> str:
    """A query of `activity.sql`."""
    return query(name, "activity.sql")


def read_relations(session: Session) -> dict[int, Relation]:
    """All relations of the session's database, by oid."""
    rows = session.query(activity("relations"))
    return {
        oid: Relation(oid, QualifiedName(name, schema), kind, storage, table_oid)
        for oid, schema, name, kind, storage, table_oid in rows
    }


def read_sizes(session: Session, relations: Iterable[Relation]) -> dict[int, int]:
    """Bytes of tables and materialized views, by oid; locks each in ACCESS SHARE until the transaction ends."""
    oids = [relation.oid for relation in relations if relation.kind in _STORED_KINDS]
    return dict(session.query(activity("sizes"), (oids,)))


def read_scans(session: Session, *, in_transaction: bool) -> dict[int, int]:
    """How often each table was scanned from end to end, by oid: by this transaction, or by everybody so far."""
    return dict(session.query(activity("scans_in_transaction" if in_transaction else "scans")))


def add_locks(modes: dict[int, LockMode], rows: Iterable[tuple[int, str, bool]]) -> None:
    """Keep the strongest mode on each relation, by oid.

    Args:
        modes: what was seen so far; rows of `pg_locks` are added to it, granted or waited for.
        rows: oid (0: no relation), mode, whether it is granted.
    """
    for oid, word, _ in rows:
        if oid:
            mode = LockMode.from_pg_locks(word)
            modes[oid] = mode if oid not in modes or modes[oid] < mode else modes[oid]


class Changes:
    """The difference of two looks at a database's relations."""

    def __init__(self, before: Mapping[int, Relation], after: Mapping[int, Relation]) -> None:
        self._before = before
        self._after = after

    @property
    def rewritten(self) -> list[Relation]:
        """Tables and materialized views with new storage, as they were before."""
        return [relation for relation in self._with_new_storage() if relation.kind in _STORED_KINDS]

    @property
    def rebuilt(self) -> list[IndexWork]:
        """Indexes with new storage; REINDEX CONCURRENTLY puts a new index into an old one's place and name.

        A change of type does so too, and lets the new index have the old one's storage where that still fits.
        """
        in_place = [self._work(index) for index in self._with_new_storage() if index.is_index]
        old = {relation.storage for relation in self._before.values()}
        anew = (index for index in self._new_indexes() if self._takes_a_place(index) and index.storage not in old)
        return in_place + [self._work(index) for index in anew]

    @property
    def built(self) -> list[IndexWork]:
        """New indexes with rows of their own, on tables that were there before."""
        return [self._work(index) for index in self._new_indexes() if not self._takes_a_place(index)]

    def _with_new_storage(self) -> list[Relation]:
        return [
            relation
            for oid, relation in self._before.items()
            if oid in self._after and self._after[oid].storage != relation.storage
        ]

    def _new_indexes(self) -> list[Relation]:
        return [
            relation
            for oid, relation in self._after.items()
            if relation.kind == "i" and oid not in self._before and relation.table_oid in self._before
        ]

    def _takes_a_place(self, index: Relation) -> bool:
        return any(
            old.is_index and old.name == index.name and old.table_oid == index.table_oid and old.oid not in self._after
            for old in self._before.values()
        )

    def _work(self, index: Relation) -> IndexWork:
        return IndexWork(index.name, self._before[index.table_oid].name)
