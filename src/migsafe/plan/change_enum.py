"""Change the values of an enum: add one in place; take one away, or rename it, by way of a second column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import one_line
from migsafe.errors import UsageError
from migsafe.model.names import QualifiedName
from migsafe.model.operation import CheckConstraint
from migsafe.model.phase import Phase
from migsafe.model.plan import ChangeKind, ChangePlan, Check, PlanStep
from migsafe.plan import promises
from migsafe.plan.dependents import code_steps
from migsafe.plan.indexes import constraint_is_valid
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.sql import literal, quoted, safe_name
from migsafe.plan.synced import NewColumn, Synced
from migsafe.plan.targets import find_column, new_column_name
from migsafe.plan.wording import beside_writers, exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.catalogue import EnumType
    from migsafe.plan.targets import ColumnTarget

_LITERAL = re.compile(r"'(?P<text>(?:[^']|'')*)'(?:::[\w.\" ]+)?\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeEnum:
    """Add a value to an enum, or take one away or rename it, while old and new code run."""

    column: str = argument("A column of the enum type: table.column.")
    add: str = argument("A value to add to the type, for all of its columns.", default="")
    before: str = argument("The value before which the new one sorts; after all others when left out.", default="")
    remove: str = argument("A value that is to go.", default="")
    replace_by: str = argument("The value that rows get which have the one that goes.", default="")
    rename: str = argument("A value that gets another name.", default="")
    to: str = argument("Its new name.", default="")
    new_column: str = argument("The column that new code uses; not for --add.", default="")
    text: bool = argument("Make the new column text with a CHECK, whose values are easy to change.", default=False)


@dataclass(frozen=True, slots=True)
class _Values:
    """Values before and after: what old becomes, and what new becomes for old code."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    gone: str
    instead: str
    both_ways: bool


@recipe(
    ChangeKind.CHANGE_ENUM,
    examples=(
        "orders.status --add shipped",
        "orders.status --remove lost --replace-by cancelled --new-column state",
        "orders.status --rename canceled --to cancelled --new-column state --text",
    ),
)
def change_enum(arguments: ChangeEnum, known: Known) -> ChangePlan:
    """ADD VALUE is done in place, and for good: no statement takes a value away again. RENAME VALUE breaks whatever
    runs, and another type in place rewrites the table (PostgreSQL 15–18 manual, ALTER TYPE; ALTER TABLE, "SET DATA
    TYPE"), so both go by way of a second column that is kept in step."""
    target = find_column(arguments.column, known.catalogue)
    enum = _enum_of(target, known)
    asked = [name for name in ("add", "remove", "rename") if getattr(arguments, name)]
    if len(asked) != 1:
        raise UsageError("say one of --add, --remove and --rename", hint="one change of values makes one plan")
    if asked == ["add"]:
        return _adding(arguments, target, enum, known)
    return _replacing(arguments, target, enum, known)


def _adding(arguments: ChangeEnum, target: ColumnTarget, enum: EnumType, known: Known) -> ChangePlan:
    if arguments.add in enum.values:
        raise PlanRefusedError(f"{enum.name} has the value {literal(arguments.add)} already")
    if arguments.before and arguments.before not in enum.values:
        raise PlanRefusedError(f"{enum.name} has no value {literal(arguments.before)}")
    name, value = target.on.spelt(enum.name), literal(arguments.add)
    place = f" BEFORE {literal(arguments.before)}" if arguments.before else ""
    step = PlanStep(
        name=f"add-{arguments.add}",
        title=f"Add {value} to {name}",
        phase=Phase.EXPAND,
        forward=(f"ALTER TYPE {name} ADD VALUE IF NOT EXISTS {value}{place};",),
        transaction=False,
        verify=(_has_value(name, arguments.add),),
        locks="none on tables",
        back="impossible",
        point_of_no_return="the value is added; one that nobody uses harms nobody",
        no_way_back="Postgres cannot take a value from an enum; one that nobody uses harms nobody",
    )
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.CHANGE_ENUM,
        objects=(str(name),),
        arguments=recorded(arguments),
        steps=(step,),
        code=(
            f"first: deploy code that can read {value} from every column of {name}, and does not write it",
            f"after that runs everywhere: deploy code that writes {value}",
        ),
        promises=(f"code that runs beside the new one does not fail when it reads {value} (SQLAlchemy's Enum does)",),
    )


def _replacing(arguments: ChangeEnum, target: ColumnTarget, enum: EnumType, known: Known) -> ChangePlan:
    if not arguments.new_column:
        raise UsageError("new code needs a column of its own", hint="say --new-column NAME")
    values = _values(arguments, enum)
    _refuse_mentions(target, values.gone, known)
    new = new_column_name(arguments.new_column, target.on)
    old_type = target.on.spelt(enum.name)
    new_type = None if arguments.text else old_type.renamed(safe_name(enum.name.name, new))
    synced = Synced(
        on=target.on,
        known=known,
        old=(target.column,),
        new=(
            NewColumn(
                name=new,
                type=str(new_type or "text"),
                not_null=not target.column.nullable,
                default=_default(target, values, new_type),
            ),
        ),
        up=((new, _mapped(target.name, values.gone, values.instead, new_type)),),
        down=(
            (
                target.name,
                _mapped(new, values.instead if values.both_ways else "", values.gone, old_type),
            ),
        ),
        twins=True,
    )
    synced.refuse_what_cannot_be()
    steps = list(synced.steps())
    if new_type is None:
        contract = next(at for at, step in enumerate(steps) if step.phase is Phase.CONTRACT)
        steps[contract:contract] = _check_steps(target, new, values.new)
    else:
        steps.insert(0, _type_step(new_type, values.new))
    lost = (
        ()
        if values.both_ways
        else (f"rows with {literal(values.gone)} count as {literal(values.instead)} for new code",)
    )
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.CHANGE_ENUM,
        objects=(str(target), f"{target.on.name}.{quoted(new)}"),
        arguments=recorded(arguments),
        steps=tuple(steps),
        code=code_steps(target, (new,), known.catalogue),
        promises=(*lost, *promises.of_backfill(target.on, known.catalogue), promises.of_explicit_null((new,))),
    )


