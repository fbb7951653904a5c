"""Whether a transaction has happened, by what it would have left behind: replayed on the catalogue before it.

For whoever repairs a journal, and must know what is so before they write it down. What cannot be seen in a catalogue
(rows, privileges, the text of an expression) proves nothing, and then the answer is that nobody can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import spell_type
from migsafe.model.catalogue.replay import apply
from migsafe.model.operation import ForeignKey, NotNullConstraint, PrimaryKey, UniqueConstraint
from migsafe.postgres.catalogue import read_catalogue
from migsafe.runner.probe_answers import NO_TRACE, Probe, done, missing, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.model.catalogue import Catalogue, Column, Index, Table, TableConstraint
    from migsafe.model.names import QualifiedName
    from migsafe.model.operation import DataType, Operation
    from migsafe.postgres.connection import Session

_FEW = 3


def probe_transactional(session: Session, operation: Operation, before: Catalogue) -> Probe:
    """Whether one operation has happened; see `probe_piece`."""
    return probe_piece(session, (operation,), before)


def probe_piece(session: Session, operations: Sequence[Operation], before: Catalogue) -> Probe:
    """Whether operations that happen together or not at all have happened.

    Args:
        session: on the target.
        operations: of one transaction, in order.
        before: what existed before it; it is not changed.

    Raises:
        StatementFailedError: when the server refuses a query.
    """
    after = before.fork()
    for operation in operations:
        apply(after, operation)
    touched = _touched(before, after)
    if not touched:
        return unknown(NO_TRACE)
    return judge(
        frozenset(_facts(before, touched)),
        frozenset(_facts(after, touched)),
        frozenset(_facts(read_catalogue(session), touched)),
    )


def judge(before: frozenset[str], after: frozenset[str], now: frozenset[str]) -> Probe:
    """Which of two states a server is in, by facts of what differs between them."""
    gained, lost = after - before, before - after
    if not gained and not lost:
        return unknown(NO_TRACE)
    if gained <= now and not lost & now:
        return done(f"the server has {_some(gained)}" if gained else f"the server has no {_some(lost)} any more")
    if lost <= now and not gained & now:
        return missing(f"the server has no {_some(gained)}" if gained else f"the server has {_some(lost)} still")
    odd = [f"no {_some(gained - now)}"] if gained - now else []
    odd += [f"{_some(lost & now)} still"] if lost & now else [f"no {_some(lost)} any more"] if lost else []
    return unknown(f"the server is neither as before nor as after it: it has {', and '.join(odd)}")


def _some(facts: frozenset[str]) -> str:
    names = sorted(facts)
    return ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW} more" if len(names) > _FEW else "")


def _touched(before: Catalogue, after: Catalogue) -> frozenset[QualifiedName]:
    """Names of what is another one."""
    names: set[QualifiedName] = set()
    for old, new in zip(before.shelves, after.shelves, strict=True):
        names.update(name for name in (*old, *new) if old.get(name) is not new.get(name))
    return frozenset(names)


def _facts(catalogue: Catalogue, names: frozenset[QualifiedName]) -> Iterator[str]:
    """What both a replay and a server know of some objects, one line each."""
    for name in names:
        if (table := catalogue.tables.get(name)) is not None:
            yield from _table(table)
        if (index := catalogue.indexes.get(name)) is not None:
            yield from _index(index)
        if (view := catalogue.views.get(name)) is not None:
            yield f"{'materialized view' if view.materialized else 'view'} {name}"
        if (sequence := catalogue.sequences.get(name)) is not None:
            yield f"sequence {name} {sequence.type}"
        if (enum := catalogue.enums.get(name)) is not None:
            yield f"type {name} ({', '.join(enum.values)})"
        if (domain := catalogue.domains.get(name)) is not None:
            yield f"domain {name} {' not null' if domain.not_null else ''}{sorted(domain.checks)}"
        for function in catalogue.functions.get(name) or ():
            yield f"function {name} of {len(function.arguments)} arguments"


def _table(table: Table) -> Iterator[str]:
    yield f"table {table.name}"
    for column in table.columns.values():
        yield from _column(f"{table.name}.{column.name}", column)
    for constraint in table.constraints.values():
        if not isinstance(constraint.definition, NotNullConstraint):  # the server keeps those that no author names
            yield from _constraint(table, constraint)
    yield from (
        f"trigger {one.name} on {table.name}{'' if one.enabled else ' (off)'}" for one in table.triggers.values()
    )
    yield from (f"policy {name} on {table.name}" for name in table.policies)
    yield from (f"partition {name} of {table.name}" for name in table.partitions)
    flags = {
        "row security": table.row_security,
        "forced row security": table.force_row_security,
        "unlogged": table.unlogged,
    }
    yield from (f"{word} on {table.name}" for word, is_so in flags.items() if is_so)


def _column(name: str, column: Column) -> Iterator[str]:
    yield f"column {name}"
    yield f"type {_type(column.type)} of {name}"
    if not column.nullable:
        yield f"NOT NULL on {name}"
    if column.default is not None:
        yield f"default of {name}"
    if column.identity is not None:
        yield f"identity of {name}"
    if column.generated is not None:
        yield f"generation of {name}"


def _constraint(table: Table, constraint: TableConstraint) -> Iterator[str]:
    definition = constraint.definition
    yield f"constraint {constraint.name} on {table.name}"
    if isinstance(definition, UniqueConstraint | PrimaryKey | ForeignKey):
        yield f"constraint {constraint.name} of ({', '.join(definition.columns)})"
    if isinstance(definition, ForeignKey):
        yield f"constraint {constraint.name} to {definition.referenced_table.name}"
    if constraint.validated:
        yield f"validation of constraint {constraint.name}"


def _index(index: Index) -> Iterator[str]:
    keys = ", ".join(element.column or "(…)" for element in index.elements)
    yield f"index {index.name}"
    kind = "unique index" if index.unique else "index"
    yield f"{kind} {index.name} on {index.table} ({keys}){' where …' if index.where is not None else ''}"


def _type(data_type: DataType | None) -> str:
    """Without the schema that only the server says."""
    return "?" if data_type is None else spell_type(data_type).removeprefix("public.")
