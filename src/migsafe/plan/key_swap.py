"""The moment at which wide columns take the names of narrow ones, and the way back of it.

All of it happens under one ACCESS EXCLUSIVE lock on every table, and none of it scans: the wide columns have their
indexes, their NOT NULL and valid foreign keys already. `NOT NULL` goes from each narrow column, because the first wide
value leaves it empty; without that the first key above the limit fails, and every row of a child at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.plan.column_access import copy_column_access
from migsafe.plan.foreign_keys import spell_over
from migsafe.plan.key_columns import referring_columns
from migsafe.plan.sequences import move_sequence
from migsafe.plan.smoke import smoke
from migsafe.plan.sql import dollar_quoted, literal, quoted, safe_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.model.catalogue import Index
    from migsafe.plan.key_columns import KeyColumn, KeyTable


def swap(tables: Sequence[KeyTable], role: str) -> Iterator[str]:
    """Statements of the swap."""
    yield _lock(tables)
    for table in tables:
        yield from _drop_trigger(table, table.forth)
    yield from (
        f"ALTER TABLE {one.on.name} DROP CONSTRAINT {quoted(one.key.name)};"
        for one in referring_columns(tables)
        if one.key
    )
    for table in tables:
        for one in table.columns:
            yield from _take_over(one)
        for index, twin in table.indexes():
            yield from _promote(table, index, twin)
        for one in table.columns:
            yield f"ALTER TABLE {table.on.name} ALTER COLUMN {quoted(one.old)} DROP NOT NULL;"
    for one in referring_columns(tables):
        assert one.key is not None
        yield f"ALTER TABLE {one.on.name} RENAME CONSTRAINT {quoted(one.twin_key)} TO {quoted(one.key.name)};"
    for table in tables:
        yield from table.create_back()
    for table in tables:
        yield from smoke(table.on.name, role)


def swap_back(tables: Sequence[KeyTable]) -> Iterator[str]:
    """Statements of the way back; `prepare_way_back` has run before them."""
    yield _lock(tables)
    yield _refuse_wide_values(tables[0])
    for table in tables:
        yield from _drop_trigger(table, table.back)
    yield from (
        f"ALTER TABLE {one.on.name} DROP CONSTRAINT {quoted(one.key.name)};"
        for one in referring_columns(tables)
        if one.key
    )
    for table in tables:
        constraints = [index for index, _ in table.indexes() if index.constraint]
        yield from (
            f"ALTER TABLE {table.on.name} DROP CONSTRAINT {quoted(one.constraint or '')};" for one in constraints
        )
        for column in table.columns:
            yield from _give_back(column)
        for index, twin in table.indexes():
            yield from _demote(table, index, twin)
    for one in referring_columns(tables):
        assert one.key is not None
        yield _add_key(one, one.key.name, {})
        yield _add_key(one, one.twin_key, {one.name: one.new})
    for table in tables:
        yield from table.create_forth()


def prepare_way_back(tables: Sequence[KeyTable]) -> Iterator[str]:
    """Statements after the swap, each by itself, that spare the way back its scans."""
    for table in tables:
        on = table.on.name
        for index, twin in table.indexes():
            if index.constraint:
                over = {one.name: one.old for one in table.columns}
                for name, body in (
                    (_back(index), table.index_over(index, over)),
                    (twin, table.index_over(index, {})),
                ):
                    yield f"CREATE UNIQUE INDEX CONCURRENTLY {quoted(name)} ON {on} {body};"
        for one in table.columns:
            if not one.column.nullable:
                check = quoted(_check(one))
                yield f"ALTER TABLE {on} ADD CONSTRAINT {check} CHECK ({quoted(one.old)} IS NOT NULL) NOT VALID;"
                yield f"ALTER TABLE {on} VALIDATE CONSTRAINT {check};"


def validate_keys(tables: Sequence[KeyTable]) -> Iterator[str]:
    """Statements that validate the foreign keys over both kinds of columns; those that are valid cost nothing."""
    for one in referring_columns(tables):
        assert one.key is not None
        for name in (one.key.name, one.twin_key):
            yield f"ALTER TABLE {one.on.name} VALIDATE CONSTRAINT {quoted(name)};"


def add_twin_key(one: KeyColumn) -> str:
    """The foreign key over wide columns."""
    return _add_key(one, one.twin_key, {one.name: one.new})


def _add_key(one: KeyColumn, name: str, renamed: dict[str, str]) -> str:
    assert one.key is not None
    wide = bool(renamed)
    return (
        f"ALTER TABLE {one.on.name} ADD CONSTRAINT {quoted(name)}\n"
        f"    {spell_over(one.key.definition, one.new if wide else one.name, one.target_column(wide=wide))} NOT VALID;"
    )


def _take_over(one: KeyColumn) -> Iterator[str]:
    table = one.on.name
    yield copy_column_access(one.on, one.name, one.new)
    if one.key is None:
        yield move_sequence(one.on.name, one.name, one.new, "bigint")
    if one.default is not None:
        yield f"ALTER TABLE {table} ALTER COLUMN {quoted(one.name)} DROP DEFAULT;"
        yield f"ALTER TABLE {table} ALTER COLUMN {quoted(one.new)} SET DEFAULT {one.default};"
    yield f"ALTER TABLE {table} RENAME COLUMN {quoted(one.name)} TO {quoted(one.old)};"
    yield f"ALTER TABLE {table} RENAME COLUMN {quoted(one.new)} TO {quoted(one.name)};"


def _promote(table: KeyTable, index: Index, twin: str) -> Iterator[str]:
    on = table.on
    if index.constraint:
        kind = "PRIMARY KEY" if index.primary else "UNIQUE"
        yield f"ALTER TABLE {on.name} DROP CONSTRAINT {quoted(index.constraint)};"
        yield f"ALTER TABLE {on.name} ADD CONSTRAINT {quoted(index.constraint)} {kind} USING INDEX {quoted(twin)};"
    else:
        yield f"ALTER INDEX {on.beside(index.name.name)} RENAME TO {quoted(_aside(index))};"
        yield f"ALTER INDEX {on.beside(twin)} RENAME TO {quoted(index.name.name)};"


def _give_back(one: KeyColumn) -> Iterator[str]:
    table = one.on.name
    yield f"ALTER TABLE {table} RENAME COLUMN {quoted(one.name)} TO {quoted(one.new)};"
    yield f"ALTER TABLE {table} RENAME COLUMN {quoted(one.old)} TO {quoted(one.name)};"
    if not one.column.nullable:
        yield f"ALTER TABLE {table} ALTER COLUMN {quoted(one.name)} SET NOT NULL;"
        yield f"ALTER TABLE {table} DROP CONSTRAINT {quoted(_check(one))};"
    if one.key is None:
        yield move_sequence(table, one.new, one.name, one.type)
    if one.default is not None:
        yield f"ALTER TABLE {table} ALTER COLUMN {quoted(one.new)} DROP DEFAULT;"
        yield f"ALTER TABLE {table} ALTER COLUMN {quoted(one.name)} SET DEFAULT {one.default};"


def _demote(table: KeyTable, index: Index, twin: str) -> Iterator[str]:
    on = table.on
    if index.constraint:
        kind = "PRIMARY KEY" if index.primary else "UNIQUE"
        back = quoted(_back(index))
        yield f"ALTER TABLE {on.name} ADD CONSTRAINT {quoted(index.constraint)} {kind} USING INDEX {back};"
    else:
        yield f"ALTER INDEX {on.beside(index.name.name)} RENAME TO {quoted(twin)};"
        yield f"ALTER INDEX {on.beside(_aside(index))} RENAME TO {quoted(index.name.name)};"


def _refuse_wide_values(table: KeyTable) -> str:
    """The key's greatest value is found by its index; no child can have a greater one."""
    key = table.columns[0]
    body = f"""\
BEGIN
    IF (SELECT max({quoted(key.name)}) FROM {key.on.name}) > {key.limit} THEN
        RAISE EXCEPTION {literal(f"{key} has values above {key.limit}: there is no way back to {key.type}")};
    END IF;
END"""
    return f"DO {dollar_quoted(body)};"


def _lock(tables: Sequence[KeyTable]) -> str:
    return f"LOCK TABLE {', '.join(str(table.on.name) for table in tables)} IN ACCESS EXCLUSIVE MODE;"


def _drop_trigger(table: KeyTable, name: str) -> tuple[str, ...]:
    return (f"DROP TRIGGER {quoted(name)} ON {table.on.name};", f"DROP FUNCTION {table.on.beside(name)}();")


def _check(one: KeyColumn) -> str:
    return safe_name(one.on.name.name, one.old, suffix="_not_null")


def _aside(index: Index) -> str:
    return safe_name(index.name.name, suffix="_old")


def _back(index: Index) -> str:
    return safe_name(index.name.name, suffix="_back")
