"""Whatever a history says: the replay never raises, and what it leaves hangs together."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from migsafe.model import operation as ops
from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.links import index_links, sequence_links, table_links, view_links
from migsafe.model.catalogue.replay import HANDLERS, apply
from migsafe.model.catalogue.shelf import Shelf
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.script import Span

WORDS = ["a", "b", "t", "p", "a_b", "t_pkey", "t_a_key", "serial", "integer"]
NAMES = st.builds(QualifiedName, st.sampled_from(WORDS), st.sampled_from([None, None, None, "public", "s"]))


@cache
def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Small values of a type, so that operations meet the same few objects again and again."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    simple = {str: st.sampled_from(WORDS), bool: st.booleans(), int: st.integers(0, 3), QualifiedName: NAMES}
    if hint in simple:
        return simple[hint]
    if hint is Span:
        return st.just(Span(0, 1))
    if hint is type(None):
        return st.none()
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([values_of(argument) for argument in arguments])
    if origin is frozenset:
        return st.frozensets(values_of(arguments[0]), max_size=2)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
        return st.tuples(*map(values_of, arguments))
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    return instances_of(hint)


def instances_of(kind: type) -> st.SearchStrategy[Any]:
    """Instances of a dataclass with arbitrary facts."""
    hints = typing.get_type_hints(kind)
    made = {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    return st.builds(kind, **{field: values_of(hint) for field, hint in made.items()})


OPERATIONS = st.one_of([instances_of(kind) for kind in HANDLERS if kind is not ops.RunCode])
#: Tables, columns and partitions first, or most operations would find nothing to work on.
STRUCTURE = st.one_of(
    [
        instances_of(kind)
        for kind in (ops.CreateTable, ops.CreateIndex, ops.AddConstraint, ops.AttachPartition, ops.RenameTable)
    ]
)
HISTORIES = st.lists(st.one_of(STRUCTURE, OPERATIONS), max_size=12)


@settings(max_examples=2 * settings().max_examples, deadline=None)
@given(HISTORIES, st.sampled_from(Dialect))
def test_no_history_raises_and_every_catalogue_hangs_together(history: list[ops.Operation], dialect: Dialect) -> None:
    catalogue = Catalogue(dialect)
    for operation in history:
        apply(catalogue, operation)
        check_links(catalogue)
        check_tables(catalogue)
        check_indexes(catalogue)


@settings(max_examples=60, deadline=None)
@given(HISTORIES, HISTORIES)
def test_a_fork_never_changes_its_original(history: list[ops.Operation], later: list[ops.Operation]) -> None:
    original = Catalogue()
    for operation in history:
        apply(original, operation)
    before = contents(original)
    fork = original.fork()
    for operation in later:
        apply(fork, operation)
    assert contents(original) == before
    check_links(original)


def contents(catalogue: Catalogue) -> dict[str, Any]:
    """Everything that a catalogue holds, copied."""
    kept = {key: value for key, value in vars(catalogue).items() if not key.startswith("_")}
    return {key: _copied(value) for key, value in kept.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, Shelf | dict):
        return dict(value)
    return set(value) if isinstance(value, set) else value


def check_links(catalogue: Catalogue) -> None:
    """The reverse look-ups say what a walk over all objects says."""
    pairs: list[tuple[Shelf[Any], Any]] = [
        (catalogue.tables, table_links),
        (catalogue.indexes, index_links),
        (catalogue.views, view_links),
        (catalogue.sequences, sequence_links),
    ]
    for shelf, links_of in pairs:
        assert all(key == value.name for key, value in shelf.items())
        for key, value in shelf.items():
            assert key in shelf.spelt(key.name)
            assert all(key in shelf.linked(*link) for link in links_of(value))
        linked = {key for names in shelf._by_link.values() for key in names}
        assert linked <= set(shelf)


def check_tables(catalogue: Catalogue) -> None:
    """Keys are names, partitions and parents agree, and constraints have the indexes that they own."""
    for table in catalogue.tables.values():
        for mapping in (table.columns, table.constraints, table.triggers, table.policies):
            assert all(key == value.name for key, value in mapping.items())
        for constraint in table.constraints.values():
            if constraint.index is not None:
                owned = catalogue.indexes[catalogue.index_key(table.name, constraint.index)]
                assert (owned.constraint, owned.table) == (constraint.name, table.name)
        for partition in table.partitions:
            assert catalogue.tables[partition].partition_of == table.name
        if table.partition_of is not None:
            assert table.name in catalogue.tables[table.partition_of].partitions


def check_indexes(catalogue: Catalogue) -> None:
    """An index of a constraint is known to it; a part of an index has the whole."""
    for index in catalogue.indexes.values():
        if index.constraint is not None:
            assert catalogue.tables[index.table].constraints[index.constraint].index == index.name.name
        if index.parent is not None:
            assert index.parent in catalogue.indexes
