"""Which queries a migration can change at all: pure.

A query that names nothing that a migration touched, and nothing that hangs on it, says the same as before, and need
not be asked. Names are compared without schemas, and found in the query's text wherever they stand, in strings and
comments too: rather too many queries than one too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from migsafe.shadow.compat.query import Query
from migsafe.shadow.snapshot import ObjectKey, Snapshot, compare

#: Bare names of what is touched; None: it cannot be said, and may be anything.
Touched: TypeAlias = frozenset[str] | None

#: What stands in the place of a name for something that a query uses without naming it: an operator, a cast.
UNNAMED = "*"

#: Kinds of objects that change no query's outcome.
_HARMLESS = frozenset({"statistics", "publication", "event_trigger", "default_privileges"})
#: Kinds whose name is that of a relation.
_RELATIONS = frozenset({"relation", "column", "sequence", "trigger", "rule", "policy"})

_LAST_NAME = re.compile(r'(?:.*\.)?(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^".]+))\Z', re.DOTALL)


def touched_by(before: Snapshot, after: Snapshot) -> Touched:
    """What differs between two snapshots.

    Functions, types, schemas and extensions have effects on queries that do not name them: then nothing is ruled out.
    """
    names: set[str] = set()
    for difference in compare(before, after):
        relation = _relation(difference.key, before, after)
        if relation is None:
            return None
        names.add(bare_name(relation))
    return frozenset(names - {""})


def _relation(key: ObjectKey, before: Snapshot, after: Snapshot) -> str | None:
    """The relation that a difference is one of; empty where no query minds, None where it may be any."""
    if key.kind in _HARMLESS:
        return ""
    if key.kind in _RELATIONS:
        return key.name
    if key.kind == "index":
        table = (before.get(key) or after[key]).get("table")
        return table if isinstance(table, str) else None
    if key.kind == "constraint":  # of a table, or of a domain
        relation = ObjectKey("relation", key.name)
        return key.name if relation in before or relation in after else None
    return None


def bare_name(name: str) -> str:
    """A name as the server writes it, without its schema and its quotes."""
    found = _LAST_NAME.match(name)
    if found is None:
        return name
    return found["plain"] if found["quoted"] is None else found["quoted"].replace('""', '"')


def spread(touched: Touched, links: Iterable[tuple[str, str]], functions: Mapping[str, str | None]) -> Touched:
    """What is touched, with all that hangs on it.

    Args:
        touched: to begin with.
        links: pairs of a name and the name of what it hangs on.
        functions: name → all that its code says; None where nobody knows what it does.
    """
    if touched is None or not touched:
        return touched
    reached = set(touched)
    pairs = list(links)
    while True:
        more = {name for name, on in pairs if on in reached}
        more |= {name for name, code in functions.items() if code is None or _names_any(code, reached)}
        if more <= reached:
            break
        reached |= more
    return None if UNNAMED in reached else frozenset(reached)


def concerns(query: Query, touched: Touched) -> bool:
    """Whether a query may name something that is touched."""
    if touched is None:
        return True
    return any(_names_any(text, touched) for text in (query.sql, *query.alternatives))


def _names_any(text: str, names: Iterable[str]) -> bool:
    text = text.lower()
    if 'u&"' in text:  # a name in escapes, which would have to be read
        return True
    return any(name.lower().replace('"', '""') in text for name in names)
