"""How the story is paced where a machine is busy."""

from __future__ import annotations

import pytest

from migsafe.demo.pace import PACES, paced_for

FIELDS = ("step", "soak", "bake", "rate", "visitors", "least", "pause")


@pytest.mark.parametrize("name", PACES)
def test_a_machine_that_opens_the_shop_soon_keeps_its_pace(name: str) -> None:
    assert paced_for(PACES[name], 6.0) == PACES[name]


def test_a_busy_one_hurries_but_has_the_same_people() -> None:
    normal, fast = PACES["normal"], PACES["fast"]
    hurried = paced_for(normal, 6.1)
    assert [getattr(hurried, name) for name in FIELDS] == [getattr(fast, name) for name in FIELDS]
    assert hurried.rows == normal.rows, "they are in the table already"
    assert paced_for(fast, 60.0) == fast


@pytest.mark.parametrize("name", PACES)
def test_the_last_person_has_two_names(name: str) -> None:
    assert PACES[name].rows % 5 == 0