def _type_step(name: QualifiedName, values: tuple[str, ...]) -> PlanStep:
    return PlanStep(
        name=f"make-{name.name}",
        title=f"Make the type {name}",
        phase=Phase.EXPAND,
        forward=(f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, values))});",),
        backward=(f"DROP TYPE {name};",),
        before=(
            Check(
                name=f"no type is called {name}",
                sql=f"SELECT count(*) FROM (SELECT to_regtype({literal(str(name))})) AS named (it)"
                " WHERE it IS NOT NULL",
            ),
        ),
        locks="none on tables",
    )


def _check_steps(target: ColumnTarget, column: str, values: tuple[str, ...]) -> Iterator[PlanStep]:
    table = target.on.name
    name = safe_name(table.name, column, suffix="_check")
    yield PlanStep(
        name=f"restrict-{column}",
        title=f"Refuse values of {column} that are not among the known ones",
        phase=Phase.MIGRATE,
        forward=(
            f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)}\n"
            f"    CHECK ({quoted(column)} IN ({', '.join(map(literal, values))})) NOT VALID;",
        ),
        backward=(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {quoted(name)};",),
        locks=exclusive(table),
    )
    yield PlanStep(
        name=f"validate-{name}",
        title=f"Check that every row obeys {name}",
        phase=Phase.MIGRATE,
        forward=(f"ALTER TABLE {table} VALIDATE CONSTRAINT {quoted(name)};",),
        verify=(constraint_is_valid(target.on, name),),
        locks=beside_writers(table),
        back="nothing to do",
        no_way_back="a check that passed may stay",
    )


def _values(arguments: ChangeEnum, enum: EnumType) -> _Values:
    renames = bool(arguments.rename)
    gone, instead = (arguments.rename, arguments.to) if renames else (arguments.remove, arguments.replace_by)
    if not instead:
        hint = "say --to VALUE" if renames else "say --replace-by VALUE: what rows become that have it"
        raise UsageError(f"what becomes of {literal(gone)} is not said", hint=hint)
    if gone not in enum.values:
        raise PlanRefusedError(f"{enum.name} has no value {literal(gone)}", hint=f"it has {', '.join(enum.values)}")
    if renames == (instead in enum.values):
        what = "has a value {} already" if renames else "has no value {}"
        raise PlanRefusedError(f"{enum.name} {what.format(literal(instead))}", hint=f"it has {', '.join(enum.values)}")
    new = tuple(instead if value == gone else value for value in enum.values if renames or value != gone)
    return _Values(enum.values, new, gone, instead, renames)


def _mapped(column: str, gone: str, instead: str, to: QualifiedName | None) -> str:
    """The value of a column in another type, where one value becomes another; nothing is mapped without `gone`."""
    as_text = f"{quoted(column)}::text"
    value = f"CASE {as_text} WHEN {literal(gone)} THEN {literal(instead)} ELSE {as_text} END" if gone else as_text
    return f"({value})::{to}" if to is not None else value


def _default(target: ColumnTarget, values: _Values, new_type: QualifiedName | None) -> str | None:
    if target.column.default is None:
        return None
    found = _LITERAL.match(one_line(target.column.default))
    if found is None:
        raise PlanRefusedError(
            f"the default of {target} is {one_line(target.column.default)}, which is no plain value",
            hint="give it a plain default first",
        )
    text = found["text"].replace("''", "'")
    value = literal(values.instead if text == values.gone else text)
    return value if new_type is None else f"{value}::{new_type}"


def _enum_of(target: ColumnTarget, known: Known) -> EnumType:
    data_type = target.column.type
    name = QualifiedName(data_type.name, data_type.schema) if data_type else None
    enum = known.catalogue.enum(name) if name else None
    if enum is None or (data_type is not None and data_type.dimensions):
        raise PlanRefusedError(
            f"{target} is {data_type or 'of an unknown type'}, which is no enum that the migrations make",
            hint="migsafe plan change-type changes other types",
        )
    return enum


def _refuse_mentions(target: ColumnTarget, gone: str, known: Known) -> None:
    """Conditions are copied to the new column as they are: one that names the value would fail, or mean another."""
    for index in known.catalogue.indexes_of(target.on.table.name):
        if index.where is not None and target.name in index.where.columns and literal(gone) in index.where.text:
            raise PlanRefusedError(f"the index {index.name.name} names {literal(gone)}", hint="change it first")
    for constraint in target.on.table.constraints.values():
        definition = constraint.definition
        if isinstance(definition, CheckConstraint) and literal(gone) in definition.expression.text:
            raise PlanRefusedError(f"the constraint {constraint.name} names {literal(gone)}", hint="change it first")


def _has_value(name: QualifiedName, value: str) -> Check:
    return Check(
        name=f"{name} has the value {value}",
        sql="SELECT count(*) FROM pg_enum"
        f" WHERE enumtypid = {literal(str(name))}::regtype AND enumlabel = {literal(value)}",
        expected="1",
    )
