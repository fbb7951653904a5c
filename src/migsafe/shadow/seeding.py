"""A few generated rows in the tables that a migration names, so that what fails on rows only shows itself.

For each table up to three rows: one with a value in every column, one with as little as the table takes, one with
values as long and as large as the columns take. Rows that other tables' constraints, triggers or complicated CHECKs
refuse are left out; a table that gets none is counted, and is never a failure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple

from migsafe.postgres.connection import StatementFailedError
from migsafe.postgres.prepared import PreparedQueries, chosen, pointing
from migsafe.postgres.queries import query
from migsafe.shadow.execution import check_deferred
from migsafe.shadow.snapshot import only_units
from migsafe.shadow.values import Allowed, ColumnFacts, read_checks, value_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from migsafe.postgres.connection import Session

_FILE = "seeding.sql"
_WORD = re.compile(r"[\w$]+")
_SAVEPOINT = "migsafe_row"
_SEEDED = "seeded"


@dataclass(frozen=True, slots=True)
class Seeding:
    """What was put where.

    Attributes:
        rows: how many rows each table got, by its name with schema.
        refused: tables that took no generated row.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reference:
    """A foreign key: columns of a table, and the columns of another one in which their values must be."""

    table: int
    parent: int
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    oid: int
    schema: str
    name: str
    columns: tuple[ColumnFacts, ...]
    references: tuple[_Reference, ...]
    allowed: Mapping[str, Allowed]


class Seeder:
    """Fills the tables of one session's database; made anew for another session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._queries = PreparedQueries(session)

    def seed(self, sql: str) -> Seeding:
        """Put rows into the tables whose names stand in a text, and into those that they refer to.

        In the session's transaction, or, where it is in none, in one of its own that is committed.

        Args:
            sql: the scripts that will run.
        """
        tables = self._read(sql.lower())
        return _fill_all(self._session, tables) if tables else Seeding()

    def _read(self, sql: str) -> list[_Table]:
        """The tables that are named and those that they refer to, parents first."""
        words = set(_WORD.findall(sql))
        found, referring = self._rows("tables", "references")
        names = {oid: (schema, name) for oid, schema, name in found}
        named = {oid for oid, (_, name) in names.items() if _is_named(name.lower(), words, sql)}
        if not named:
            return []
        parents: dict[int, set[int]] = {}
        for table, parent, *_ in referring:
            parents.setdefault(table, set()).add(parent)
        order = [oid for oid in _parents_first(named, parents) if oid in names]
        column_rows, check_rows = self._rows("columns", "checks", of=order)
        columns, checks = _columns(column_rows), _checks(check_rows)
        references = _references(referring, {(oid, number): name for oid, number, name, *_ in column_rows})
        return [
            _Table(
                oid,
                *names[oid],
                columns=tuple(columns.get(oid, ())),
                references=tuple(one for one in references if one.table == oid),
                allowed=checks.get(oid, {}),
            )
            for oid in order
        ]

    def _rows(self, *names: str, of: Sequence[int] | None = None) -> list[list[tuple[Any, ...]]]:
        queries = {name: only_units(query(name, _FILE), chosen(_SEEDED)) for name in names}
        point, values = ("", []) if of is None else pointing({_SEEDED: of})
        return self._queries.rows(queries, first=point, values=values)


def _is_named(name: str, words: set[str], sql: str) -> bool:
    """Whether a text names a table; one whose name is no plain word stands in quotes."""
    return name in words or (_WORD.fullmatch(name) is None and name in sql)


def _references(rows: Iterable[tuple[Any, ...]], names: Mapping[tuple[int, int], str]) -> list[_Reference]:
    """The foreign keys of tables whose columns are known; without the parent's columns where those are not."""
    return [
        _Reference(
            table,
            parent,
            tuple(names[table, number] for number in numbers),
            tuple(names[parent, number] for number in parent_numbers if (parent, number) in names),
        )
        for table, parent, numbers, parent_numbers in rows
        if all((table, number) in names for number in numbers)
    ]


def _columns(rows: Iterable[tuple[Any, ...]]) -> dict[int, list[ColumnFacts]]:
    columns: dict[int, list[ColumnFacts]] = {}
    for oid, _, name, not_null, default, numbered, identity, generated, kind, limit, labels in rows:
        facts = ColumnFacts(
            name,
            required=not_null and not default and not identity,
            numbered=numbered,
            identity=identity,
            generated=generated,
            type=kind,
            limit=limit,
            labels=tuple(labels or ()),
        )
        columns.setdefault(oid, []).append(facts)
    return columns


def _checks(rows: Iterable[tuple[Any, ...]]) -> dict[int, Mapping[str, Allowed]]:
    definitions: dict[int, list[str]] = {}
    for oid, column, definition in rows:
        definitions.setdefault(oid, []).append(definition.replace("VALUE", column) if column else definition)
    return {oid: read_checks(texts) for oid, texts in definitions.items()}


