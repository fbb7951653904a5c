from __future__ import annotations

from collections.abc import Iterator

import pytest

from migsafe.errors import UsageError
from migsafe.lint.selection import asked_for, select_rules
from migsafe.model.finding import Category, Severity
from migsafe.model.operation import BaseOperation
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.registry import Rule
from sample_report import rule as descriptor


def silent(operation: BaseOperation, context: Context) -> Iterator[Hazard]:
    return iter(())


def make(name: str, category: Category, default: bool) -> Rule:
    return Rule(descriptor(name, category, default=default), Severity.ERROR, (BaseOperation,), False, silent)


RULES = (
    make("block", Category.LOCK, True),
    make("block-rarely", Category.LOCK, False),
    make("drop-column", Category.COMPAT, True),
    make("prefer-text", Category.TYPE, False),
)


@pytest.mark.parametrize(
    ("select", "extend", "ignore", "chosen"),
    [
        ([], [], [], ["block", "drop-column"]),
        (["lock"], [], [], ["block", "block-rarely"]),
        (["prefer-text"], [], [], ["prefer-text"]),
        ([], ["type"], [], ["block", "drop-column", "prefer-text"]),
        (["compat"], ["prefer-text"], [], ["drop-column", "prefer-text"]),
        ([], [], ["lock"], ["drop-column"]),
        (["lock"], [], ["block"], ["block-rarely"]),
        (["block"], ["block"], ["block"], []),
        (["all"], [], ["type"], ["block", "block-rarely", "drop-column"]),
        (["style"], [], [], []),
    ],
)
def test_what_is_selected_runs(select: list[str], extend: list[str], ignore: list[str], chosen: list[str]) -> None:
    assert [rule.name for rule in select_rules(RULES, select, extend, ignore)] == chosen


@pytest.mark.parametrize("where", [0, 1, 2])
def test_an_unknown_word_is_told_with_the_nearest_known_ones(where: int) -> None:
    words: list[list[str]] = [[], [], []]
    words[where] = ["drop-colum"]
    with pytest.raises(UsageError, match='no rule or category "drop-colum"') as caught:
        select_rules(RULES, *words)
    assert caught.value.hint == "did you mean drop-column?"


def test_rules_that_somebody_asked_for_are_known_by_name() -> None:
    assert asked_for(RULES, ["type"], ["block"]) == {"prefer-text", "block"}
    assert asked_for(RULES, [], []) == frozenset()
