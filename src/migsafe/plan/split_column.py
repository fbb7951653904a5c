"""Split a column into several, or merge several into one: as a rename, with expressions both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import spell_type
from migsafe.errors import UsageError
from migsafe.model.plan import ChangeKind, ChangePlan
from migsafe.plan import promises
from migsafe.plan.dependents import code_steps
from migsafe.plan.lossy import promise_of_loss, proved_both_ways
from migsafe.plan.published import SUBSCRIBERS_HELP, published_promises
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.smoke import ROLE_HELP
from migsafe.plan.sql import collation, quoted
from migsafe.plan.synced import NewColumn, Synced
from migsafe.plan.targets import ColumnTarget, column_of, find_table, new_column_name
from migsafe.plan.twins import Twins
from migsafe.plan.written import check_expression, read_assignments, read_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from migsafe.model.catalogue import Column
    from migsafe.plan.targets import TableTarget
    from migsafe.plan.triggers import Assignments


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitColumn:
    """Split a column into several, or merge several into one, while old and new code run."""

    table: str = argument("The table.")
    old: tuple[str, ...] = argument("A column that is to go (repeatable).", default=())
    new: tuple[str, ...] = argument(
        "A column that is to come, with its type: 'first_name text' (repeatable).", default=()
    )
    up: tuple[str, ...] = argument("How a new column is made: COLUMN=EXPRESSION (once for each).", default=())
    down: tuple[str, ...] = argument("How an old column is made: COLUMN=EXPRESSION (once for each).", default=())
    required: tuple[str, ...] = argument("A new column that becomes NOT NULL (repeatable).", default=())
    lossy: bool = argument("The way there and back may change values.", default=False)
    role: str = argument(ROLE_HELP, default="")
    subscribers_ready: bool = argument(SUBSCRIBERS_HELP, default=False)


@recipe(
    ChangeKind.SPLIT_COLUMN,
    examples=(
        "users --old name --new 'first text' --new 'last text' --up \"first=split_part(name, ' ', 1)\""
        " --up \"last=split_part(name, ' ', 2)\" --down \"name=concat_ws(' ', first, last)\" --lossy",
    ),
)
def split_column(arguments: SplitColumn, known: Known) -> ChangePlan:
    """The plan of a split or a merge.

    Unless it is said to be lossy, the backfill begins only when every row's old values come back the same.

    Raises:
        UsageError: when an argument cannot be read, or an expression is missing.
        PlanRefusedError: when a column is not there, or cannot be kept in step.
    """
    on = find_table(arguments.table, known.catalogue)
    old = tuple(column_of(on, name) for name in arguments.old)
    new = tuple(_new_column(text, on, arguments.required) for text in arguments.new)
    if not old or not new:
        raise UsageError("a split needs --old and --new", hint="migsafe plan split-column --help has an example")
    sources, targets = [column.name for column in old], [column.name for column in new]
    if unknown := sorted({*arguments.required} - {*targets}):
        raise UsageError(f"--required {unknown[0]} is no new column")
    up = _assignments(arguments.up, "--up", targets, sources, known)
    down = _assignments(arguments.down, "--down", sources, targets, known)
    synced = Synced(
        on=on,
        known=known,
        old=old,
        new=new,
        up=up,
        down=down,
        role=arguments.role,
        proofs=() if arguments.lossy else (proved_both_ways(on, up, down),),
    )
    synced.refuse_what_cannot_be()
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.SPLIT_COLUMN,
        objects=tuple(f"{on.name}.{quoted(name)}" for name in (*sources, *targets)),
        arguments=recorded(arguments),
        steps=synced.steps(),
        code=tuple(
            dict.fromkeys(line for one in old for line in code_steps(ColumnTarget(on, one), targets, known.catalogue))
        ),
        promises=(
            *published_promises(on, known.catalogue, "add the new columns", ready=arguments.subscribers_ready),
            *promises.of_backfill(on, known.catalogue),
            *(promise_of_loss(up, down) if arguments.lossy else ()),
            *_promises_of_rules(on, old, known),
            promises.of_explicit_null(targets),
        ),
    )


def _new_column(text: str, on: TableTarget, required: Sequence[str]) -> NewColumn:
    """What `--new` says: a name and a type, no more: a default would hide from the trigger who has written."""
    definition = read_column(text, on)
    name = new_column_name(quoted(definition.name), on)
    if definition.type is None:
        raise UsageError(f'--new "{text}" says no type')
    if definition.default is not None:
        raise PlanRefusedError(
            f"{name} cannot have a DEFAULT before the contract: no trigger could tell it from what new code writes",
            hint="leave it out, and set it in a change of its own after the contract",
        )
    if definition.not_null or definition.constraints or definition.generated or definition.identity:
        raise PlanRefusedError(f"{name} can only have a type now", hint="say --required for NOT NULL; keys come later")
    collated = f" COLLATE {collation(definition.collation)}" if definition.collation else ""
    return NewColumn(name=name, type=spell_type(definition.type) + collated, not_null=name in required)


def _assignments(
    texts: Sequence[str], option: str, columns: Sequence[str], sources: Sequence[str], known: Known
) -> Assignments:
    """One expression for each column, in the order of the columns."""
    said = dict(read_assignments(texts, option))
    if missing := [name for name in columns if name not in said]:
        raise UsageError(f"{option} does not say how {missing[0]} is made of {', '.join(sources)}")
    if unknown := sorted(set(said) - set(columns)):
        raise UsageError(f"{option} is about {unknown[0]}, which is not among {', '.join(columns)}")
    for expression in said.values():
        check_expression(expression, sources, known.catalogue)
    return tuple((name, said[name]) for name in columns)


def _promises_of_rules(on: TableTarget, old: Iterable[Column], known: Known) -> Iterator[str]:
    """Keys and checks of the old columns, of which no twin can be made by itself."""
    for column in old:
        rules = Twins(on, column.name, column.name, known.catalogue).names()
        if rules:
            yield f"{', '.join(rules)} of {column.name} have no counterpart on the new columns: add what is needed"
