"""Move a column into another table, one row to one row, while old and new code write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import spell_type
from migsafe.errors import UsageError
from migsafe.model.catalogue.replay.mentions import constraint_columns
from migsafe.model.names import QualifiedName
from migsafe.model.phase import Phase
from migsafe.model.plan import Backfill, ChangeKind, ChangePlan, Check, PlanStep
from migsafe.plan import columns, promises
from migsafe.plan.batches import SETTINGS
from migsafe.plan.dependents import code_steps
from migsafe.plan.move_triggers import MoveTriggers
from migsafe.plan.privileges import copy_access, same_access
from migsafe.plan.published import SUBSCRIBERS_HELP, not_published, published_promises
from migsafe.plan.readers import is_free
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.smoke import ROLE_HELP, smoke
from migsafe.plan.sql import collation, plain, quoted, regclass, split_name
from migsafe.plan.targets import ColumnTarget, find_column, key_of
from migsafe.plan.triggers import refuse_bad_columns
from migsafe.plan.wording import exclusive, no_writers, row_locks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.plan.targets import TableTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveColumn:
    """Move a column into another table that has at most one row for each row of the first."""

    column: str = argument("The column: table.column.")
    to: str = argument("The table that gets it, in the same schema; it is made when it is not there.")
    key: str = argument("The column there that refers to the row; TABLE_id when left out.", default="")
    as_column: str = argument("What the column is called there; as before when left out.", default="")
    without_turns: bool = argument(
        "Let old and new code write at the same time; where both write one row, one fails with 40P01.", default=False
    )
    role: str = argument(ROLE_HELP, default="")
    subscribers_ready: bool = argument(SUBSCRIBERS_HELP, default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """What is moved where."""

    source: ColumnTarget
    key: str
    target: QualifiedName
    exists: bool
    triggers: MoveTriggers

    @property
    def on(self) -> TableTarget:
        return self.source.on

    @property
    def differs(self) -> Check:
        """Whether every row has the same value in both places; a row that is not there has none."""
        one = self.triggers
        return Check(
            name=f"{self.source} and {self.target}.{one.target_column} agree in every row",
            sql=f"SELECT count(*) FROM (SELECT FROM {self.on.name} AS a LEFT JOIN {self.target} AS b"
            f" ON b.{quoted(one.target_key)} = a.{quoted(self.key)}"
            f" WHERE a.{quoted(one.column)} IS DISTINCT FROM b.{quoted(one.target_column)} LIMIT 1) AS found",
        )

    @property
    def there(self) -> str:
        """The value in the new place, as an expression over a row of the old one; the row is locked, so that what
        another transaction has just committed is seen (manual 13.2.1 "Read Committed Isolation Level")."""
        one = self.triggers
        return (
            f"(SELECT b.{quoted(one.target_column)} FROM {self.target} AS b"
            f" WHERE b.{quoted(one.target_key)} = {quoted(self.on.name.name)}.{quoted(self.key)} FOR SHARE)"
        )


@recipe(ChangeKind.MOVE_COLUMN, examples=("accounts.address account_addresses --key account_id",))
def move_column(arguments: MoveColumn, known: Known) -> ChangePlan:
    """A table for the column, triggers both ways, the rows that nobody has written since, and the old column goes."""
    move = _move(arguments, known)
    ready = arguments.subscribers_ready
    published = published_promises(move.on, known.catalogue, f"make {move.target}", ready=ready)
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.MOVE_COLUMN,
        objects=(str(move.source), f"{move.target}.{quoted(move.triggers.target_column)}"),
        arguments=recorded(arguments),
        steps=tuple(_steps(move, known, arguments.role, not_published(move.on, ready=ready))),
        code=code_steps(move.source, (f"{move.target}.{move.triggers.target_column}",), known.catalogue),
        promises=(*_promises(move), *promises.of_backfill(move.on, known.catalogue), *published),
    )


def _steps(move: _Move, known: Known, role: str, published: tuple[Check, ...]) -> Iterator[PlanStep]:
    yield _place_step(move, published)
    if not move.source.column.nullable and move.source.column.default is None:
        yield _relax_step(move)
    yield PlanStep(
        name=f"sync-{move.source.name}",
        title=f"Keep {move.source} and {move.target}.{move.triggers.target_column} in step",
        phase=Phase.EXPAND,
        forward=move.triggers.create(),
        backward=move.triggers.drop(),
        verify=(move.triggers.is_live(),),
        locks=no_writers(move.on.name, move.target),
    )
    yield _backfill_step(move)
    quarantine = columns.quarantine_columns_step(
        move.on,
        [move.source.name],
        first=move.triggers.drop(),
        back_then=move.triggers.create(),
        back_rows=Backfill(
            move.on.name,
            key_of(move.on, known.catalogue),
            ((move.source.name, move.there),),
            f"{quoted(move.source.name)} IS DISTINCT FROM {move.there}",
            SETTINGS,
        ),
        before=(move.differs,),
    )
    tried = (*smoke(move.on.name, role), *smoke(move.target, role))
    yield replace(quarantine, forward=(*quarantine.forward, *tried))
    yield columns.purge_columns_step(move.on, [move.source.name])


def _place_step(move: _Move, published: tuple[Check, ...]) -> PlanStep:
    one = move.triggers
    data_type = _type_of(move.source)
    if move.exists:
        return PlanStep(
            name=f"add-{one.target_column}",
            title=f"Add {one.target_column} to {move.target}",
            phase=Phase.EXPAND,
            forward=(f"ALTER TABLE {move.target} ADD COLUMN {quoted(one.target_column)} {data_type};",),
            backward=(f"ALTER TABLE {move.target} DROP COLUMN {quoted(one.target_column)};",),
            before=(*published, _no_row_security(move.on.name), _no_row_security(move.target)),
            locks=exclusive(move.target),
        )
    key_type = _type_of(_key_column(move))
    rule = "" if one.nullable else " NOT NULL"
    return PlanStep(
        name=f"make-{move.target.name}",
        title=f"Make {move.target}, with the owner and privileges of {move.on.name}",
        phase=Phase.EXPAND,
        forward=(
            f"CREATE TABLE {move.target} (\n"
            f"    {quoted(one.target_key)} {key_type} PRIMARY KEY REFERENCES {move.on.name} ({quoted(move.key)})"
            f" ON UPDATE CASCADE ON DELETE CASCADE,\n"
            f"    {quoted(one.target_column)} {data_type}{rule}\n"
            f");",
            copy_access(move.on.name, move.target),
        ),
        backward=(f"DROP TABLE {move.target};",),
        before=(is_free(move.target), *published, _no_row_security(move.on.name)),
        verify=(same_access(move.on.name, move.target),),
        locks=no_writers(move.on.name),
    )


def _relax_step(move: _Move) -> PlanStep:
    column = move.source.name
    return PlanStep(
        name=f"relax-{column}",
        title=f"Let new code insert rows without {column}",
        phase=Phase.EXPAND,
        forward=(f"ALTER TABLE {move.on.name} ALTER COLUMN {quoted(column)} DROP NOT NULL;",),
        backward=columns.safely_not_null(move.on, column),
        backward_transaction=False,
        locks=exclusive(move.on.name),
    )


def _backfill_step(move: _Move) -> PlanStep:
    """FOR SHARE closes the gap between reading a row and inserting its value; a row that is there is newer."""
    one = move.triggers
    key, column, source_key = quoted(one.target_key), quoted(one.target_column), quoted(move.key)
    conflict = (
        f"DO UPDATE SET {column} = EXCLUDED.{column} WHERE place.{column} IS NULL" if move.exists else "DO NOTHING"
    )
    return PlanStep(
        name=f"backfill-{one.target_column}",
        title=f"Copy {move.source} into {move.target}, where nobody has written it since",
        phase=Phase.MIGRATE,
        transaction=False,
        backfill=Backfill(
            move.on.name,
            (move.key,),
            settings=SETTINGS,
            insert=f"INSERT INTO {move.target} AS place ({key}, {column})\n"
            f"SELECT {source_key}, {quoted(one.column)} FROM {move.on.name}\n"
            f" WHERE {source_key} >= :low AND {source_key} <= :high AND {quoted(one.column)} IS NOT NULL\n"
            f" LIMIT :rows\n"
            f"   FOR SHARE\n"
            f"    ON CONFLICT ({key}) {conflict}",
        ),
        before=(one.is_live(),),
        verify=(move.differs,),
        locks=row_locks(move.target),
        back="nothing to do",
        no_way_back="what it has written may stay",
    )


def _move(arguments: MoveColumn, known: Known) -> _Move:
    source = find_column(arguments.column, known.catalogue)
    key = key_of(source.on, known.catalogue)
    _refuse(source, key, known)
    parts = split_name(arguments.to)
    if parts is None or len(parts) != 1:
        raise UsageError(f'"{arguments.to}" is no bare name of a table', hint="write it without a schema")
    target = source.on.beside(parts[0])
    target_key = arguments.key or f"{plain(source.on.name.name)}_id"
    target_column = arguments.as_column or source.name
    exists = known.catalogue.table(source.on.table.name.renamed(parts[0])) is not None
    if exists:
        _refuse_target(source.on.table.name.renamed(parts[0]), target_key, target_column, known)
    triggers = MoveTriggers(
        change=known.change,
        source=source.on,
        key=key[0],
        column=source.name,
        target=target,
        target_key=target_key,
        target_column=target_column,
        nullable=exists or source.column.nullable,
        turns=not arguments.without_turns,
    )
    return _Move(source=source, key=key[0], target=target, exists=exists, triggers=triggers)


def _refuse(source: ColumnTarget, key: tuple[str, ...], known: Known) -> None:
    on = source.on
    refuse_bad_columns(on, [source.column])
    if len(key) != 1:
        raise PlanRefusedError(f"{on.name} has a key of several columns: one of one column is needed")
    if source.name in key:
        raise PlanRefusedError(f"{source} is the key of its table")
    if on.table.partition_by is not None or on.table.partition_of is not None:
        raise PlanRefusedError(f"{on.name} is partitioned, and a foreign key to it needs its partition key")
    if on.table.row_security:
        raise PlanRefusedError(
            f"{on.name} has row security: in another table its policies would not hide the column",
            hint="make the other table with policies of its own, and move the column by your code",
        )
    for constraint in on.table.constraints.values():
        if source.name in constraint_columns(constraint.definition):
            raise PlanRefusedError(
                f"the constraint {constraint.name} is about {source}, and cannot follow it",
                hint="drop it first, and add what can hold in the other table",
            )


def _refuse_target(full: QualifiedName, key: str, column: str, known: Known) -> None:
    table = known.catalogue.tables[full]
    if column in table.columns:
        raise PlanRefusedError(f"{full.name} has a column {column} already", hint="say --as-column NAME")
    unique = {one.columns for one in known.catalogue.indexes_of(full) if one.unique and one.where is None}
    if (key,) not in unique:
        raise PlanRefusedError(
            f"{full.name}.{key} is not unique: which of several rows would have the value is not known",
            hint="say --key COLUMN, one that refers to the row and is unique",
        )
    if table.row_security:
        raise PlanRefusedError(f"{full.name} has row security, which could refuse what the trigger writes")
    for one in table.columns.values():
        filled = one.default is not None or one.identity is not None or one.generated is not None
        if one.name != key and not one.nullable and not filled:
            raise PlanRefusedError(
                f"{full.name}.{one.name} is NOT NULL without a default: the trigger could not insert rows for old code",
                hint=f"give {one.name} a default first",
            )


def _promises(move: _Move) -> Iterator[str]:
    place = f"{move.target}.{move.triggers.target_column}"
    yield f"a row that {move.target} does not have means NULL, and new code inserts it with ON CONFLICT DO UPDATE"
    if move.triggers.turns:
        yield (
            f"from the sync to the contract, transactions that write {move.source} and those that write {place} take"
            " turns: a long one of one kind lets all of the other kind wait"
        )
    else:
        yield f"where old and new code write {move.source} of one row at once, one fails with 40P01 and retries"
    yield f"indexes on {move.source} are not made on {place}"


def _key_column(move: _Move) -> ColumnTarget:
    return ColumnTarget(move.on, move.on.table.columns[move.key])


def _type_of(target: ColumnTarget) -> str:
    data_type = target.column.type
    if data_type is None:
        raise PlanRefusedError(f"the migrations do not show the type of {target}")
    words = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}
    collated = f" COLLATE {collation(target.column.collation)}" if target.column.collation else ""
    return words.get(data_type.name, spell_type(data_type)) + collated


def _no_row_security(table: QualifiedName) -> Check:
    return Check(
        name=f"{table} has no row security",
        sql=f"SELECT count(*) FROM pg_class WHERE oid = {regclass(table)} AND relrowsecurity",
    )
