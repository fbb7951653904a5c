"""Changes of tables, keys and types: every step beside code of two releases, and every way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from plan_driver import Driver, assert_round_trip
from plan_stories import STORIES

if TYPE_CHECKING:
    from conftest import MakeDatabase
    from plan_stories import Story


@pytest.mark.long
@pytest.mark.parametrize("story", STORIES.values(), ids=list(STORIES))
def test_under_load(story: Story, make_database: MakeDatabase) -> None:
    driver = Driver(make_database(story.setup), story.plan(), story.workload)
    outcome = driver.whole(200)
    outcome.assert_clean()
    assert outcome.total >= 200


@pytest.mark.long
@pytest.mark.parametrize("name", ["change-enum-remove", "move-column", "widen-key", "partition-table"])
def test_way_back_under_load(name: str, make_database: MakeDatabase) -> None:
    story = STORIES[name]
    driver = Driver(make_database(story.setup), story.plan(), story.workload)
    driver.there_and_back(60).assert_clean()


@pytest.mark.parametrize("name", [name for name, story in STORIES.items() if story.returns])
def test_round_trip(name: str, make_database: MakeDatabase) -> None:
    story = STORIES[name]
    assert_round_trip(Driver(make_database(story.setup), story.plan(), story.workload))


def test_every_step_has_a_name_of_its_own() -> None:
    for story in STORIES.values():
        names = [step.name for step in story.plan().steps]
        assert len(names) == len(set(names)), story.kind
