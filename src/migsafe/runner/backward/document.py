"""A view of the way back, for programs and for people."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from migsafe.reporters.table import render_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.locks import LockClaim
    from migsafe.runner.backward.steps import BackwardOutcome
    from migsafe.runner.backward.view import StepView

SCHEMA = "migsafe.backward/1"
_NAME = "MIGRATION"


def document(outcome: BackwardOutcome, *, dry_run: bool) -> dict[str, Any]:
    """The members of `migsafe.backward/1`."""
    decision, problem = outcome.view.decision, outcome.problem
    return {
        "dry_run": dry_run,
        "environment": outcome.where.environment,
        "target": outcome.where.target,
        "to": decision.to,
        "verdict": decision.verdict.value,
        "why": list(decision.why),
        "nearest": decision.nearest,
        "point_of_no_return": decision.no_return,
        "steps": [_step(one) for one in outcome.view.steps],
        "taken_back": list(outcome.taken),
        "problem": None
        if problem is None
        else {"message": problem.message, "hint": problem.hint, "exit_code": int(problem.exit_code)},
    }


def render_text(outcome: BackwardOutcome) -> str:
    """A table of the steps, what stands against each, its SQL, and what comes of the whole."""
    decision = outcome.view.decision
    if not outcome.view.steps:
        return f"nothing to take back: {outcome.where} has no step that is newer than {decision.to}\n"
    rows = [
        (one.standing.label, str(one.standing.phase or "-"), one.judged.verdict.value, _spelled(one.locks))
        for one in outcome.view.steps
    ]
    blocks = [render_table(("STEP", "PHASE", "WAY BACK", "LOCKS"), rows)]
    blocks += ["\n".join(_alike(group)) + "\n" for _, group in groupby(outcome.view.steps, key=_reasons)]
    blocks.append("\n".join(_whole(outcome)) + "\n")
    return "\n".join(blocks)


def _reasons(one: StepView) -> tuple[object, ...]:
    """The same for steps of which the same is said, but for their names; steps with SQL are told one by one."""
    unnamed = tuple(why.replace(one.standing.label, _NAME) for why in one.judged.why)
    return (one.judged.verdict, unnamed, one.standing.label if one.way.backward is not None else None)


def _alike(group: Iterable[StepView]) -> Iterator[str]:
    first, *others = group
    if not others:
        yield from _details(first)
        return
    names = f"{first.standing.label} to {others[-1].standing.label}"
    yield f"{len(others) + 1} steps, {names}: {first.judged.verdict.value}"
    yield from (f"  {why.replace(first.standing.label, _NAME)}" for why in first.judged.why)


def _details(one: StepView) -> Iterator[str]:
    yield f"{one.standing.label}: {one.judged.verdict.value}"
    yield from (f"  {why}" for why in one.judged.why)
    if one.way.backward is not None:
        lines = one.way.backward.script.text.splitlines()
        yield from (f"  | {line}" for line in lines if line.strip() and not line.lstrip().startswith("--"))
    if one.way.rows is not None:
        yield f"  then rows of {one.way.rows.table} are copied back in batches"


def _whole(outcome: BackwardOutcome) -> Iterator[str]:
    decision = outcome.view.decision
    yield f"{outcome.where} back to {decision.to}: {decision.verdict.value}"
    yield from (f"  {why}" for why in decision.why)
    if decision.no_return is not None:
        yield f"  point of no return: {decision.no_return}"
    if decision.nearest is not None:
        yield f"  without loss it goes back to {decision.nearest}"


def _step(one: StepView) -> dict[str, Any]:
    standing, judged = one.standing, one.judged
    return {
        "step": standing.label,
        "change": standing.change,
        "phase": standing.phase.value if standing.phase else None,
        "part": standing.part.value if standing.part else None,
        "release": standing.release,
        "status": standing.status.value,
        "schema": judged.schema.value,
        "code": judged.code.value,
        "verdict": judged.verdict.value,
        "why": list(judged.why),
        "sql": one.way.backward.script.text if one.way.backward is not None else None,
        "locks": [{"table": str(claim.table), "mode": str(claim.mode)} for claim in one.locks],
    }


def _spelled(locks: tuple[LockClaim, ...]) -> str:
    return ", ".join(f"{claim.mode} on {claim.table}" for claim in locks) or "-"
