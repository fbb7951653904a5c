"""What a recipe is: a function of one kind of change, its arguments, and what it knows.

    @dataclass(frozen=True, kw_only=True, slots=True)
    class RenameColumn:
        \"\"\"Give a column another name while old and new code run.\"\"\"

        column: str = argument("The column: table.column.")
        to: str = argument("Its new name.")
        lossy: bool = argument("…", default=False)

    @recipe(ChangeKind.RENAME_COLUMN, examples=("users.name full_name",))
    def rename_column(arguments: RenameColumn, known: Known) -> ChangePlan: …

A field without a default is a word of the command line, one with a default is an option; `bool` is a flag, a tuple of
texts an option that may be said several times. The first line of the class's docstring is what help says.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from migsafe.errors import ExitCode, MigsafeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.model.catalogue import Catalogue
    from migsafe.model.plan import ChangeKind, ChangePlan

_Arguments = TypeVar("_Arguments")

_HELP = "help"


class PlanRefusedError(MigsafeError):
    """No plan can be made that would be safe."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True)
class Known:
    """What a recipe may ask.

    Attributes:
        catalogue: what the migrations of the project build; not to be changed.
        change: the name of the change.
        server_major: the oldest major version of the server that the steps must run on.
    """

    catalogue: Catalogue
    change: str
    server_major: int = 15


def argument(help_text: str, *, default: Any = MISSING) -> Any:
    """A field of a recipe's arguments.

    Args:
        help_text: what it means, one sentence.
        default: without one it must be said.
    """
    # The type of `field` is that of its default; the caller's annotation says what it is.
    return field(default=default, metadata={_HELP: help_text})


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument, as a command line shows it.

    Attributes:
        required: it is a word, not an option.
        repeatable: it may be said several times; its value is a tuple.
        flag: it is said or not; its value is a bool.
        default: what an option says that nobody has given.
    """

    name: str
    help: str
    required: bool
    repeatable: bool
    flag: bool
    default: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A kind of change, and how its plan is made.

    Attributes:
        arguments: a frozen dataclass whose fields are made by `argument`.
        make: arguments and what is known → the plan; raises PlanRefusedError.
        examples: command lines behind `migsafe plan KIND `.
        named: what a change is called when nobody says it, made of arguments: `{column}-to-{to}`; made of the kind and
            the words that must be said where it is empty.
    """

    kind: ChangeKind
    arguments: type
    make: Callable[[Any, Known], ChangePlan]
    examples: tuple[str, ...]
    named: str = ""

    @property
    def summary(self) -> str:
        """What it is for, in one line."""
        return (self.arguments.__doc__ or "").strip().partition("\n")[0]

    def parameters(self) -> Iterator[Argument]:
        """Its arguments, those that must be said first."""
        fields = [_parameter(one) for one in dataclasses.fields(self.arguments)]
        yield from sorted(fields, key=lambda one: not one.required)


#: Every kind that there is a recipe for; the modules of the package fill it as they are imported.
RECIPES: dict[ChangeKind, Recipe] = {}


def recipe(
    kind: ChangeKind, *, examples: tuple[str, ...], named: str = ""
) -> Callable[[Callable[[_Arguments, Known], ChangePlan]], Callable[[_Arguments, Known], ChangePlan]]:
    """Register a function as the recipe of a kind; its first parameter's annotation names the arguments."""

    def register(make: Callable[[_Arguments, Known], ChangePlan]) -> Callable[[_Arguments, Known], ChangePlan]:
        if kind in RECIPES:
            raise ValueError(f"{kind} has a recipe: {RECIPES[kind].make!r}")
        RECIPES[kind] = Recipe(kind, _arguments_of(make), make, examples, named)
        return make

    return register


def recorded(arguments: Any) -> tuple[tuple[str, str], ...]:
    """What a person has said, as a plan keeps it: name and value, one entry for each value."""
    said = ((one.name, getattr(arguments, one.name)) for one in dataclasses.fields(arguments))
    return tuple(
        (name, "true" if value is True else str(value))
        for name, values in said
        for value in (values if isinstance(values, tuple) else (values,))
        if value not in (False, None, "")
    )


def _arguments_of(make: Callable[..., object]) -> type:
    """The class that a recipe's function names as the type of its first parameter; it stands in the same module."""
    written = next(iter(make.__annotations__.values()))
    found = getattr(make, "__globals__", {}).get(written) if isinstance(written, str) else written
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise TypeError(f"{make!r}: the first parameter must be annotated with a dataclass of its module")
    return found


def _parameter(one: dataclasses.Field[Any]) -> Argument:
    return Argument(
        name=one.name,
        help=one.metadata[_HELP],
        required=one.default is MISSING and one.default_factory is MISSING,
        repeatable=str(one.type).startswith("tuple"),
        flag=str(one.type) in {"bool", "<class 'bool'>"},
        default=one.default if isinstance(one.default, str) else "",
    )
