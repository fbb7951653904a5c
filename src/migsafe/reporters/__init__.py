"""A report in the form that somebody needs: for people, for programs, for code hosts. One module per form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from migsafe.errors import UsageError
from migsafe.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """How a person wants to see a report; forms for programs take no notice.

    Attributes:
        colour: whether the reader is a terminal that shows colours.
        quiet: one line per finding, and nothing else.
        width: columns of the terminal.
    """

    colour: bool = False
    quiet: bool = False
    width: int = 100


PLAIN = Presentation()


class Renderer(Protocol):
    """What each module of this package offers as `render`."""

    def __call__(self, report: Report, presentation: Presentation = ...) -> str:
        """The whole report, with a line break at its end unless it is empty."""
        ...


#: Name of a form → the module that renders it, imported only when it is asked for.
REPORTERS: Mapping[str, str] = MappingProxyType(
    {name: f"{__name__}.{name}" for name in ("text", "json", "sarif", "github")}
)


def reporter(name: str) -> Renderer:
    """The renderer of a form.

    Raises:
        UsageError: when there is no such form.
    """
    if name not in REPORTERS:
        from migsafe.config.nearest import did_you_mean  # on the way of an error only

        known = ", ".join(REPORTERS)
        raise UsageError(f'no report format "{name}"', hint=did_you_mean(name, REPORTERS, otherwise=f"one of {known}"))
    return cast("Renderer", import_module(REPORTERS[name]).render)
