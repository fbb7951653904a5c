"""Which rules run: the default set, or exactly what is selected; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migsafe.config.nearest import did_you_mean
from migsafe.errors import UsageError
from migsafe.model.finding import Category
from migsafe.rules.registry import Rule

EVERY_RULE = "all"


def select_rules(
    rules: Iterable[Rule], select: Iterable[str], extend_select: Iterable[str], ignore: Iterable[str]
) -> tuple[Rule, ...]:
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


def asked_for(rules: Iterable[Rule], select: Iterable[str], extend_select: Iterable[str]) -> frozenset[str]:
    """Names of the rules that somebody asked for: their findings are shown however light they are.

    Raises:
        UsageError: when a word is neither a rule nor a category.
    """
    known = {rule.name: rule for rule in rules}
    return frozenset(_names((*select, *extend_select), known))


def _names(words: Iterable[str], known: dict[str, Rule]) -> set[str]:
    return {name for word in words for name in _matching(word, known)}


def _matching(word: str, known: dict[str, Rule]) -> Iterator[str]:
    """The names that one word stands for."""
    if word in known:
        yield word
    elif word in _CATEGORIES:
        yield from (name for name, rule in known.items() if rule.category == word)
    elif word == EVERY_RULE:
        yield from known
    else:
        hint = did_you_mean(word, [*known, *_CATEGORIES, EVERY_RULE], otherwise="migsafe rules lists them all")
        raise UsageError(f'no rule or category "{word}"', hint=hint)


_CATEGORIES = frozenset(category.value for category in Category)
