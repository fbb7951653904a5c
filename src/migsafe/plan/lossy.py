"""Ways there and back that change values: proved not to, or promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.plan import Check
from migsafe.plan.sql import quoted, quoted_list

if TYPE_CHECKING:
    from migsafe.plan.targets import TableTarget
    from migsafe.plan.triggers import Assignments


def proved_both_ways(on: TableTarget, up: Assignments, down: Assignments) -> Check:
    """Whether every row's old values come back as they were, `down(up(old)) = old`."""
    table = quoted(on.name.name)
    old = quoted_list(column for column, _ in down)
    there = ", ".join(f"({expression}) AS {quoted(column)}" for column, expression in up)
    back = ", ".join(f"({expression}) AS {quoted(column)}" for column, expression in down)
    differs = " OR ".join(f"{table}.{quoted(column)} IS DISTINCT FROM back.{quoted(column)}" for column, _ in down)
    return Check(
        name=f"the way there and back changes no value of {old}",
        sql=f"SELECT count(*) FROM (SELECT FROM (SELECT {old} FROM {on.name}) AS {table}"
        f", LATERAL (SELECT {there}) AS there, LATERAL (SELECT {back} FROM (SELECT there.*) AS {table}) AS back"
        f" WHERE {differs} LIMIT 1) AS found",
    )


def promise_of_loss(up: Assignments, down: Assignments) -> tuple[str, ...]:
    """What is lost, and from when on there is no exact way back."""
    new, old = quoted_list(column for column, _ in up), quoted_list(column for column, _ in down)
    return (
        f"what new code writes to {new} may come to {old} changed: from its first write on there is no exact way back",
    )
