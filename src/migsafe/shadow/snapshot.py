"""Everything that exists in a database at one moment, in one query, so that two moments or two databases compare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from migsafe.postgres.queries import load

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from migsafe.postgres.connection import Session

_HEAD = "user_schemas"
_ONLY = re.compile(r"/\* only (?P<units>.+?) \*/")


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Which object: its kind, its name with schema, and which part of it (a column, a constraint), or an empty text."""

    kind: str
    name: str
    part: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f".{self.part}" if self.part else "")


#: Facts of each object, by name; values are what JSON has.
Snapshot: TypeAlias = Mapping[ObjectKey, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference of two snapshots.

    Attributes:
        kind: in the second and not in the first it is "added", the other way round "removed".
        fact: which fact of an object in both is another, for example "type"; else None.
    """

    kind: Literal["added", "removed", "changed"]
    key: ObjectKey
    fact: str | None = None
    before: object = None
    after: object = None


def take_snapshot(session: Session) -> Snapshot:
    """Read everything: relations, columns, constraints, indexes, types, code, privileges, comments.

    Takes no lock on any user's relation, and sees what the session's own transaction has done. The search path is
    another one while it reads, and as before afterwards; when the query fails, the session is of no more use.

    Raises:
        StatementFailedError: when the server refuses the query.
    """
    ((search_path,),) = session.query("select current_setting('search_path')")
    session.query("select set_config('search_path', 'pg_catalog', false)")
    rows = session.query(_one_query())
    session.query("select set_config('search_path', %s, false)", (search_path,))
    return {ObjectKey(kind, name, part or ""): facts for kind, name, part, facts in rows}


def compare(before: Snapshot, after: Snapshot) -> tuple[Difference, ...]:
    """All differences of two snapshots, sorted by object."""
    differences: list[Difference] = []
    # Most objects are the same; snapshots of one reader even share them.
    other = (key for key in {*before, *after} if before.get(key) is not after.get(key))
    for key in sorted(key for key in other if before.get(key) != after.get(key)):
        if key not in after:
            differences.append(Difference("removed", key))
        elif key not in before:
            differences.append(Difference("added", key))
        else:
            old, new = before[key], after[key]
            differences += [
                Difference("changed", key, fact, old.get(fact), new.get(fact))
                for fact in sorted({*old, *new})
                if old.get(fact) != new.get(fact)
            ]
    return tuple(differences)


@cache
def _one_query() -> str:
    return snapshot_query(load("snapshot.sql").keys(), columns="name, part, facts")


def snapshot_query(kinds: Collection[str], *, columns: str, units_of: Callable[[str], str] | None = None) -> str:
    """The query that reads objects of some kinds.

    Args:
        kinds: headings of `snapshot.sql`.
        columns: what is read of each object besides its kind: name, part, facts, unit.
        units_of: gives, for a kind, SQL of an array of oids: only what belongs to these units is read.
    """
    blocks = load("snapshot.sql")
    # The kinds are the file's own headings, which are words of small letters.
    texts = (
        f"select '{kind}', {columns} from (\n{text}\n) as of_kind (name, part, facts, unit)"  # noqa: S608  # from a file of ours
        for kind, sql in blocks.items()
        if kind in kinds and kind != _HEAD
        for text in [only_units(sql, units_of(kind) if units_of else None)]
    )
    return f"with {blocks[_HEAD]}\n" + "\nunion all\n".join(texts)


def only_units(sql: str, of_units: str | None) -> str:
    """A query whose `/* only X */` marks are conditions on its units; as it is where `of_units` is None."""
    return sql if of_units is None else _ONLY.sub(lambda mark: _is_any(mark["units"].split(" or "), of_units), sql)


def _is_any(units: Iterable[str], of_units: str) -> str:
    return f"and ({' or '.join(f'{unit} = any ({of_units})' for unit in units)})"
