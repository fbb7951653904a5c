"""Narrow keys that become wide ones."""

from __future__ import annotations

import pytest

from migsafe.plan.recipe import PlanRefusedError
from plan_projects import plan_of

_SQL = """
CREATE TABLE events (id serial PRIMARY KEY, kind text);
CREATE TABLE details (id bigint PRIMARY KEY, event_id int NOT NULL REFERENCES events (id));
CREATE INDEX details_event_idx ON details (event_id, id DESC) INCLUDE (event_id) WHERE event_id > 0;
CREATE TABLE wide (id bigint PRIMARY KEY);
CREATE TABLE pairs (a int, b int, PRIMARY KEY (a, b));
"""


def test_every_table_is_followed_before_any_backfill() -> None:
    names = [step.name for step in plan_of(_SQL, "widen-key", table="events").steps]
    assert names[:4] == ["widen-events", "widen-details", "backfill-events", "backfill-details"]
    assert len(names) == len(set(names))
    assert names[-5:] == ["validate-keys", "swap-id", "analyze-id-again", "purge-events", "purge-details"]


def test_an_index_is_made_twice_with_all_that_it_says() -> None:
    steps = plan_of(_SQL, "widen-key", table="events").steps
    build = next(step for step in steps if step.name == "build-details_event_idx_new")
    assert build.forward == (
        "CREATE INDEX CONCURRENTLY details_event_idx_new ON details USING btree (event_id_new, id DESC)"
        " INCLUDE (event_id_new) WHERE event_id_new > 0;",
    )


def test_the_swap_takes_not_null_from_every_narrow_column() -> None:
    swap = next(step for step in plan_of(_SQL, "widen-key", table="events").steps if step.name == "swap-id")
    assert "ALTER TABLE events ALTER COLUMN id_old DROP NOT NULL;" in swap.forward
    assert "ALTER TABLE details ALTER COLUMN event_id_old DROP NOT NULL;" in swap.forward
    assert sum("CREATE TRIGGER" in statement for statement in swap.forward) == 2
    assert swap.point_of_no_return == "the first value of events.id above 2147483647"


@pytest.mark.parametrize(
    ("table", "more", "message"),
    [
        ("wide", "", "wide.id is bigint, and not a narrow integer"),
        ("pairs", "", "pairs has no primary key of one column"),
        ("events", "CREATE TABLE more (e bigint REFERENCES events);", "more.e is bigint"),
        ("events", "CREATE VIEW v AS SELECT event_id FROM details;", "details.event_id is used by the view v"),
        ("events", "ALTER TABLE events ADD CHECK (id > 0);", "events.id is in the constraint"),
        ("events", "ALTER TABLE events ADD id_new int;", "would need a column id_new"),
        ("events", "CREATE PUBLICATION p FOR TABLE details;", "details is published by p"),
        ("events", "ALTER TABLE details ADD FOREIGN KEY (event_id) REFERENCES wide;", "is in the foreign key"),
        (
            "events",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
            "CREATE TRIGGER zzzz BEFORE INSERT ON details FOR EACH ROW EXECUTE FUNCTION f();",
            "the trigger zzzz fires last",
        ),
        (
            "events",
            "CREATE TABLE one (id int PRIMARY KEY REFERENCES events); CREATE TABLE two (one_id int REFERENCES one);",
            "one.id is itself referred to by the foreign key two_one_id_fkey of two",
        ),
        ("events", "ALTER TABLE details REPLICA IDENTITY USING INDEX details_pkey;", "REPLICA IDENTITY"),
    ],
)
def test_refusals(table: str, more: str, message: str) -> None:
    with pytest.raises(PlanRefusedError, match=message):
        plan_of(_SQL + more, "widen-key", table=table)
