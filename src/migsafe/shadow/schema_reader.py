"""Reads the same database's snapshot again and again, and each time only what has changed since.

A full snapshot takes as long as twenty statements. Between two of them most of a schema stays as it is, and Postgres
says which part does: the versions of the catalogues' rows that describe the columns of a table, its indexes, a type, a
function (a kind of a *unit*, see `snapshot.sql`) are others once anything of them was written. What other units'
definitions mention is only its names, so that all is read again when one of those changes. Equal to `take_snapshot` at
any moment, in any transaction.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

from migsafe.postgres.prepared import PreparedQueries, chosen, pointing
from migsafe.postgres.queries import load, query
from migsafe.shadow.snapshot import ObjectKey, only_units, snapshot_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migsafe.postgres.connection import Session
    from migsafe.shadow.snapshot import Snapshot

#: Kinds whose objects belong to units; the few objects of the other kinds are read together.
_OF_UNITS = ("relation", "column", "constraint", "index", "sequence", "type", "function", "trigger", "rule", "policy")

#: Kinds that another kind's rows say something of too: the order of columns, a composite type, a view's text.
_TOLD_BY = {"column": ("relation", "type"), "rule": ("relation",)}

_FEW = ("few", 0)
_ALL = ("all", 0)

_Part = tuple[str, int]
_Facts = dict[ObjectKey, "Mapping[str, object]"]
_Names = dict[tuple[str, int], tuple[int, str]]


class SchemaReader:
    """Reads one session's database; made anew for another session."""

    def __init__(self, session: Session, earlier: SchemaReader | None = None) -> None:
        """
        Args:
            earlier: one that has read the same database, or the one that it is a copy of, and so knows most of it: a
                copy has its rows in the same places.
        """
        self._queries = PreparedQueries(session)
        self._versions: Mapping[_Part, int] = {} if earlier is None else earlier._versions
        self._facts: dict[_Part, _Facts] = {} if earlier is None else dict(earlier._facts)
        self._names: dict[int, _Names] = {} if earlier is None else dict(earlier._names)

    def read(self) -> Snapshot:
        """Everything that exists now; sees what the session's own transaction has done.

        The search path is another one while it reads, and as before afterwards; when a query fails, the session is of
        no more use.

        Raises:
            StatementFailedError: when the server refuses a query.
        """
        texts = _texts()
        search_path, rows = self._queries.rows({"search_path": texts["search_path"], "versions": texts["versions"]})
        versions = {(kind, unit): version for kind, unit, version in rows}
        changed = {
            part for part in versions.keys() | self._versions.keys() if versions.get(part) != self._versions.get(part)
        }
        changed |= {(told, unit) for kind, unit in changed for told in _TOLD_BY.get(kind, ())}
        if changed and (_ALL in changed or not self._read_again(changed, search_path[0][0])):
            self._facts.clear()
            self._names.clear()
            everything = {(kind, unit) for _, unit in versions for kind in _OF_UNITS}
            self._read_again(everything | {_FEW}, search_path[0][0])
        self._versions = versions
        return {key: facts for part in self._facts.values() for key, facts in part.items()}

    def _read_again(self, parts: Iterable[_Part], search_path: str) -> bool:
        """Read some parts; false where others may mention a name that has changed, so that all must be read."""
        units = {kind: {unit for of_kind, unit in parts if of_kind == kind} for kind in _OF_UNITS}
        point, values = pointing({**units, "named": set().union(*units.values())})
        names, found, *few = self._queries.rows(
            {name: _texts()[name] for name in ("names", "facts", "few") if name != "few" or _FEW in parts},
            first=f"{point}, set_config('search_path', 'pg_catalog', false)",
            last="select set_config('search_path', {}, false)",
            values=[*values, search_path],
        )
        fresh: defaultdict[_Part, _Facts] = defaultdict(dict)
        for kind, name, part, facts, unit in found:
            fresh[kind, unit][ObjectKey(kind, name, part or "")] = facts
        for kind, name, part, facts in few[0] if few else ():
            fresh[_FEW][ObjectKey(kind, name, part or "")] = facts
        for part in parts:
            if part in fresh:
                self._facts[part] = fresh[part]
            else:
                self._facts.pop(part, None)
        return self._learn_names(names)

    def _learn_names(self, rows: Iterable[tuple[Any, ...]]) -> bool:
        """Remember the names of units; false where one had another name before."""
        fresh: defaultdict[int, _Names] = defaultdict(dict)
        for unit, kind, number, schema, name in rows:
            fresh[unit][kind, number] = (schema, name)
        same = all(
            self._names.get(unit, {}).get(key, name) == name
            for unit, names in fresh.items()
            for key, name in names.items()
        )
        self._names.update(fresh)
        return same


@cache
def _texts() -> Mapping[str, str]:
    few = load("snapshot.sql").keys() - set(_OF_UNITS)
    return {
        "search_path": "select current_setting('search_path')",
        "versions": query("units", "versions.sql"),
        "facts": snapshot_query(_OF_UNITS, columns="name, part, facts, unit::bigint", units_of=chosen),
        "names": only_units(query("names", "versions.sql"), chosen("named")),
        "few": snapshot_query(few, columns="name, part, facts"),
    }
