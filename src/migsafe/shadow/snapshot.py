"""Everything that exists in a database at one moment, in one query, so that two moments or two databases compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from migsafe.postgres.queries import load

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session

_HEAD = "user_schemas"


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
    for key in sorted({*before, *after}):
        if key not in after:
            differences.append(Difference("removed", key))
        elif key not in before:
            differences.append(Difference("added", key))
        else:
            old, new = before[key], after[key]
            facts = sorted({*old, *new})
            differences += [
                Difference("changed", key, fact, old.get(fact), new.get(fact))
                for fact in facts
                if old.get(fact) != new.get(fact)
            ]
    return tuple(differences)


@cache
def _one_query() -> str:
    blocks = load("snapshot.sql")
    # The kinds are the file's own headings, which are words of small letters.
    kinds = (
        f"select '{kind}', name, part, facts from (\n{sql}\n) as of_kind (name, part, facts)"  # noqa: S608
        for kind, sql in blocks.items()
        if kind != _HEAD
    )
    return f"with {blocks[_HEAD]}\n" + "\nunion all\n".join(kinds)
