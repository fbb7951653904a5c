"""Rules register themselves: one decorator, and no list anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.operation import BaseOperation
from migsafe.model.report import RuleDescriptor
from migsafe.rules.context import Context
from migsafe.rules.docstring import describe
from migsafe.rules.hazard import Hazard

A = TypeVar("A", bound=BaseOperation)
B = TypeVar("B", bound=BaseOperation)
C = TypeVar("C", bound=BaseOperation)

POSTGRES = (Dialect.POSTGRES,)
EVERY_DIALECT = tuple(Dialect)
#: Where the generated page of each rule stands.
DOCS_URL = "https://github.com/migsafe/migsafe/blob/main/docs/rules/"

Check = Callable[[Any, Context], Iterator[Hazard]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it is called, when it is asked, and the function that answers."""

    descriptor: RuleDescriptor
    severity: Severity
    operations: tuple[type[BaseOperation], ...]
    once_per_project: bool
    check: Check

    @property
    def name(self) -> str:
        """Its kebab-case name, which is the hazard's."""
        return self.descriptor.name

    @property
    def category(self) -> Category:
        """In which way its hazard hurts."""
        return self.descriptor.category


RULES: dict[str, Rule] = {}


class _Register:
    """The decorator with its settings; overloads of `rule` tie the operation's class to the function's annotation."""

    def __init__(
        self,
        category: Category,
        operations: tuple[type[BaseOperation], ...],
        severity: Severity,
        dialects: tuple[Dialect, ...],
        default: bool | None,
        once_per_project: bool,
    ) -> None:
        self.category = category
        self.operations = operations
        self.dialects = dialects
        self.default = not category.is_advice if default is None else default
        self.severity = severity if self.default or not category.is_advice else Severity.INFO
        self.once_per_project = once_per_project

    def __call__(self, check: Check) -> Check:
        name = check.__name__.strip("_").replace("_", "-")
        if name in RULES:
            raise ValueError(f"two rules are called {name}")
        text = describe(check)
        descriptor = RuleDescriptor(
            name=name,
            category=self.category,
            summary=text.summary,
            why=text.why,
            instead=text.instead,
            fine=text.fine,
            source=text.source,
            dialects=self.dialects,
            default=self.default,
            url=f"{DOCS_URL}{name}.md",
        )
        RULES[name] = Rule(descriptor, self.severity, self.operations, self.once_per_project, check)
        return check


@overload
def rule(
    category: Category,
    first: type[A],
    /,
    *,
    severity: Severity = ...,
    dialects: tuple[Dialect, ...] = ...,
    default: bool | None = ...,
    once_per_project: bool = ...,
) -> Callable[[Callable[[A, Context], Iterator[Hazard]]], Callable[[A, Context], Iterator[Hazard]]]: ...
@overload
def rule(
    category: Category,
    first: type[A],
    second: type[B],
    /,
    *,
    severity: Severity = ...,
    dialects: tuple[Dialect, ...] = ...,
    default: bool | None = ...,
    once_per_project: bool = ...,
) -> Callable[[Callable[[A | B, Context], Iterator[Hazard]]], Callable[[A | B, Context], Iterator[Hazard]]]: ...
@overload
def rule(
    category: Category,
    first: type[A],
    second: type[B],
    third: type[C],
    /,
    *,
    severity: Severity = ...,
    dialects: tuple[Dialect, ...] = ...,
    default: bool | None = ...,
    once_per_project: bool = ...,
) -> Callable[[Callable[[A | B | C, Context], Iterator[Hazard]]], Callable[[A | B | C, Context], Iterator[Hazard]]]: ...
def rule(
    category: Category,
    /,
    *operations: type[BaseOperation],
    severity: Severity = Severity.ERROR,
    dialects: tuple[Dialect, ...] = POSTGRES,
    default: bool | None = None,
    once_per_project: bool = False,
) -> Any:
    """Register a rule; its name is the function's, with dashes.

    Args:
        category: in which way the hazard hurts.
        operations: up to three classes of operations that it looks at; `BaseOperation` looks at every operation.
        severity: of its hazards, unless one says otherwise; always info for categories of advice.
        dialects: where the hazard exists.
        default: whether it runs without being selected; by default all but advice do.
        once_per_project: report only the first place, and count the others.

    Raises:
        ValueError: when the name is taken, or the docstring lacks one of its parts.
    """
    return _Register(category, operations, severity, dialects, default, once_per_project)
