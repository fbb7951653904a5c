"""Which rules run: the default set, or exactly what is selected; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from migsafe.config.nearest import did_you_mean
from migsafe.errors import UsageError
from migsafe.model.finding import Category
from migsafe.model.report import RuleDescriptor
from migsafe.phases.rules import numbered

EVERY_RULE = "all"


class Selectable(Protocol):
    """Whatever has a name and a category, and is described: rules about operations, rules about phases."""

    @property
    def name(self) -> str:
        """Its kebab-case name."""

    @property
    def category(self) -> Category:
        """In which way its hazard hurts."""

    @property
    def descriptor(self) -> RuleDescriptor:
        """Its words."""


R = TypeVar("R", bound=Selectable)


def select_rules(
    rules: Iterable[R], select: Iterable[str], extend_select: Iterable[str], ignore: Iterable[str]
) -> tuple[R, ...]:
    """The rules that run, in the order of `rules`.

    Args:
        select: names, categories or `all`: these run and no others; empty for the default set.
        extend_select: these run besides.
        ignore: these do not run, whatever else is said.

    Raises:
        UsageError: when a word is neither a rule nor a category.
    """
    known = {rule.name: rule for rule in rules}
    wanted = tuple(select)
    chosen = _names(wanted, known) if wanted else {name for name, rule in known.items() if rule.descriptor.default}
    chosen |= _names(extend_select, known)
    chosen -= _names(ignore, known)
    return tuple(rule for name, rule in known.items() if name in chosen)


def asked_for(rules: Iterable[Selectable], select: Iterable[str], extend_select: Iterable[str]) -> frozenset[str]:
    """Names of the rules that somebody asked for: their findings are shown however light they are.

    Raises:
        UsageError: when a word is neither a rule nor a category.
    """
    known = {rule.name: rule for rule in rules}
    return frozenset(_names((*select, *extend_select), known))


def _names(words: Iterable[str], known: Mapping[str, Selectable]) -> set[str]:
    return {name for word in words for name in _matching(word, known)}


def _matching(word: str, known: Mapping[str, Selectable]) -> Iterator[str]:
    """The names that one word stands for."""
    if word in known:
        yield word
    elif (named := numbered(word)) is not None and named in known:
        yield named
    elif word in _CATEGORIES:
        yield from (name for name, rule in known.items() if rule.category == word)
    elif word == EVERY_RULE:
        yield from known
    else:
        hint = did_you_mean(word, [*known, *_CATEGORIES, EVERY_RULE], otherwise="migsafe rules lists them all")
        raise UsageError(f'no rule or category "{word}"', hint=hint)


_CATEGORIES = frozenset(category.value for category in Category)
