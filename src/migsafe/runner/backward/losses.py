"""What a way back loses: rows and values that it would take away, and that are in no other place; asked of the server.

Nothing is written: every count is a transaction that cannot write. What cannot be told counts as lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.operation import (
    AlterColumnType,
    Delete,
    DropColumn,
    DropSchema,
    DropTable,
    Merge,
    RunCode,
    TruncateTable,
    Update,
)
from migsafe.postgres.connection import StatementFailedError
from migsafe.postgres.live import glance
from migsafe.runner.backward.ways import operations_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from migsafe.model.catalogue import Catalogue, Column
    from migsafe.model.names import QualifiedName
    from migsafe.model.operation import Operation
    from migsafe.model.plan import ChangePlan
    from migsafe.model.statement import ReadScript
    from migsafe.postgres.connection import Session

#: Rows are counted up to here: what people want to know is whether it is none, some, or many.
_MANY = 10_000

_NAMED_OTHERWISE = "which has another name now: nobody can tell what is in it before that is taken back"

_IN_TABLE = "select count(*) from (select from {table} limit 10001) r"
_WITH_VALUE = "select count(*) from (select from {table} where {column} is not null limit 10001) r"
_WITH_OTHER_VALUE = (
    "select count(*) from (select from {table} where {column} is not null and {column} is distinct from (@) "
    "limit 10001) r"
)
_ONLY_HERE = "select count(*) from (select from {table} where {column} is distinct from (@) limit 10001) r"


@dataclass(frozen=True, slots=True)
class Live:
    """The server as it is now, before anything is taken back.

    Attributes:
        session: for looking only, in autocommit.
        catalogue: what it has.
        sources: by table and column: the expression over the row that gives the column's value again.
    """

    session: Session
    catalogue: Catalogue
    sources: Mapping[tuple[str, str], str]


def sources_of(plans: Iterable[ChangePlan]) -> dict[tuple[str, str], str]:
    """By table and column: what a plan's backfill computes it from."""
    return {
        (step.backfill.table.name, column): expression
        for plan in plans
        for step in plan.steps
        if step.backfill is not None and step.backfill.insert is None
        for column, expression in step.backfill.assignments
    }


def losses_of(backward: ReadScript, then: Catalogue, live: Live, *, trusted: bool) -> tuple[str, ...]:
    """What a way back loses, one sentence for each.

    Args:
        then: what exists when it runs, after the steps that are taken back before it.
        trusted: its blocks of code are a plan's own.

    Raises:
        EnvironmentFailedError: when the server is away.
    """
    operations = list(operations_of(backward))
    dropped = {then.resolve(one.table) for one in operations if isinstance(one, DropTable)}
    found: dict[str, None] = {}
    for one in operations:
        for text in _loss(one, then, live, dropped, trusted=trusted):
            found[text] = None
    return tuple(found)


def _loss(
    operation: Operation, then: Catalogue, live: Live, dropped: set[QualifiedName], *, trusted: bool
) -> Iterator[str]:
    match operation:
        case DropColumn() if then.resolve(operation.table) not in dropped:
            yield from _column(operation.table, operation.column, then, live)
        case DropTable():
            yield from _table(operation.table, then, live)
        case AlterColumnType():
            yield from _retyped(operation, then, live)
        case TruncateTable():
            yield from _table(operation.table, then, live)
        case Delete() | Update() | Merge() if not trusted:
            verb = {"Delete": "deletes", "Update": "changes"}.get(type(operation).__name__, "merges into")
            yield f"it {verb} rows of {operation.table}, and nobody can tell what they hold"
        case DropSchema(cascade=True):
            yield f"it drops the schema {operation.schema} with all that is in it"
        case RunCode() if operation.opaque and not trusted:
            yield "it runs code that nobody could read"


def _table(name: QualifiedName, then: Catalogue, live: Live) -> Iterator[str]:
    full = then.resolve(name)
    if live.catalogue.tables.get(full) is None:
        if then.tables.get(full) is not None:
            yield f"it drops {name}, {_NAMED_OTHERWISE}"
        return
    rows = _count(live.session, _IN_TABLE, full)
    if rows is None:
        yield f"it drops {name}, and nobody can tell how many rows that has"
    elif rows:
        yield f"it drops {name} with {_rows(rows)}"


def _column(table: QualifiedName, name: str, then: Catalogue, live: Live) -> Iterator[str]:
    full, shown = then.resolve(table), f"{table}.{name}"
    column = live.catalogue.column(full, name)
    if column is None:
        if then.column(full, name) is not None:
            yield f"it drops {shown}, {_NAMED_OTHERWISE}"
        return
    if column.generated is not None:
        return
    source = live.sources.get((full.name, name))
    only_here = _count(live.session, _ONLY_HERE, full, name, source) if source is not None else None
    if only_here is not None:
        if only_here:
            yield f"it drops {shown} in {_rows(only_here)} with a value there that {source} does not give"
        return
    with_value = _with_value(full, column, live)
    if with_value is None:
        yield f"it drops {shown}, and nobody can tell how many rows have a value there"
    elif with_value:
        yield f"it drops {shown} in {_rows(with_value)} with a value there, and nobody can tell where else that is"


def _retyped(operation: AlterColumnType, then: Catalogue, live: Live) -> Iterator[str]:
    full = then.resolve(operation.table)
    rows = _count(live.session, _WITH_VALUE, full, operation.column)
    if rows != 0:
        how_many = "all rows" if rows is None else _rows(rows)
        shown = f"{operation.table}.{operation.column}"
        yield f"it changes the type of {shown}, and nobody can tell what that does to {how_many}"


def _with_value(table: QualifiedName, column: Column, live: Live) -> int | None:
    """Rows with a value of their own: what the column's default gives, it gives again."""
    if column.default is None or column.default.nextval_of is not None:
        return _count(live.session, _WITH_VALUE, table, column.name)
    return _count(live.session, _WITH_OTHER_VALUE, table, column.name, column.default.text)


def _count(
    session: Session, sql: str, table: QualifiedName, column: str | None = None, expression: str | None = None
) -> int | None:
    """Rows; None where the server does not tell, for example not in time.

    Args:
        expression: the server's own text of a default, or that of a plan; the transaction cannot write.
    """
    names: dict[str, str | tuple[str, ...]] = {"table": (table.schema or "public", table.name)}
    if column is not None:
        names["column"] = column
    text = sql.replace("@", (expression or "").replace("{", "{{").replace("}", "}}"))
    try:
        with glance(session):
            return int(session.query_with_names(text, **names)[0][0])
    except StatementFailedError:
        session.execute("rollback")
        return None


def _rows(count: int) -> str:
    if count > _MANY:
        return f"more than {_MANY:,} rows"
    return "1 row" if count == 1 else f"{count:,} rows"
