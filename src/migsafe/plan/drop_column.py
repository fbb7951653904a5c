"""Drop a column: first code may leave it out, then it is out of reach, and after a while it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.catalogue.replay.mentions import constraint_columns
from migsafe.model.operation import CheckConstraint
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangeKind, ChangePlan, PlanStep
from migsafe.plan import columns
from migsafe.plan.foreign_keys import keys_of
from migsafe.plan.published import SUBSCRIBERS_HELP, published_promises
from migsafe.plan.recipe import Known, argument, recipe, recorded
from migsafe.plan.smoke import ROLE_HELP
from migsafe.plan.sql import quoted
from migsafe.plan.targets import find_column
from migsafe.plan.triggers import refuse_second_change
from migsafe.plan.twins import Twins
from migsafe.plan.wording import NEW_ONLY, exclusive
from migsafe.rules.knowledge.dependents import of_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.plan.targets import ColumnTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class DropColumn:
    """Take a column away that no code uses any more."""

    column: str = argument("The column, as table.column or schema.table.column.")
    role: str = argument(ROLE_HELP, default="")
    subscribers_ready: bool = argument(SUBSCRIBERS_HELP, default=False)


@recipe(ChangeKind.DROP_COLUMN, examples=("users.legacy_flags",))
def drop_column(arguments: DropColumn, known: Known) -> ChangePlan:
    """The plan of a drop.

    Raises:
        UsageError: when the argument is no name.
        PlanRefusedError: when the column is not there, or something that stays is made of it.
    """
    target = find_column(arguments.column, known.catalogue)
    Twins(target.on, target.name, target.name, known.catalogue).refuse_what_has_none(to_drop=True)
    refuse_second_change(target.on, [target.name], known.catalogue)
    published = published_promises(
        target.on, known.catalogue, "let subscribers do without it", ready=arguments.subscribers_ready
    )
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.DROP_COLUMN,
        objects=(str(target),),
        arguments=recorded(arguments),
        steps=tuple(_steps(target, arguments.role, known)),
        code=tuple(_code(target, known)),
        promises=(*published, *_promises(target, known)),
    )


def _steps(target: ColumnTarget, role: str, known: Known) -> Iterator[PlanStep]:
    on, name = target.on, target.name
    if not target.column.nullable and target.column.default is None and target.column.identity is None:
        yield PlanStep(
            name=f"relax-{name}",
            title=f"Let code leave {target} out",
            phase=Phase.EXPAND,
            forward=(f"ALTER TABLE {on.name} ALTER COLUMN {quoted(name)} DROP NOT NULL;",),
            backward=columns.safely_not_null(on, name),
            backward_transaction=False,
            locks=exclusive(on.name),
            point_of_no_return="new code writes the first row without it",
        )
    keys = [one for one in keys_of(on, known.catalogue) if name in one.definition.columns]
    if keys:
        yield PlanStep(
            name=f"release-{name}",
            title=f"Drop what {name} refers to: values that nobody changes any more would hold rows of other tables",
            phase=Phase.CONTRACT,
            part=Part.QUARANTINE,
            forward=tuple(one.drop for one in keys),
            backward=tuple(statement for one in keys for statement in one.restore),
            backward_transaction=False,
            releases=NEW_ONLY,
            locks=exclusive(on.name, *(one.definition.referenced_table for one in keys)),
        )
    yield columns.quarantine_columns_step(on, [name], role=role)
    yield columns.purge_columns_step(on, [name])


def _code(target: ColumnTarget, known: Known) -> Iterator[str]:
    yield f"before the contract: deploy code that neither reads nor writes {target}, also not by SELECT *"
    users = sorted({one.label for one in of_column(known.catalogue, target.on.table.name, target.name)})
    if users:
        yield f"before the contract: let {', '.join(users)} do without it"


def _promises(target: ColumnTarget, known: Known) -> Iterator[str]:
    on, name = target.on, target.name
    for constraint in on.table.constraints.values():
        if isinstance(constraint.definition, CheckConstraint) and name in constraint_columns(constraint.definition):
            yield f"{constraint.name} goes with {target}; until then rows that code writes without it must obey it"
    indexes = sorted(
        index.name.name for index in known.catalogue.indexes_of(on.table.name) if name in index.mentioned_columns
    )
    if indexes:
        yield f"{', '.join(indexes)} go with {target}, whatever other columns they have"