def _fill_all(session: Session, tables: Sequence[_Table]) -> Seeding:
    alone = not session.in_transaction
    if alone:
        session.execute("begin")
    names = {table.oid: (table.schema, table.name) for table in tables}
    counts = {f"{table.schema}.{table.name}": _fill(session, table, names) for table in tables}
    check_deferred(session)
    if alone:
        session.execute("commit")
    filled = {name: count for name, count in counts.items() if count}
    return Seeding(filled, tuple(sorted(counts.keys() - filled.keys())))


def _parents_first(named: set[int], parents: Mapping[int, set[int]]) -> list[int]:
    graph: dict[int, set[int]] = {}
    waiting = list(named)
    while waiting:
        table = waiting.pop()
        if table not in graph:
            graph[table] = parents.get(table, set()) - {table}
            waiting += graph[table]
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError:
        # Tables that refer to each other: where the columns take NULL, any order is good enough.
        return sorted(graph)


class _Cell(NamedTuple):
    """What an INSERT says for one column: SQL with `{name}` places, their names, and its parameter where it has one."""

    sql: str
    names: Mapping[str, tuple[str, ...]] = {}
    value: str | None = None


_Row = dict[str, _Cell]


def _fill(session: Session, table: _Table, names: Mapping[int, tuple[str, str]]) -> int:
    """Put rows into one table, all at once where that goes, else those that go.

    Returns:
        How many it took.
    """
    rows = [_row(table, names, 1), _row(table, names, 2, only_required=True), _row(table, names, 3, wide=True)]
    if _insert(session, table, rows):
        return len(rows)
    rows[2] = _row(table, names, 3)
    return sum(_insert(session, table, [row]) for row in rows)


def _row(
    table: _Table,
    names: Mapping[int, tuple[str, str]],
    number: int,
    *,
    only_required: bool = False,
    wide: bool = False,
) -> _Row:
    cells: _Row = {}
    referring = {column for one in table.references for column in one.columns}
    for column in table.columns:
        if column.generated or column.numbered or column.identity or column.name in referring:
            continue
        if column.required or not only_required:
            value = value_for(column, number, table.allowed.get(column.name, Allowed()), wide=wide)
            if value is not None:
                cells[column.name] = _Cell("{}", value=value)
    required = {column.name for column in table.columns if column.required}
    for one in table.references:
        if one.parent in names and (not only_required or required & set(one.columns)):
            cells.update(_looked_up(one, names[one.parent], number))
    return cells


def _looked_up(reference: _Reference, parent: tuple[str, str], number: int) -> Iterator[tuple[str, _Cell]]:
    """The values of one row of the parent, another one for another row as far as it has so many."""
    for column, parent_column in zip(reference.columns, reference.parent_columns, strict=True):
        # The row's number is an integer of our own.
        place = f"{number - 1} % (select greatest(count(*), 1) from {{parent}})"  # noqa: S608  # an integer of our own
        sql = f"(select {{column}} from {{parent}} order by ctid limit 1 offset {place})"  # noqa: S608  # of our own
        yield column, _Cell(sql, {"column": (parent_column,), "parent": parent})


def _insert(session: Session, table: _Table, rows: Sequence[_Row]) -> bool:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    names: dict[str, tuple[str, ...]] = {"table": (table.schema, table.name)}
    names |= {f"column_{place}": (column,) for place, column in enumerate(columns)}
    parameters: list[str] = []
    lines = []
    for number, row in enumerate(rows):
        cells = [row.get(column, _Cell("default")) for column in columns]
        parameters += [cell.value for cell in cells if cell.value is not None]
        lines.append(f"({', '.join(_placed(cell, f'{number}_{place}', names) for place, cell in enumerate(cells))})")
    listed = ", ".join(f"{{column_{place}}}" for place in range(len(columns)))
    values = f"({listed}) values {', '.join(lines)}" if columns else "default values"
    insert = f"insert into {{table}} {values}"
    try:
        session.execute_with_names(
            f"savepoint {_SAVEPOINT}; {insert}; release savepoint {_SAVEPOINT}", parameters, **names
        )
    except StatementFailedError:
        session.execute(f"rollback to savepoint {_SAVEPOINT}")
        return False
    return True


def _placed(cell: _Cell, prefix: str, names: dict[str, tuple[str, ...]]) -> str:
    """A cell's SQL with places that are its own among all of the statement's; they are added to `names`."""
    sql = cell.sql
    for place, name in cell.names.items():
        sql = sql.replace(f"{{{place}}}", f"{{{place}_{prefix}}}")
        names[f"{place}_{prefix}"] = name
    return sql
