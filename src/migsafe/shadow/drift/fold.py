"""One cause, one item: what follows from another difference is not told beside it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from migsafe.shadow.drift.scope import relation_of
from migsafe.shadow.snapshot import Difference, ObjectKey, Snapshot, compare

_VIEWS = ("v", "m")
#: Kinds whose names have no schema.
_WITHOUT_SCHEMA = frozenset({"schema", "extension", "publication", "event_trigger", "cast", "default_privileges"})
_NAME_PARTS = re.compile(r'"(?:[^"]|"")*"|[^.]+')
_CAST_OR_BRACKET = re.compile(r"::[a-z][a-z_ ]*(?:\([\d,]*\))?(?:\[\])*|[()\s]")
_INDEX_NAME = re.compile(r'INDEX (?:"(?:[^"]|"")*"|\S+) ON')


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference of what was expected and what was found.

    Attributes:
        kind: only expected, only found, in both with another fact, or in both under another name.
        facts: the object's, on the side that has it; those that were found where both have it.
        fact: which one is another; for "changed".
        found_as: the other name; for "renamed".
        count: how many partitions it speaks of, or how many objects are in a schema.
    """

    kind: Literal["missing", "extra", "changed", "renamed"]
    key: ObjectKey
    facts: Mapping[str, object] = field(default_factory=dict)
    fact: str | None = None
    expected: object = None
    found: object = None
    found_as: ObjectKey | None = None
    count: int = 1


def find_drift(expected: Snapshot, found: Snapshot) -> tuple[Drift, ...]:
    """All differences of two snapshots, sorted by object."""
    drifts = [_drift(difference, expected, found) for difference in compare(expected, found)]
    drifts = _with_schemas_as_wholes(_without_parts_of_others(drifts, expected))
    drifts = _without_casts_of_other_types(drifts)
    drifts = _with_renames(drifts)
    drifts = _without_owned_indexes(drifts)
    counted = _with_partitions_counted(drifts, expected, found)
    return tuple(sorted(counted, key=lambda drift: (drift.key, drift.fact or "")))


def _drift(difference: Difference, expected: Snapshot, found: Snapshot) -> Drift:
    key = difference.key
    if difference.kind == "removed":
        return Drift("missing", key, expected[key])
    if difference.kind == "added":
        return Drift("extra", key, found[key])
    return Drift("changed", key, found[key], difference.fact, difference.before, difference.after)


def _without_parts_of_others(drifts: list[Drift], expected: Snapshot) -> list[Drift]:
    """A missing table's columns are missing with it, and a changed view's columns follow from its definition."""
    wholes = {
        (drift.kind, drift.key.name)
        for drift in drifts
        if drift.key.kind in ("relation", "type") and drift.kind in ("missing", "extra")
    }
    columns = {
        (drift.kind, _plain(f"{drift.key.name}.{drift.key.part}")) for drift in drifts if drift.key.kind == "column"
    }
    views = {key.name for key, facts in expected.items() if key.kind == "relation" and facts.get("kind") in _VIEWS}

    def is_part(drift: Drift) -> bool:
        key = drift.key
        relation = relation_of(key, drift.facts)
        if key.kind != "relation" and (drift.kind, relation) in wholes:
            return True
        if key.kind == "sequence":
            return (drift.kind, _plain(str(drift.facts.get("owned_by")))) in columns
        return key.kind == "column" and key.name in views

    return [drift for drift in drifts if not is_part(drift) and not _is_noise(drift)]


def _plain(name: str) -> str:
    return name.replace('"', "")


def _is_noise(drift: Drift) -> bool:
    """Whether nothing is another: a type that one side does not know, or an order in which columns only lack."""
    if drift.fact == "type" and None in (drift.expected, drift.found):
        return True
    if drift.fact != "column_order" or not isinstance(drift.expected, list) or not isinstance(drift.found, list):
        return False
    common = set(drift.expected) & set(drift.found)
    return [name for name in drift.expected if name in common] == [name for name in drift.found if name in common]


