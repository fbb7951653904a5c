"""How recipes are registered, and what a command line learns of them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from migsafe.model.plan import ChangeKind, ChangePlan
from migsafe.plan import RECIPES
from migsafe.plan.recipe import Known, Recipe, argument, recipe, recorded


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """What it is for.

    More of it.
    """

    late: str = argument("An option.", default="")
    word: str = argument("A word.")
    many: tuple[str, ...] = argument("Several.", default=())
    said: bool = argument("A flag.", default=False)


def _make(arguments: Sample, known: Known) -> ChangePlan:
    return ChangePlan(change=known.change, kind=ChangeKind.ADD_COLUMN, objects=(arguments.word,), steps=())


def test_parameters() -> None:
    made = Recipe(ChangeKind.ADD_COLUMN, Sample, _make, ("x",))
    assert made.summary == "What it is for."
    assert [(one.name, one.required, one.repeatable, one.flag) for one in made.parameters()] == [
        ("word", True, False, False),
        ("late", False, False, False),
        ("many", False, True, False),
        ("said", False, False, True),
    ]


def test_what_is_recorded() -> None:
    assert recorded(Sample(word="w")) == (("word", "w"),)
    assert recorded(Sample(word="w", many=("a", "b"), said=True)) == (
        ("word", "w"),
        ("many", "a"),
        ("many", "b"),
        ("said", "true"),
    )


def test_one_recipe_for_each_kind() -> None:
    with pytest.raises(ValueError, match="add-column has a recipe"):
        recipe(ChangeKind.ADD_COLUMN, examples=())(_make)


def test_a_recipe_needs_arguments_of_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RECIPES, ChangeKind.ADD_COLUMN)

    def make(arguments: int, known: Known) -> ChangePlan:
        raise NotImplementedError

    with pytest.raises(TypeError, match="must be annotated with a dataclass"):
        recipe(ChangeKind.ADD_COLUMN, examples=())(make)
