"""Option types: choices that know what was meant, and names of rules that the shell completes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from migsafe.errors import UsageError
from migsafe.shadow.options import MOST_JOBS

if TYPE_CHECKING:  # generic since click 8.2 only
    _Choice = click.Choice[str]
    _ParamType = click.ParamType[str]
    _JobType = click.ParamType[int | None]
else:
    _Choice, _ParamType, _JobType = click.Choice, click.ParamType, click.ParamType

_DIGITS = 4


class NearestChoice(_Choice):
    """A choice whose error says in one line what is allowed and, as a hint, what was probably meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The choice that `value` names.

        Raises:
            UsageError: when it names none.
        """
        if value in self.choices:
            return str(value)
        from migsafe.config.nearest import did_you_mean  # on the way of an error only

        option = param.opts[0] if param else "option"
        message = f"option {option} is {value}; it must be one of {', '.join(self.choices)}"
        several = param is not None and param.multiple and set(str(value).split(",")) <= set(self.choices)
        hint = f"repeat {option} for each" if several else did_you_mean(str(value), self.choices)
        raise UsageError(message, hint=hint)


class RuleName(_ParamType):
    """A rule's name; with `categories` also a category's. Whether it exists is for the linter to say."""

    name = "name"

    def __init__(self, *, categories: bool = False) -> None:
        self._categories = categories

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names that begin with what was typed; the last one of a comma list."""
        from migsafe import api

        before, comma, last = incomplete.rpartition(",")
        helps: Mapping[str, str] = {name: rule.descriptor.summary for name, rule in api.rules().items()}
        names = [*helps, *(dict.fromkeys(r.category.value for r in api.rules().values()) if self._categories else ())]
        return [
            CompletionItem(f"{before}{comma}{name}", help=helps.get(name, "category"))
            for name in names
            if name.startswith(last)
        ]


class JobCount(_JobType):
    """How many jobs: a number from 1, or `auto`, which is None."""

    name = "number"
    AUTO = "auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """The number.

        Raises:
            UsageError: when it is none, or there cannot be so many.
        """
        if value is None or value == self.AUTO:
            return None
        text = str(value)
        number = int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else 0
        if not 1 <= number <= MOST_JOBS:
            raise UsageError(f"option --jobs is {text}; it must be {self.AUTO}, or a number from 1 to {MOST_JOBS}")
        return number