def _with_schemas_as_wholes(drifts: list[Drift]) -> list[Drift]:
    """A schema that only one side has goes with all that is in it, and says how much that is."""
    wholes = {(drift.kind, drift.key.name): 0 for drift in drifts if drift.key.kind == "schema" and drift.fact is None}

    def is_inside(drift: Drift) -> bool:
        schema = _NAME_PARTS.findall(drift.key.name.partition("(")[0])[0]
        inside = drift.key.kind not in _WITHOUT_SCHEMA and (drift.kind, schema) in wholes
        if inside:
            wholes[drift.kind, schema] += 1
        return inside

    left = [drift for drift in drifts if not is_inside(drift)]
    return [
        replace(drift, count=wholes[drift.kind, drift.key.name])
        if drift.key.kind == "schema" and drift.fact is None
        else drift
        for drift in left
    ]


def _without_casts_of_other_types(drifts: list[Drift]) -> list[Drift]:
    """A column of another type makes the server write other casts into the checks and indexes that name it."""
    retyped = {drift.key.name for drift in drifts if drift.key.kind == "column" and drift.fact == "type"}

    def follows(drift: Drift) -> bool:
        if drift.fact != "definition" or relation_of(drift.key, drift.facts) not in retyped:
            return False
        return _without_casts(drift.expected) == _without_casts(drift.found)

    return [drift for drift in drifts if not follows(drift)]


def _without_casts(definition: object) -> str:
    return _CAST_OR_BRACKET.sub("", str(definition))


def _with_renames(drifts: list[Drift]) -> list[Drift]:
    """A constraint or index that is missing, and one that is extra and the same but for its name, are one."""
    extra: defaultdict[object, list[Drift]] = defaultdict(list)
    for drift in drifts:
        if drift.kind == "extra" and (signature := _signature(drift)) is not None:
            extra[signature].append(drift)
    pairs: dict[ObjectKey, Drift] = {}
    for drift in drifts:
        signature = _signature(drift) if drift.kind == "missing" else None
        if signature is not None and extra[signature]:
            pairs[drift.key] = extra[signature].pop(0)
    taken = {drift.key for drift in pairs.values()}
    return [
        Drift("renamed", drift.key, drift.facts, found_as=pairs[drift.key].key)
        if drift.kind == "missing" and drift.key in pairs
        else drift
        for drift in drifts
        if not (drift.kind == "extra" and drift.key in taken)
    ]


def _signature(drift: Drift) -> object:
    """What two objects of different names have in common when they are the same else; None for other kinds."""
    if drift.key.kind == "constraint":
        return "constraint", drift.key.name, drift.facts.get("definition")
    if drift.key.kind == "index":
        definition = _INDEX_NAME.sub("INDEX ON", str(drift.facts.get("definition")), count=1)
        return "index", drift.facts.get("table"), definition
    return None


def _without_owned_indexes(drifts: list[Drift]) -> list[Drift]:
    """The index of a constraint goes, comes and changes with it."""
    told = {(drift.kind, drift.key.name, drift.key.part) for drift in drifts if drift.key.kind == "constraint"}

    def is_owned(drift: Drift) -> bool:
        if drift.key.kind != "index" or drift.fact == "valid":
            return False
        return (drift.kind, drift.facts.get("table"), _bare(drift.key.name)) in told

    return [drift for drift in drifts if not is_owned(drift)]


def _bare(name: str) -> str:
    """The index's own name, as `ObjectKey.part` has the constraint's."""
    last = str(_NAME_PARTS.findall(name)[-1])
    return last[1:-1].replace('""', '"') if last.startswith('"') else last


def _with_partitions_counted(drifts: list[Drift], expected: Snapshot, found: Snapshot) -> Iterator[Drift]:
    """Partitions come and go at run time: all that are extra below one table are one item, and all that are missing."""
    groups: defaultdict[tuple[str, str], list[Drift]] = defaultdict(list)
    for drift in drifts:
        parent = _parent(drift)
        if parent is not None and _has(expected, parent) and _has(found, parent):
            groups[drift.kind, parent].append(drift)
        else:
            yield drift
    for (_, parent), members in groups.items():
        first = members[0]
        yield Drift(first.kind, ObjectKey("partitions", parent), first.facts, count=len(members))


def _parent(drift: Drift) -> str | None:
    """The partitioned table of a partition that only one side has."""
    parents = drift.facts.get("parents")
    is_partition = drift.key.kind == "relation" and drift.facts.get("bound") is not None
    whole = drift.kind in ("missing", "extra")
    return str(parents[0]) if whole and is_partition and isinstance(parents, list) and parents else None


def _has(snapshot: Snapshot, relation: str) -> bool:
    return ObjectKey("relation", relation) in snapshot
