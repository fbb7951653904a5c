"""A contract plan as SQL that can be read, and run by hand where the runner is not at hand: forward, then the way back.

What is not SQL stands in comments. The way back is commented out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.contracts.sheet import title_of
from migsafe.contracts.values import Verdict
from migsafe.plan.migrations import LOCK_TIMEOUT
from migsafe.reporters.neutral import neutral, neutral_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.contracts.sheet import Sheet
    from migsafe.contracts.values import ContractPlan, ContractStep

_CONCURRENTLY = "CONCURRENTLY"


def render_sql(plan: ContractPlan, sheet: Sheet) -> str:
    """The plan as one file; of a blocked one all is a comment."""
    blocked = plan.verdict is Verdict.BLOCKED
    lines = (_commented(line) if blocked else line for line in _lines(plan, sheet))
    return "\n".join(lines).rstrip() + "\n"


def _commented(lines: str) -> str:
    return "\n".join(line if not line or line.startswith("--") else f"-- {line}" for line in lines.split("\n"))


def _lines(plan: ContractPlan, sheet: Sheet) -> Iterator[str]:
    yield from _comment(sheet.title, *sheet.lead)
    yield from _comment(*(f"{name}: {value}" for name, value in sheet.facts))
    yield ""
    yield "\\set ON_ERROR_STOP on"
    number = 0
    for step in plan.steps:
        yield ""
        yield from _step(step, number)
        number += len(step.statements)
    yield ""
    yield from _comment(f"The way back. Point of no return: {plan.point_of_no_return}")
    for step in reversed(plan.steps):
        yield from _back(step)


def _step(step: ContractStep, number: int) -> Iterator[str]:
    yield from _comment(f"{step.name}: {step.title}")
    for check in step.before:
        yield from _comment(f"before ({check.expected}: {check.name}): {check.sql}")
    if step.is_over:
        yield from _comment(f"it is {step.status} here already")
        return
    together = step.transaction
    if together:
        yield "BEGIN;"
    if not any(_CONCURRENTLY in one.sql for one in step.statements):
        yield f"SET {'LOCAL ' if together else ''}lock_timeout = '{LOCK_TIMEOUT}';"
    for at, statement in enumerate(step.statements, number + 1):
        yield from _comment(title_of(statement, at, planned=step.planned is not None))
        yield f"{neutral(statement.sql)};"
    if together:
        yield "COMMIT;"
    for check in step.verify:
        yield from _comment(f"after ({check.expected}: {check.name}): {check.sql}")


def _back(step: ContractStep) -> Iterator[str]:
    if not step.backward:
        yield from _comment(f"{step.name}: no way back: {step.no_way_back or 'nobody has written one'}")
        return
    yield from _comment(f"back from {step.name} ({step.back}):")
    for statement in step.backward:
        yield from (f"-- {line}".rstrip() for line in neutral(f"{statement};").splitlines())
    if step.back_rows:
        yield from _comment(step.back_rows)


def _comment(*lines: str) -> Iterator[str]:
    return (f"-- {neutral_line(line)}".rstrip() for line in lines)
