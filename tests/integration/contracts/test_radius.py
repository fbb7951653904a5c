"""What Postgres says of what is around a column, a table or a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.contracts.around import Around, sought_for
from migsafe.contracts.taking import Taken
from migsafe.model.names import QualifiedName
from migsafe.postgres.connection import connect
from migsafe.postgres.live import glance
from migsafe.postgres.radius import RadiusRows, Sought, read_radius

if TYPE_CHECKING:
    from collections.abc import Callable

SETUP = """
CREATE SCHEMA "Sales";
CREATE TABLE "Sales"."Order" (
    id bigint PRIMARY KEY, "select" text DEFAULT 'x' NOT NULL UNIQUE, other text,
    long text GENERATED ALWAYS AS (upper("select")) STORED,
    CONSTRAINT not_empty CHECK ("select" <> '')
);
CREATE TABLE lines (order_id bigint REFERENCES "Sales"."Order" (id), word text REFERENCES "Sales"."Order" ("select"));
CREATE INDEX both_of_them ON "Sales"."Order" (other, "select");
CREATE INDEX in_an_expression ON "Sales"."Order" (lower("select"));
CREATE INDEX in_a_predicate ON "Sales"."Order" (other) WHERE "select" IS NULL;
CREATE INDEX of_another ON "Sales"."Order" (other);
CREATE VIEW reading AS SELECT "select" FROM "Sales"."Order";
CREATE VIEW counting AS SELECT count(*) FROM "Sales"."Order";
CREATE FUNCTION named() RETURNS text LANGUAGE plpgsql
    AS 'BEGIN RETURN (SELECT max("select") FROM "Sales"."Order"); END';
CREATE FUNCTION whole(row_of "Sales"."Order") RETURNS int LANGUAGE sql AS 'SELECT 1';
GRANT SELECT ("select") ON "Sales"."Order" TO PUBLIC;
CREATE PUBLICATION of_columns FOR TABLE "Sales"."Order" (id, other);
CREATE TABLE events (at date NOT NULL, kind text) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE INDEX events_kind ON events (kind);
CREATE VIEW kinds AS SELECT kind FROM events_1;
"""
COLUMN = Sought("Sales", "Order", "select")


@pytest.fixture
def shop(make_database: Callable[[str], str]) -> str:
    return make_database(SETUP)


def read(dsn: str, *sought: Sought, search_path: str = "public") -> RadiusRows:
    with connect(dsn, autocommit=True) as session:
        session.query("select set_config('search_path', %s, false)", (search_path,))
        with glance(session):
            found = read_radius(session, sought)
            assert session.query("show search_path") == [(search_path,)]
        return found


def test_a_column(shop: str) -> None:
    rows = read(shop, COLUMN)
    (thing,) = rows.things
    assert (thing.number, thing.type, thing.not_null, thing.default) == (2, "text", True, "'x'::text")
    assert {(one.kind, one.name) for one in rows.dependents} == {
        ("generated column", "long"),
        ("view", "public.reading"),
    }
    indexes = {one.name: (one.unique, one.shared) for one in rows.indexes}
    assert indexes == {
        '"Sales"."Order_select_key"': (True, False),
        '"Sales".both_of_them': (False, True),
        '"Sales".in_a_predicate': (False, True),
        '"Sales".in_an_expression': (False, True),
    }
    assert {(one.name, one.inbound) for one in rows.constraints} == {
        ("not_empty", False),
        ("Order_select_key", False),
        ("lines_word_fkey", True),
    }
    assert [one.name for one in rows.functions] == ["public.named()"]
    assert [(one.role, one.privileges) for one in rows.grants] == [("PUBLIC", "SELECT")]
    assert rows.publications == (), "the publication leaves it out"


def test_a_table(shop: str) -> None:
    rows = read(shop, Sought("Sales", "Order"))
    assert {(one.kind, one.name) for one in rows.dependents} == {
        ("view", "public.reading"),
        ("view", "public.counting"),
        ("function", 'public.whole("Sales"."Order")'),
    }
    assert {one.name for one in rows.constraints if one.inbound} == {"lines_word_fkey", "lines_order_id_fkey"}
    assert [one.name for one in rows.publications] == ["of_columns"]


def test_names_have_their_schema_whatever_the_search_path_is(shop: str) -> None:
    taken = (Taken("column", QualifiedName("Order", "Sales"), "select"),)
    facts = {
        Around(taken, read(shop, *sought_for(taken), search_path=path)).facts()
        for path in ("public", '"Sales", public', "pg_catalog")
    }
    assert len(facts) == 1


def test_partitions_come_and_go_without_a_trace_in_the_fingerprint(shop: str) -> None:
    taken = (Taken("table", QualifiedName("events", "public")),)
    before = Around(taken, read(shop, *sought_for(taken)))
    with connect(shop, autocommit=True) as session:
        session.execute("CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')")
    after = Around(taken, read(shop, *sought_for(taken)))
    assert after.facts() == before.facts()
    assert [one.name for one in after.radius()[0].facts if one.kind == "partitions"] == ["2"]


def test_what_is_not_there_and_nothing_at_all(shop: str) -> None:
    assert read(shop, Sought("public", "nowhere"), Sought("Sales", "Order", "nothing")).things == ()
    assert read(shop).things == ()


def test_the_order_of_the_question_is_kept(shop: str) -> None:
    rows = read(shop, Sought("public", "nowhere"), COLUMN, Sought("public", "events"))
    assert [one.place for one in rows.things] == [1, 2]
    assert {one.place for one in rows.indexes} == {1, 2}


def test_what_stands_beside_it(shop: str) -> None:
    names = dict(read(shop).surroundings)
    assert {'"Sales"."Order"', "public.events", "public.lines"} <= names.keys()
    assert "public.events_1" not in names, "a partition is a matter of the day"
