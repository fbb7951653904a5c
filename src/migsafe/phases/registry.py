"""Rules about phases register themselves, as the rules about single operations do.

A *requirement* is held against an act that takes something away or forbids it; what it gives is an entry of evidence of
that act's finding. A *check* looks at the whole story, and what it finds is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Evidence, Severity
from migsafe.model.phase import Nature
from migsafe.model.report import RuleDescriptor
from migsafe.rules.docstring import describe

if TYPE_CHECKING:
    from migsafe.phases.story import Case, Remark, Story

_DOCS_URL = "https://github.com/migsafe/migsafe/blob/main/docs/rules/"

Result = Literal["pass", "fail", "unknown"]
Ask = Callable[["Case"], "Iterable[Evidence]"]
Look = Callable[["Story"], "Iterator[Remark]"]


@dataclass(frozen=True, slots=True)
class PhaseRule:
    """A rule about phases.

    Attributes:
        number: its short name, for example `XR04`; empty for one that has none.
        natures: of which acts it is required; empty for a check.
        only: the operations that it is about; all of these natures, save those that have a rule of their own, when
            empty.
        weighs: what a failed requirement makes of its finding; of a check, how heavy its remarks are at most.
    """

    number: str
    descriptor: RuleDescriptor
    natures: frozenset[Nature] = frozenset()
    only: frozenset[str] = frozenset()
    weighs: Literal["error", "warning", "info"] = "error"
    ask: Ask | None = None
    look: Look | None = None

    def concerns(self, operation: str) -> bool:
        """Whether it is about an operation."""
        return operation in self.only if self.only else operation not in _OF_THEIR_OWN

    @property
    def severity(self) -> Severity:
        """How heavy it is at most."""
        return Severity(self.weighs)

    @property
    def name(self) -> str:
        """Its kebab-case name."""
        return self.descriptor.name

    @property
    def category(self) -> Category:
        """Always `phase`."""
        return self.descriptor.category


_RULES: dict[str, PhaseRule] = {}

#: Operations of which something else is asked than of all others of their nature: nobody's code names a trigger.
_OF_THEIR_OWN = frozenset({"drop-trigger"})


def requirement(
    number: str, *natures: Nature, only: tuple[str, ...] = (), weighs: Literal["error", "warning"] = "error"
) -> Callable[[Ask], Ask]:
    """Register what is required of acts of some natures; its name is the function's, with dashes.

    Args:
        only: the operations that it is about, where it is not about all.
        weighs: what it makes of a finding when it fails.

    Raises:
        ValueError: when the name is taken, or the docstring lacks one of its parts.
    """

    def register(ask: Ask) -> Ask:
        _add(PhaseRule(number, _descriptor(number, ask), frozenset(natures), frozenset(only), weighs, ask=ask))
        return ask

    return register


def check(number: str, *, weighs: Literal["error", "warning", "info"] = "error") -> Callable[[Look], Look]:
    """Register a check of the whole story; its name is the function's, with dashes.

    Raises:
        ValueError: when the name is taken, or the docstring lacks one of its parts.
    """

    def register(look: Look) -> Look:
        _add(PhaseRule(number, _descriptor(number, look), weighs=weighs, look=look))
        return look

    return register


def registered() -> list[PhaseRule]:
    """Those that have registered so far, in the order of their numbers."""
    return sorted(_RULES.values(), key=lambda one: one.number)


def evidence_of(ask: Ask, result: Result, text: str, *, source: str, place: str = "") -> Evidence:
    """One entry, under the name of the requirement that it is asked by."""
    return Evidence(rule=_name(ask), result=result, source=source, place=place, text=text)


def _add(one: PhaseRule) -> None:
    if one.name in _RULES:
        raise ValueError(f"two rules are called {one.name}")
    _RULES[one.name] = one


def _name(function: Callable[..., object]) -> str:
    return function.__name__.replace("_", "-")


def _descriptor(number: str, function: Callable[..., object]) -> RuleDescriptor:
    text = describe(function)
    name = _name(function)
    return RuleDescriptor(
        name=name,
        category=Category.PHASE,
        summary=f"{text.summary} ({number})" if number else text.summary,
        why=text.why,
        instead=text.instead,
        fine=text.fine,
        source=text.source,
        dialects=tuple(Dialect),
        default=True,
        url=f"{_DOCS_URL}{name}.md",
    )
