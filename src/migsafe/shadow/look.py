"""Looks at a database from inside of a transaction: what exists, what was scanned, which locks are held.

A history has thousands of statements, and there is a look after each: what has not changed is not read again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.shadow.relations import Relation, activity

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session


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


class Eye:
    """Looks at one session's database again and again."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, Relation] = {}

    def look(self) -> Look:
        """Look, in one round trip; takes no lock on a user's relation."""
        locks, scans, [(lines,)] = self._session.query_all(_QUERIES)
        known, self._known = self._known, {}
        for line in lines.split("\n") if lines else ():
            self._known[line] = known.get(line) or _relation(line)
        return Look(
            {relation.oid: relation for relation in self._known.values()},
            dict(scans),
            frozenset((oid, LockMode.from_pg_locks(mode)) for oid, mode in locks),
        )


def _relation(line: str) -> Relation:
    oid, schema, name, kind, storage, table_oid = json.loads(line)
    return Relation(oid, QualifiedName(name, schema), kind, storage, table_oid)


#: Locks first, those that looking takes come after.
_QUERIES = ";\n".join(activity(name) for name in ("own_locks", "own_scans", "relation_lines"))
