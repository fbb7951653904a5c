"""A rule's docstring, in its fixed parts: the one place where a rule is described."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

_PARTS = ("Why it hurts", "Do instead", "Fine when", "Source")
_HEADING = re.compile(rf"^({'|'.join(_PARTS)}):\s*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Description:
    """The parts of a rule's docstring, each unwrapped to paragraphs."""

    summary: str
    why: str
    instead: str
    fine: str
    source: str


def describe(function: Callable[..., object]) -> Description:
    """Read the docstring of a rule.

    Raises:
        ValueError: when a part is missing, or stands in another order.
    """
    text = inspect.cleandoc(function.__doc__ or "")
    summary, *rest = _HEADING.split(text)
    if tuple(rest[0::2]) != _PARTS:
        raise ValueError(f"{function.__qualname__}: the docstring needs a summary, then {', '.join(_PARTS)}")
    bodies = [_unwrap(body) for body in rest[1::2]]
    if not summary.strip() or not all(bodies):
        raise ValueError(f"{function.__qualname__}: a part of the docstring is empty")
    return Description(_unwrap(summary), *bodies)


def _unwrap(text: str) -> str:
    """Join the lines of each paragraph."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.strip()))
