"""One look at a database from inside of a transaction: what exists, what was scanned, which locks are held."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.locks import LockMode
from migsafe.shadow.relations import activity, relations_of

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session
    from migsafe.shadow.relations import Relation


class Look(NamedTuple):
    """What one session sees at one moment.

    Attributes:
        relations: all relations, by oid.
        scans: how often this transaction scanned each table, by oid.
        pairs: oid and mode of each lock on a relation that this transaction holds.
    """

    relations: dict[int, Relation]
    scans: dict[int, int]
    pairs: frozenset[tuple[int, LockMode]]

    @classmethod
    def at(cls, session: Session) -> Look:
        """Look, in one round trip; takes no lock on a user's relation."""
        locks, relations, scans = session.query_all(_QUERIES)
        return cls(
            relations_of(relations),
            dict(scans),
            frozenset((oid, LockMode.from_pg_locks(mode)) for oid, mode in locks),
        )


#: Locks first, those that looking takes come after.
_QUERIES = ";\n".join(activity(name) for name in ("own_locks", "relations", "scans_in_transaction"))
