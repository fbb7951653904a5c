"""A backfill as one statement that any tool can run: batches in the order of a key, a COMMIT after each.

COMMIT in a DO block came with Postgres 11 (manual 41.8 "Transaction Management"); it is refused where the block is not
alone: inside BEGIN, or beside other statements in one simple query. A block that handles an exception may not commit,
so each batch is a block of its own inside of the loop, and COMMIT stands after it.

What each batch keeps:

- `SET LOCAL` again for every batch, because COMMIT ends it. `lock_timeout` bounds how long it waits for one row.
- Rows of `low <= key <= high` that still need it, and no others: a second run finds nothing to do.
- The end is fixed at the start: rows that come later are written by those who write them.
- `row_security = off`: a policy makes it fail, instead of hiding rows from it (manual 5.9 "Row Security Policies").
"""

from __future__ import annotations

from functools import reduce
from textwrap import indent
from typing import TYPE_CHECKING

from migsafe.model.plan import Backfill
from migsafe.plan.sql import dollar_quoted, literal, quoted, quoted_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.model.plan import Check

#: Rows of a batch; a second of locks on them is already long for somebody who waits.
BATCH_ROWS = 1_000

#: Parameters of a batch's transaction; `statement_timeout` would count from the beginning of the whole block.
SETTINGS = (("migsafe.backfill", "on"), ("row_security", "off"), ("lock_timeout", "200ms"))

#: How often a batch that could not get its locks, or was chosen in a deadlock, is tried again, a second apart.
_TRIES = 30


def backfill_block(backfill: Backfill, *, before: Sequence[Check] = (), batch_rows: int = BATCH_ROWS) -> str:
    """The statement.

    Args:
        backfill: what is written.
        before: what must hold before the first batch; the block raises an exception where it does not.
        batch_rows: how many rows of the key's order one transaction looks at.
    """
    lows, highs, lasts = (_variables(backfill, prefix) for prefix in ("low", "high", "last"))
    declared = "\n".join(
        f"    {name} {backfill.table}.{quoted(column)}%TYPE;"
        for names in (lows, highs, lasts)
        for name, column in zip(names, backfill.key, strict=True)
    )
    body = f"""\
DECLARE
{declared}
    migsafe_tries integer := 0;
BEGIN
{_checks(before)}{_settings(backfill)}
    SELECT {_key(backfill)} INTO {", ".join(lows)}
      FROM {backfill.table} ORDER BY {_key(backfill)} LIMIT 1;
    SELECT {_key(backfill)} INTO {", ".join(lasts)}
      FROM {backfill.table} ORDER BY {_key(backfill, " DESC")} LIMIT 1;
    WHILE {lows[0]} IS NOT NULL AND {_row(lows)} <= {_row(lasts)} LOOP
        SELECT {_key(backfill)} INTO {", ".join(highs)}
          FROM (SELECT {_key(backfill)} FROM {backfill.table}
                 WHERE {_row_of(backfill)} >= {_row(lows)}
                 ORDER BY {_key(backfill)} LIMIT {batch_rows}) AS batch
         ORDER BY {_key(backfill, " DESC")} LIMIT 1;
        BEGIN
            {_write(backfill, lows, highs, batch_rows)}
            SELECT {_key(backfill)} INTO {", ".join(lows)}
              FROM {backfill.table} WHERE {_row_of(backfill)} > {_row(highs)}
             ORDER BY {_key(backfill)} LIMIT 1;
            migsafe_tries := 0;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            migsafe_tries := migsafe_tries + 1;
            IF migsafe_tries > {_TRIES} THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(1);
        END;
        COMMIT;
{indent(_settings(backfill), " " * 4)}
    END LOOP;
END"""
    return f"DO {dollar_quoted(body)};"


def guard_block(before: Sequence[Check]) -> str:
    """A statement that fails unless checks pass: a gate that holds whatever tool runs the migration."""
    return f"DO {dollar_quoted('BEGIN' + chr(10) + _checks(before) + 'END')};"


def needs_work(new: Sequence[str], up: Sequence[str]) -> str:
    """Rows that a backfill of new columns may write: none of them has a value, and there is one to be had.

    Never `new IS DISTINCT FROM up(old)`: where the way up loses something, that would hold for rows that new code has
    written, and take their values away.
    """
    empty = " AND ".join(f"{quoted(name)} IS NULL" for name in new)
    filled = " OR ".join(f"({expression}) IS NOT NULL" for expression in up)
    return f"{empty} AND {filled}" if len(up) == 1 else f"{empty} AND ({filled})"


def _variables(backfill: Backfill, prefix: str) -> list[str]:
    return [f"migsafe_{prefix}_{number}" for number, _ in enumerate(backfill.key, 1)]


def _key(backfill: Backfill, suffix: str = "") -> str:
    return ", ".join(quoted(column) + suffix for column in backfill.key)


def _row(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _row_of(backfill: Backfill) -> str:
    return quoted(backfill.key[0]) if len(backfill.key) == 1 else f"({quoted_list(backfill.key)})"


def _settings(backfill: Backfill) -> str:
    return "\n".join(f"    SET LOCAL {name} = {literal(value)};" for name, value in backfill.settings)


def _checks(before: Sequence[Check]) -> str:
    return "".join(
        f"    IF ({check.sql})::text IS DISTINCT FROM {literal(check.expected)} THEN\n"
        f"        RAISE EXCEPTION {literal('not before this holds: ' + check.name.replace('%', '%%'))};\n"
        f"    END IF;\n"
        for check in before
    )


def _write(backfill: Backfill, lows: Sequence[str], highs: Sequence[str], batch_rows: int) -> str:
    if backfill.insert is not None:
        statement = backfill.insert.strip().removesuffix(";")
        places = ((":low", _row(lows)), (":high", _row(highs)), (":rows", str(batch_rows)))
        return reduce(lambda text, place: text.replace(*place), places, statement) + ";"
    assignments = ", ".join(f"{quoted(column)} = {expression}" for column, expression in backfill.assignments)
    batch = f"{_row_of(backfill)} >= {_row(lows)} AND {_row_of(backfill)} <= {_row(highs)}"
    return (
        f"UPDATE {backfill.table} SET {assignments}\n"
        f"             WHERE {batch}\n"
        f"               AND ({backfill.needs_work});"
    )
