"""Whether CREATE INDEX CONCURRENTLY has happened: the index of that name, or without a name one of that definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.postgres import probing
from migsafe.postgres.connection import StatementFailedError
from migsafe.runner.probe_answers import Probe, done, invalid, missing, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.operation import CreateIndex, IndexElement
    from migsafe.postgres.connection import Session
    from migsafe.postgres.probing import IndexFact, RelationFact

_DESC, _NULLS_FIRST = 1, 2


def probe_create_index(session: Session, operation: CreateIndex) -> Probe:
    """Whether an index was made as the statement says."""
    table = probing.find_relation(session, operation.table)
    if table is None:
        return missing(f"there is no table {operation.table}")
    if operation.name is None:
        return _unnamed(session, operation, table)
    return _named(session, operation, operation.name, table)


def _named(session: Session, operation: CreateIndex, name: str, table: RelationFact) -> Probe:
    found = probing.find_relation(session, QualifiedName(name, table.schema))
    if found is None:
        return missing(f"there is no index {name}")
    index = probing.find_index(session, found.oid)
    if index is None:
        return unknown(f"the name {name} is taken by something that is no index")
    if index.table_oid != table.oid:
        return unknown(f"the name {name} is taken by an index of {index.table_schema}.{index.table}")
    if (other := _difference(session, operation, index, table)) is not None:
        return unknown(f"there is an index {name}, but {other}")
    return _standing(session, index)


def _unnamed(session: Session, operation: CreateIndex, table: RelationFact) -> Probe:
    """The server makes up a name; what counts is an index that does the same."""
    same = [
        index
        for index in probing.indexes_of(session, table.oid)
        if _difference(session, operation, index, table) is None
    ]
    valid = next((index for index in same if index.valid), None)
    if valid is not None:
        return done(f"{operation.table} has such an index: {valid.name}")
    if not same:
        return missing(f"{operation.table} has no such index")
    answers = [_standing(session, index) for index in same]
    busy = next((answer for answer in answers if answer.pid is not None), None)
    return busy or invalid("; ".join(one.text for one in answers), *(index.drop for index in same))


def _standing(session: Session, index: IndexFact) -> Probe:
    if index.valid:
        return done(f"the index {index.name} is there, and valid")
    if (pid := probing.find_worker(session, [index.table_oid])) is not None:
        return unknown(f"process {pid} may still be building {index.name}", pid)
    costs = ", and costs every write" if index.ready else ""
    return invalid(f"the index {index.name} is invalid: its build did not end{costs}", index.drop)


def _difference(session: Session, operation: CreateIndex, index: IndexFact, table: RelationFact) -> str | None:
    """In what an index is another one than the statement makes; None where it is the same."""
    plain = next(_plain_differences(operation, index), None)
    if plain is not None or (operation.where is None and all(element.column for element in operation.elements)):
        return plain
    try:
        found, said = probing.spell_index(session, index.oid), probing.spell_statement(session, operation, table)
    except StatementFailedError as refused:
        return f"whether its expressions are the same cannot be told ({refused.message})"
    if said is None or said.keys != found.keys:
        return f"its key is {', '.join(found.keys)}"
    return None if said.where == found.where else f"its condition is {found.where}"


def _plain_differences(operation: CreateIndex, index: IndexFact) -> Iterator[str]:
    """What can be compared whoever has spelt it."""
    if operation.unique != index.unique:
        yield "it is unique" if index.unique else "it is not unique"
    if (operation.method or "btree") != index.method:
        yield f"it is a {index.method} index"
    if operation.nulls_not_distinct != index.nulls_not_distinct:
        yield "it takes NULLs otherwise"
    if len(operation.elements) != len(index.keys) or len(operation.include) != len(index.include):
        yield "it has other columns"
        return
    for element, key, option in zip(operation.elements, index.keys, index.options, strict=True):
        if element.column != key:
            yield f"it is on {key or 'an expression'} and not on {element.column or 'an expression'}"
        if _options(element) != option & (_DESC | _NULLS_FIRST) and index.method == "btree":
            yield f"it orders {key or 'its key'} otherwise"
    if operation.include != index.include:
        yield "it includes other columns"
    if (operation.where is not None) != index.partial:
        yield "it has a condition" if index.partial else "it has no condition"
    yield from _class_differences(operation, index)


def _class_differences(operation: CreateIndex, index: IndexFact) -> Iterator[str]:
    for element, key, known, collation in zip(
        operation.elements, index.keys, index.operator_classes, index.collations, strict=True
    ):
        said = (element.operator_class or "").rpartition(".")[2].strip('"').partition("(")[0].strip() or None
        if known is not None and said != known:
            yield f"it has the operator class {known} on {key or 'its key'}"
        if collation is not None and (element.collation or "").rpartition(".")[2].strip('"') != collation:
            yield f"it has the collation {collation} on {key or 'its key'}"


def _options(element: IndexElement) -> int:
    first = element.descending if element.nulls_first is None else element.nulls_first
    return (_DESC if element.descending else 0) | (_NULLS_FIRST if first else 0)
