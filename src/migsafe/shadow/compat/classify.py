"""What two answers to the same query say about it: pure.

One query has at most one breakage by one migration, the one that weighs most: what changes the type of a column
changes parameters, results and executions at once, and is one cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migsafe.shadow.compat.answer import Answer, Refusal, ResultColumn
from migsafe.shadow.compat.query import Breakage, Layer, Query

NOT_NULL_VIOLATION = "23502"
FOREIGN_KEY_VIOLATION = "23503"

#: What a changed schema does to an execution that worked: NOT NULL, CHECK, a value too long, a value of no such type;
#: and a foreign key, which made-up values violate as soon as it is there.
_TELLING = frozenset({NOT_NULL_VIOLATION, "23514", "22001", "22P02", FOREIGN_KEY_VIOLATION})

#: Whose outcome is another at each call, so that a changed outcome need not come from the schema.
_FICKLE = re.compile(
    r"\b(?:random\w*|nextval|gen_random\w*|uuid\w*|clock_timestamp|now|current_\w+|localtime\w*)\b", re.I
)

_WEIGHT = {"breaks": 3, "maybe": 2, "shape": 1}


def classify(query: Query, before: Answer, after: Answer | Refusal) -> Breakage | None:
    """The breakage that weighs most, or None when the query does what it did.

    Args:
        query: the query.
        before: what the server said before; it understood the query.
        after: what it says now; no refusal that is of the server.
    """
    if isinstance(after, Refusal):
        certain = not before.form.guessed
        return Breakage(query, Layer.PARSE, after.sqlstate, after.message, "breaks" if certain else "maybe")
    found = [
        *_plan_failures(query, before, after),
        *_null_failures(query, before, after),
        *_types(query, before, after),
        *_runs(query, before, after),
    ]
    found += _shapes(query, before, after)
    return max(found, key=_weight) if found else None


def _weight(breakage: Breakage) -> tuple[int, bool]:
    return _WEIGHT[breakage.kind], breakage.sqlstate != FOREIGN_KEY_VIOLATION


def _plan_failures(query: Query, before: Answer, after: Answer) -> Iterator[Breakage]:
    """A query that has no plan now and had one: the target of ON CONFLICT, for example, is looked for only then."""
    refusal = after.plan_refusal
    if before.plan_refusal is None and refusal is not None and not refusal.is_of_the_server:
        violates = (refusal.sqlstate or "").startswith("23")
        yield Breakage(query, Layer.PLAN, refusal.sqlstate, refusal.message, "maybe" if violates else "breaks")


def _null_failures(query: Query, before: Answer, after: Answer) -> Iterator[Breakage]:
    """Columns that refuse NULL now and are always given it, where that was no failure before."""
    if after.plan_refusal is not None or before.plan_refusal is not None:
        return
    columns = [column for column in after.nulls if column not in before.nulls]
    if columns and not before.nulls:
        message = f"it gives no value to {', '.join(columns)}, which must have one"
        yield Breakage(query, Layer.PLAN, NOT_NULL_VIOLATION, message, "breaks")


def _types(query: Query, before: Answer, after: Answer) -> Iterator[Breakage]:
    """Other types of parameters and of columns, and columns that are missing: drivers with types of their own fail."""
    changes = [
        f"parameter ${number} was {old} and is {new}"
        for number, (old, new) in enumerate(zip(before.parameters, after.parameters, strict=False), start=1)
        if old != new
    ]
    changes += _column_changes(before.columns, after.columns)
    if changes:
        yield Breakage(query, Layer.PARSE, None, "; ".join(changes), "maybe")


def _column_changes(before: tuple[ResultColumn, ...], after: tuple[ResultColumn, ...]) -> Iterator[str]:
    if [column.name for column in before] == [column.name for column in after]:
        for old, new in zip(before, after, strict=True):
            if old.type != new.type:
                yield f'column "{old.name}" of its result was {old.type} and is {new.type}'
        return
    left = list(after)
    for old in before:
        same_name = [column for column in left if column.name == old.name]
        if not same_name:
            yield f'its result has no column "{old.name}" any more'
            continue
        left.remove(same_name[0])
        if same_name[0].type != old.type:
            yield f'column "{old.name}" of its result was {old.type} and is {same_name[0].type}'


def _runs(query: Query, before: Answer, after: Answer) -> Iterator[Breakage]:
    """Executions that are refused now and were not, or for another reason, if the reason tells something."""
    for old, new in zip(before.runs, after.runs, strict=False):
        if new.refusal is None or new.refusal.sqlstate not in _TELLING:
            continue
        if old.refusal is None or old.refusal.sqlstate != new.refusal.sqlstate:
            certain = not after.parameters and new.refusal.sqlstate != FOREIGN_KEY_VIOLATION
            certain = certain and not _FICKLE.search(before.form.sql)
            yield Breakage(
                query, Layer.EXECUTE, new.refusal.sqlstate, new.refusal.message, "breaks" if certain else "maybe"
            )


def _shapes(query: Query, before: Answer, after: Answer) -> Iterator[Breakage]:
    """Any other difference of the result: a plan that a live connection keeps for it fails with 0A000."""
    if before.columns != after.columns:
        yield Breakage(query, Layer.RESULT, None, _shape(before.columns, after.columns), "shape")


def _shape(before: tuple[ResultColumn, ...], after: tuple[ResultColumn, ...]) -> str:
    names = [column.name for column in before]
    new = [f'"{column.name}"' for column in after if column.name not in names]
    if new:
        return f"its result has {'a new column' if len(new) == 1 else 'new columns'}: {', '.join(new)}"
    narrowed = [
        f'"{old.name}" was {old.full_type} and is {now.full_type}'
        for old, now in zip(before, after, strict=False)
        if old.name == now.name and old.full_type != now.full_type
    ]
    return f"in its result {'; '.join(narrowed)}" if narrowed else "its result has its columns in another order"
