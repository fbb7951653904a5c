"""A plan for people: its steps, and for each who may run beside it, its lock, its checks, and the way back."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.plan import ChangePlan, PlanStep

_WIDTH = 110
_LABEL = 15


def explain(plan: ChangePlan) -> str:
    """The table of steps."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: ChangePlan) -> Iterator[str]:
    yield f"{plan.change}: {plan.kind.value} of {', '.join(plan.objects)}"
    for number, step in enumerate(plan.steps, 1):
        yield ""
        yield f"{number}. {_phase(step)}: {step.name}"
        for label, text in _facts(step):
            yield from _labelled(label, text)
    yield from _list("In between", plan.code)
    yield from _list("To be accepted", plan.promises)


def _phase(step: PlanStep) -> str:
    return step.phase.value if step.part is None else f"{step.phase.value} ({step.part.value})"


def _facts(step: PlanStep) -> Iterator[tuple[str, str]]:
    yield "what", step.title
    yield "runs beside", step.releases
    if step.hold_days:
        yield "waits", f"{step.hold_days} days after the step before"
    yield "lock", step.locks or "none that matters"
    for label, checks in (("before", step.before), ("verify", step.verify)):
        if checks:
            yield label, "; ".join(check.name for check in checks)
    yield "way back", step.back
    yield "no return from", step.point_of_no_return or "nowhere"


def _labelled(label: str, text: str) -> Iterator[str]:
    first, *rest = wrap(text, _WIDTH - _LABEL - 3) or [""]
    yield f"   {label:{_LABEL}}{first}"
    yield from (" " * (_LABEL + 3) + line for line in rest)


def _list(title: str, texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number == 0:
            yield ""
            yield f"{title}:"
        first, *rest = wrap(text, _WIDTH - 4)
        yield f"  - {first}"
        yield from (f"    {line}" for line in rest)
