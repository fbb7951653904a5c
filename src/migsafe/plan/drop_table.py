"""Drop a table that no code uses any more: first out of reach, and gone only when nobody has missed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangeKind, ChangePlan, Check, PlanStep
from migsafe.plan.foreign_keys import keys_of, keys_to
from migsafe.plan.published import SUBSCRIBERS_HELP, not_published, published_promises
from migsafe.plan.readers import is_free, no_foreign_key, no_function_names, no_view_reads
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.smoke import ROLE_HELP, smoke
from migsafe.plan.sql import dollar_quoted, quoted, regclass
from migsafe.plan.targets import find_table
from migsafe.plan.wording import NEW_ONLY, TABLE_HOLD_DAYS, exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.plan.foreign_keys import NamedKey
    from migsafe.plan.targets import TableTarget

#: The schema of tables in quarantine.
TRASH = "migsafe_trash"

_UNMAKE_ROOM = f"""\
BEGIN
    DROP SCHEMA {TRASH};
EXCEPTION WHEN dependent_objects_still_exist THEN
    NULL; -- other tables are in quarantine
END"""


@dataclass(frozen=True, kw_only=True, slots=True)
class DropTable:
    """Drop a table that no code uses any more."""

    table: str = argument("The table.")
    role: str = argument(ROLE_HELP, default="")
    subscribers_ready: bool = argument(SUBSCRIBERS_HELP, default=False)


@recipe(ChangeKind.DROP_TABLE, examples=("legacy_orders",))
def drop_table(arguments: DropTable, known: Known) -> ChangePlan:
    """Foreign keys go, one at a time; the table moves into a schema that nobody looks into; later it is dropped.

    A key that stays would act out of quarantine: deleting a row of the other table fails without USAGE on the schema
    for the owner, and with it a CASCADE empties the table that is being kept (foreign keys act as the owner of the
    table; PostgreSQL 15–18, run on servers; manual 5.5.5 "Foreign Keys").
    """
    on = find_table(arguments.table, known.catalogue)
    _refuse(on, known)
    ready = arguments.subscribers_ready
    published = published_promises(on, known.catalogue, f"drop {on.name} from the subscription", ready=ready)
    keys = (*keys_to(on, known.catalogue), *keys_of(on, known.catalogue))
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.DROP_TABLE,
        objects=(str(on.name),),
        arguments=recorded(arguments),
        steps=(
            *map(_key_step, keys),
            _room_step(on),
            _quarantine_step(on, tuple(_neighbours(on, keys)), arguments.role, not_published(on, ready=ready)),
            _purge_step(on),
        ),
        code=(f"before the contract: no code names {on.name}, scheduled jobs and reports included",),
        promises=(
            f"jobs that run once a month would show only in {TABLE_HOLD_DAYS} days that they need {on.name}",
            *published,
        ),
    )


def _key_step(key: NamedKey) -> PlanStep:
    other = key.definition.referenced_table
    return PlanStep(
        name=f"drop-{key.name}",
        title=f"Drop the foreign key {key.name} of {key.table} to {other}",
        phase=Phase.CONTRACT,
        part=Part.QUARANTINE,
        forward=(key.drop,),
        backward=key.restore,
        backward_transaction=False,
        releases=NEW_ONLY,
        locks=exclusive(key.table, other),
    )


def _room_step(on: TableTarget) -> PlanStep:
    body = f"""\
BEGIN
    EXECUTE (SELECT format('GRANT USAGE ON SCHEMA {TRASH} TO %I', pg_get_userbyid(relowner))
               FROM pg_class WHERE oid = {regclass(on.name)});
END"""
    return PlanStep(
        name="make-room",
        title=f"Make the schema {TRASH}, into which only the table's owner may look",
        phase=Phase.CONTRACT,
        part=Part.QUARANTINE,
        forward=(f"CREATE SCHEMA IF NOT EXISTS {TRASH};", f"DO {dollar_quoted(body)};"),
        verify=(
            Check(
                name=f"the owner of {on.name} may look into {TRASH}",
                sql=f"SELECT has_schema_privilege(relowner, '{TRASH}', 'USAGE') FROM pg_class"
                f" WHERE oid = {regclass(on.name)}",
                expected="true",
            ),
        ),
        releases=NEW_ONLY,
        locks="none that anybody waits for",
        backward=(f"DO {dollar_quoted(_UNMAKE_ROOM)};",),
    )


def _neighbours(on: TableTarget, keys: Sequence[NamedKey]) -> Iterator[QualifiedName]:
    """Other tables that had to do with it: writes to them are tried."""
    named = (table for key in keys for table in (key.table, key.definition.referenced_table))
    return (table for table in dict.fromkeys(named) if table != on.name)


def _quarantine_step(
    on: TableTarget, neighbours: Sequence[QualifiedName], role: str, published: tuple[Check, ...]
) -> PlanStep:
    hidden = QualifiedName(on.name.name, TRASH)
    return PlanStep(
        name=f"quarantine-{on.name.name}",
        title=f"Move {on.name} out of reach, with its indexes and sequences",
        phase=Phase.CONTRACT,
        part=Part.QUARANTINE,
        forward=(
            f"ALTER TABLE {on.name} SET SCHEMA {TRASH};",
            *(statement for table in neighbours for statement in smoke(table, role)),
        ),
        backward=(f"ALTER TABLE {hidden} SET SCHEMA {quoted(on.schema)};",),
        before=(
            no_view_reads(on.name),
            no_function_names(on.name),
            no_foreign_key(on.name),
            is_free(hidden),
            *published,
        ),
        verify=(is_free(on.name),),
        releases=NEW_ONLY,
        locks=exclusive(on.name),
    )


def _purge_step(on: TableTarget) -> PlanStep:
    hidden = QualifiedName(on.name.name, TRASH)
    return PlanStep(
        name=f"purge-{on.name.name}",
        title=f"Drop what was {on.name}",
        phase=Phase.CONTRACT,
        part=Part.PURGE,
        forward=(f"DROP TABLE {hidden};",),
        before=(no_view_reads(hidden), no_foreign_key(hidden)),
        verify=(is_free(hidden),),
        releases=NEW_ONLY,
        locks=exclusive(hidden),
        back="impossible",
        point_of_no_return="the table is dropped",
        no_way_back="its rows are gone; only a backup has them",
        hold_days=TABLE_HOLD_DAYS,
    )


def _refuse(on: TableTarget, known: Known) -> None:
    for view in known.catalogue.views_on(on.table.name):
        raise PlanRefusedError(
            f"the view {on.spelt(view.name)} reads {on.name}, and would go on reading it in quarantine",
            hint="drop or change the view first",
        )
    if on.table.partition_of is not None or on.table.inherits:
        raise PlanRefusedError(f"{on.name} is part of another table", hint="DETACH PARTITION CONCURRENTLY it first")
    if on.table.partition_by is not None or known.catalogue.children(on.table.name):
        raise PlanRefusedError(f"{on.name} has partitions", hint="detach and drop each of them first, as tables")
