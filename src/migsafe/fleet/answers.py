"""What one database of a fleet would do, in words that do not name it: those that answer alike are told once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migsafe.fleet.outcome import problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.fleet.rings import Settled
    from migsafe.runner.outcome import RunOutcome


def answer_of(settled: Settled[RunOutcome]) -> tuple[str, ...]:
    """What it would do, or why it would not, a line each; its own name is written {target}."""
    own = re.compile(rf"(?<![\w-]){re.escape(settled.target)}(?![\w-])")
    return tuple(own.sub("{target}", line) for line in _lines(settled))


def _lines(settled: Settled[RunOutcome]) -> Iterator[str]:
    problem, value = problem_of(settled), settled.value
    if value is not None:
        yield from value.foreseen()
    if problem is not None:
        yield f"refused: {problem.message}" + (f" ({problem.hint})" if problem.hint else "")
    elif value is None or not value.steps:
        yield "nothing to run"
