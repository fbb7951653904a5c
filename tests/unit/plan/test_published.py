"""Tables of publications."""

from __future__ import annotations

import pytest

from migsafe.plan.published import not_published, publications_of, published_promises
from migsafe.plan.recipe import PlanRefusedError
from migsafe.plan.targets import find_table
from plan_projects import catalogue_of

_SQL = "CREATE TABLE sent (id int); CREATE TABLE kept (id int); CREATE PUBLICATION p FOR TABLE sent;"


def test_subscribers_are_prepared_or_the_plan_is_refused() -> None:
    catalogue = catalogue_of(_SQL)
    sent, kept = (find_table(name, catalogue) for name in ("sent", "kept"))
    assert publications_of(sent, catalogue) == ("p",)
    with pytest.raises(PlanRefusedError) as caught:
        published_promises(sent, catalogue, "add the column", ready=False)
    assert caught.value.hint == "add the column on every subscriber first, and then say --subscribers-ready"
    assert len(published_promises(sent, catalogue, "add the column", ready=True)) == 1
    assert published_promises(kept, catalogue, "add the column", ready=False) == ()


def test_all_tables() -> None:
    catalogue = catalogue_of(_SQL + "CREATE PUBLICATION q FOR ALL TABLES;")
    assert publications_of(find_table("kept", catalogue), catalogue) == ("q",)


def test_the_database_is_asked_unless_they_are_prepared() -> None:
    on = find_table("kept", catalogue_of(_SQL))
    assert len(not_published(on, ready=False)) == 1
    assert not_published(on, ready=True) == ()
