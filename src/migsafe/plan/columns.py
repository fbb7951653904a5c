"""Steps that recipes share: a column becomes NOT NULL, is indexed, goes into quarantine, is purged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.phase import Part, Phase
from migsafe.model.plan import Backfill, Check, PlanStep
from migsafe.plan.batches import SETTINGS
from migsafe.plan.smoke import smoke
from migsafe.plan.sql import literal, quoted, regclass, safe_name, word_pattern
from migsafe.plan.wording import BOTH, COLUMN_HOLD_DAYS, NEW_ONLY, beside_writers, exclusive, quarantined, row_locks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.plan.targets import TableTarget


#: What depends on a column and does not go with it; indexes, constraints and statistics do.
_DEPENDENT = ("pg_rewrite", "pg_policy", "pg_proc", "pg_trigger", "pg_publication_rel")


def column_exists(on: TableTarget, column: str, *, expected: bool = True) -> Check:
    """Whether a column is there."""
    return Check(
        name=f"{on.name} has {'a' if expected else 'no'} column {column}",
        sql=f"SELECT count(*) FROM pg_attribute WHERE attrelid = {regclass(on.name)}"
        f" AND attname = {literal(column)} AND NOT attisdropped",
        expected=str(int(expected)),
    )


def no_row(name: str, on: TableTarget, condition: str) -> Check:
    """Whether no row of a table meets a condition. Stops at the first that does."""
    return Check(name=name, sql=f"SELECT count(*) FROM (SELECT FROM {on.name} WHERE {condition} LIMIT 1) AS found")


def no_null(on: TableTarget, column: str) -> Check:
    """Whether a column has a value in every row."""
    return no_row(f"{column} has a value in every row", on, f"{quoted(column)} IS NULL")


def backfill_step(  # each is a word of the step
    name: str,
    title: str,
    on: TableTarget,
    key: Sequence[str],
    assignments: Sequence[tuple[str, str]],
    *,
    needs_work: str,
    before: Sequence[Check] = (),
    verify: Sequence[Check] = (),
) -> PlanStep:
    """Rows of a table are written in batches."""
    return PlanStep(
        name=name,
        title=title,
        phase=Phase.MIGRATE,
        transaction=False,
        backfill=Backfill(on.name, tuple(key), tuple(assignments), needs_work, SETTINGS),
        before=tuple(before),
        verify=tuple(verify),
        locks=row_locks(on.name),
        back="nothing to do",
        no_way_back="what it has written may stay",
    )


def analyze_step(on: TableTarget, names: Sequence[str]) -> PlanStep:
    """The planner learns the values of columns that were filled, or whose statistics a change of type has deleted."""
    listed = ", ".join(map(quoted, names))
    return PlanStep(
        name=f"analyze-{names[0]}",
        title=f"Let the planner know the values of {listed}",
        phase=Phase.MIGRATE,
        forward=(f"ANALYZE {on.name} ({listed});",),
        locks=beside_writers(on.name),
        back="nothing to do",
        no_way_back="statistics are no rows",
    )


def not_null_steps(on: TableTarget, column: str, *, prefix: str = "", releases: str = BOTH) -> tuple[PlanStep, ...]:
    """A column whose rows all have a value becomes NOT NULL without a scan under a strong lock.

    A valid CHECK (c IS NOT NULL) spares SET NOT NULL its scan since Postgres 12 (ALTER TABLE, "SET/DROP NOT NULL").
    The CHECK is enforced at once, for updates of other columns too: a row without a value can then not be written any
    more, so the rows are counted before it.

    Args:
        prefix: of the steps' names.
        releases: whose writers give the column a value.
    """
    # Not _not_null: that is what Postgres 18 calls the constraint that SET NOT NULL makes.
    check = safe_name(on.name.name, column, suffix="_has_value")
    valid = Check(
        name=f"the constraint {check} is valid",
        sql=f"SELECT count(*) FROM pg_constraint WHERE conrelid = {regclass(on.name)}"
        f" AND conname = {literal(check)} AND convalidated",
        expected="1",
    )
    drop = f"ALTER TABLE {on.name} DROP CONSTRAINT IF EXISTS {quoted(check)};"
    is_not_null = Check(
        name=f"{column} is NOT NULL",
        sql=f"SELECT count(*) FROM pg_attribute WHERE attrelid = {regclass(on.name)}"
        f" AND attname = {literal(column)} AND attnotnull",
        expected="1",
    )
    return (
        PlanStep(
            name=f"{prefix}require-{column}",
            title=f"Refuse rows without {column} from now on",
            forward=(
                f"ALTER TABLE {on.name} ADD CONSTRAINT {quoted(check)} CHECK ({quoted(column)} IS NOT NULL) NOT VALID;",
            ),
            backward=(drop,),
            before=(no_null(on, column),),
            locks=exclusive(on.name),
            phase=Phase.MIGRATE,
            releases=releases,
        ),
        PlanStep(
            name=f"{prefix}validate-{column}",
            title=f"Check that every row has {column}",
            forward=(f"ALTER TABLE {on.name} VALIDATE CONSTRAINT {quoted(check)};",),
            before=(no_null(on, column),),
            verify=(valid,),
            locks=beside_writers(on.name),
            back="nothing to do",
            no_way_back="a check that passed may stay",
            phase=Phase.MIGRATE,
            releases=releases,
        ),
        PlanStep(
            name=f"{prefix}not-null-{column}",
            title=f"Make {column} NOT NULL; the CHECK spares the scan",
            phase=Phase.MIGRATE,
            releases=releases,
            forward=(f"ALTER TABLE {on.name} ALTER COLUMN {quoted(column)} SET NOT NULL;",),
            backward=(f"ALTER TABLE {on.name} ALTER COLUMN {quoted(column)} DROP NOT NULL;",),
            before=(valid,),
            verify=(is_not_null,),
            locks=exclusive(on.name),
        ),
        # By itself: its way back would be a scan, and the way back of the first step does without it.
        PlanStep(
            name=f"{prefix}tidy-{column}",
            title=f"Drop the CHECK that {column} does not need any more",
            phase=Phase.MIGRATE,
            releases=releases,
            forward=(drop,),
            before=(is_not_null,),
            locks=exclusive(on.name),
            back="nothing to do",
            no_way_back="NOT NULL says the same",
        ),
    )


def safely_not_null(on: TableTarget, column: str) -> tuple[str, ...]:
    """Statements that make a column NOT NULL again, each in its own transaction."""
    check = safe_name(on.name.name, column, suffix="_has_value")
    return (
        f"ALTER TABLE {on.name} ADD CONSTRAINT {quoted(check)} CHECK ({quoted(column)} IS NOT NULL) NOT VALID;",
        f"ALTER TABLE {on.name} VALIDATE CONSTRAINT {quoted(check)};",
        f"ALTER TABLE {on.name} ALTER COLUMN {quoted(column)} SET NOT NULL;",
        f"ALTER TABLE {on.name} DROP CONSTRAINT {quoted(check)};",
    )


def nobody_depends_on(on: TableTarget, column: str) -> tuple[Check, ...]:
    """Whether no view, generated column, policy or trigger body needs a column: what a rename hides, or breaks.

    Views, policies and the like are bound to a column by its number and go on reading it under any name; the body of a
    function is text and fails when it runs (manual 5.15 "Dependency Tracking").
    """
    where = f"refobjid = {regclass(on.name)} AND a.attname = {literal(column)}"
    return (
        Check(
            name=f"no view, policy, function, trigger, publication or generated column uses {column}",
            sql="SELECT count(*) FROM pg_depend AS d JOIN pg_attribute AS a"
            " ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
            " LEFT JOIN pg_attrdef AS g ON d.classid = 'pg_attrdef'::regclass AND g.oid = d.objid"
            f" WHERE d.refclassid = 'pg_class'::regclass AND {where}"
            f" AND (d.classid IN ({', '.join(f'{literal(one)}::regclass' for one in _DEPENDENT)})"
            " OR (g.oid IS NOT NULL AND g.adnum <> a.attnum))"
            " AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE d.classid = 'pg_trigger'::regclass AND t.oid = d.objid"
            " AND t.tgname LIKE 'zzz\\_migsafe\\_%')",
        ),
        Check(
            name=f"no trigger of {on.name} names {column}",
            sql="SELECT count(*) FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid"
            f" WHERE t.tgrelid = {regclass(on.name)} AND NOT t.tgisinternal AND t.tgname NOT LIKE 'zzz\\_migsafe\\_%'"
            f" AND p.prosrc ~ {literal(word_pattern(column))}",
        ),
    )


def quarantine_columns_step(
    on: TableTarget,
    names: Sequence[str],
    *,
    first: Sequence[str] = (),
    back_then: Sequence[str] = (),
    back_rows: Backfill | None = None,
    before: Sequence[Check] = (),
    verify: Sequence[Check] = (),
    role: str = "",
) -> PlanStep:
    """Columns are put out of reach by a rename; nobody may depend on them.

    Args:
        first: statements of the same transaction before the renames.
        back_then: statements of the way back after them.
        back_rows: rows that are written when they are back.
        before, verify: what must hold besides.
        role: as whom writes are tried before it commits; whoever runs the step when empty.
    """
    hidden = {name: quarantined(name) for name in names}
    return PlanStep(
        name=f"quarantine-{names[0]}",
        title=f"Put {_columns(on, names)} out of reach; it can be brought back",
        phase=Phase.CONTRACT,
        part=Part.QUARANTINE,
        forward=(*first, *(_rename(on, name, to) for name, to in hidden.items()), *smoke(on.name, role)),
        backward=(*(_rename(on, to, name) for name, to in hidden.items()), *back_then),
        backward_backfill=back_rows,
        before=(
            *before,
            *(column_exists(on, to, expected=False) for to in hidden.values()),
            *(check for name in names for check in nobody_depends_on(on, name)),
        ),
        verify=(
            *verify,
            *(column_exists(on, name, expected=False) for name in names),
            *(column_exists(on, to) for to in hidden.values()),
        ),
        releases=NEW_ONLY,
        locks=exclusive(on.name),
    )


def purge_columns_step(on: TableTarget, names: Sequence[str]) -> PlanStep:
    """Columns in quarantine are dropped, with their indexes."""
    hidden = [quarantined(name) for name in names]
    dropped = ", ".join(f"DROP COLUMN {quoted(name)}" for name in hidden)
    return PlanStep(
        name=f"purge-{names[0]}",
        title=f"Drop what was {_columns(on, names)}, with its indexes",
        phase=Phase.CONTRACT,
        part=Part.PURGE,
        forward=(f"ALTER TABLE {on.name} {dropped};",),
        before=(
            *(column_exists(on, name) for name in hidden),
            *(check for name in hidden for check in nobody_depends_on(on, name)),
        ),
        verify=tuple(column_exists(on, name, expected=False) for name in hidden),
        releases=NEW_ONLY,
        locks=exclusive(on.name),
        back="impossible",
        point_of_no_return="its values are dropped",
        no_way_back="its values are gone; only a backup has them",
        hold_days=COLUMN_HOLD_DAYS,
    )


def _rename(on: TableTarget, name: str, to: str) -> str:
    return f"ALTER TABLE {on.name} RENAME COLUMN {quoted(name)} TO {quoted(to)};"


def _columns(on: TableTarget, names: Sequence[str]) -> str:
    return " and ".join(f"{on.name}.{quoted(name)}" for name in names)
