"""Steps and checks about indexes and constraints: built beside writers, valid or gone.

CREATE INDEX CONCURRENTLY waits for old snapshots of the whole database; `lock_timeout` would cancel that wait too and
leave an invalid index, which costs writes and, if UNIQUE, refuses them (PostgreSQL 18 manual, CREATE INDEX, "Building
Indexes Concurrently"). So such a step sets no timeout, and begins only when no transaction is old.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import one_line
from migsafe.model.phase import Phase
from migsafe.model.plan import Check, PlanStep
from migsafe.plan.sql import collation, literal, quoted, quoted_list, regclass, with_renamed_column
from migsafe.plan.wording import BOTH, beside_writers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migsafe.model.catalogue import Catalogue, Index
    from migsafe.model.operation import IndexElement
    from migsafe.plan.targets import TableTarget

#: Seconds; a build waits for every transaction that is older than itself, and holds back VACUUM meanwhile.
_OLD_TRANSACTION_S = 60


def no_old_transaction() -> Check:
    """Whether no transaction of the database has been open for long."""
    return Check(
        name=f"no transaction is older than {_OLD_TRANSACTION_S} seconds",
        sql="SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        f" AND backend_type = 'client backend' AND xact_start < now() - interval '{_OLD_TRANSACTION_S} seconds'",
    )


def index_is_valid(on: TableTarget, name: str) -> Check:
    """Whether an index is there, whole, and used by plans."""
    return Check(
        name=f"the index {name} is valid",
        sql="SELECT count(*) FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid"
        f" WHERE x.indrelid = {regclass(on.name)} AND c.relname = {literal(name)} AND x.indisvalid AND x.indisready",
        expected="1",
    )


def no_leftover_index(on: TableTarget, name: str) -> Check:
    """Whether no index of that name is there, such as a broken one of an earlier try."""
    return Check(
        name=f"there is no index {name} yet; if an earlier try left one, DROP INDEX CONCURRENTLY {name}",
        sql="SELECT count(*) FROM pg_class AS c JOIN pg_class AS t ON t.relnamespace = c.relnamespace"
        f" WHERE t.oid = {regclass(on.name)} AND c.relname = {literal(name)} AND c.relkind IN ('i', 'I')",
    )


def constraint_is_valid(on: TableTarget, name: str) -> Check:
    """Whether a constraint is there and every row is known to obey it."""
    return Check(
        name=f"the constraint {name} is valid",
        sql=f"SELECT count(*) FROM pg_constraint WHERE conrelid = {regclass(on.name)}"
        f" AND conname = {literal(name)} AND convalidated",
        expected="1",
    )


def has_index_on(on: TableTarget, column: str, catalogue: Catalogue) -> bool:
    """Whether rows are found by a column: a whole index begins with it."""
    return any(
        index.where is None and index.valid and index.elements and index.elements[0].column == column
        for index in catalogue.indexes_of(on.table.name)
    )


def build_index_step(
    on: TableTarget,
    name: str,
    columns: Sequence[str],
    *,
    unique: bool = False,
    definition: str | None = None,
    phase: Phase = Phase.EXPAND,
    releases: str = BOTH,
    before: Sequence[Check] = (),
) -> PlanStep:
    """An index is built beside writers.

    Args:
        definition: what stands behind ON table, where plain columns do not say it: `USING gin (tags)`.
        before: what must hold besides.
    """
    kind = "UNIQUE INDEX" if unique else "INDEX"
    spelt = definition or f"({quoted_list(columns)})"
    index = quoted(name)
    return PlanStep(
        name=f"build-{name}",
        title=f"Build the {'unique ' if unique else ''}index {name} on {on.name}",
        phase=phase,
        transaction=False,
        backward_transaction=False,
        forward=(f"CREATE {kind} CONCURRENTLY {index} ON {on.name} {spelt};",),
        backward=(f"DROP INDEX CONCURRENTLY IF EXISTS {on.beside(name)};",),
        before=(*before, no_leftover_index(on, name), no_old_transaction()),
        verify=(index_is_valid(on, name),),
        releases=releases,
        locks=beside_writers(on.name),
    )


def index_body(index: Index, renamed: Mapping[str, str]) -> str:
    """What stands behind `ON table` of an index that is like another one, over columns with other names."""
    words = [f"USING {index.method} ({', '.join(_element(one, renamed) for one in index.elements)})"]
    if index.include:
        words.append(f"INCLUDE ({quoted_list(renamed.get(one, one) for one in index.include)})")
    if index.nulls_not_distinct:
        words.append("NULLS NOT DISTINCT")
    if index.where is not None:
        words.append(f"WHERE {_renamed(one_line(index.where), renamed)}")
    return " ".join(words)


def _element(element: IndexElement, renamed: Mapping[str, str]) -> str:
    name = element.column or ""
    key = quoted(renamed.get(name, name))
    if element.expression is not None:
        key = f"({_renamed(one_line(element.expression), renamed)})"
    return ordered(key, element)


def ordered(key: str, element: IndexElement) -> str:
    """A key of an index, with the collation, operator class and order of an element.

    Args:
        key: the column or the expression, as SQL.
    """
    words = [key]
    if element.collation is not None:
        words.append(f"COLLATE {collation(element.collation)}")
    if element.operator_class is not None:
        words.append(element.operator_class)
    if element.descending:
        words.append("DESC")
    if element.nulls_first is not None and element.nulls_first != element.descending:
        words.append("NULLS FIRST" if element.nulls_first else "NULLS LAST")
    return " ".join(words)


def _renamed(text: str, renamed: Mapping[str, str]) -> str:
    for old, new in renamed.items():
        text = with_renamed_column(text, old, new)
    return text
