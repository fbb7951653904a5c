"""Snapshots for tests, written as short as they can be."""

from __future__ import annotations

from collections.abc import Mapping

from migsafe.shadow.snapshot import ObjectKey, Snapshot

Facts = Mapping[str, object]


def key(text: str) -> ObjectKey:
    """An object from `kind name part`, the part left out where there is none."""
    return ObjectKey(*text.split(" ", 2))


def snapshot(objects: Mapping[str, Facts]) -> Snapshot:
    """Objects and their facts, each object as `key` reads it."""
    return {key(text): facts for text, facts in objects.items()}


def table(name: str, columns: str = "", **facts: object) -> dict[str, Facts]:
    """A table and its columns of type text, to be given to `snapshot`."""
    whole: dict[str, Facts] = {f"relation {name}": {"kind": "r", "column_order": columns.split(), **facts}}
    return whole | {f"column {name} {column}": {"type": "text", "not_null": False} for column in columns.split()}
