"""Snapshots of a database that has one of everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.postgres.connection import connect
from migsafe.shadow.snapshot import ObjectKey, compare, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.postgres.connection import Session

EVERYTHING = (Path(__file__).parents[3] / "fixtures" / "catalogue" / "one_of_everything.sql").read_text("utf-8")

CHANGES = [
    ("CREATE SCHEMA x", {"added schema x"}),
    ("ALTER TABLE parent ALTER a DROP NOT NULL", None),
    ("ALTER TABLE scratch ALTER a SET DEFAULT 1", {"changed column public.scratch.a default"}),
    ("ALTER TABLE scratch RENAME a TO b", None),
    ("ALTER TABLE scratch SET (fillfactor = 70)", {"changed relation public.scratch options"}),
    ("COMMENT ON COLUMN scratch.a IS 'x'", {"changed column public.scratch.a comment"}),
    ("GRANT SELECT ON scratch TO public", {"changed relation public.scratch privileges"}),
    ('ALTER TABLE "Orders" VALIDATE CONSTRAINT late', None),
    ("DROP INDEX shop.customer_tags", {"removed index shop.customer_tags"}),
    ("ALTER TYPE shop.mood ADD VALUE 'calm'", {"changed type shop.mood values"}),
    ("ALTER DOMAIN shop.positive DROP CONSTRAINT above_zero", {"removed constraint shop.positive.above_zero"}),
    ("ALTER SEQUENCE shop.ticket INCREMENT 5", {"changed sequence shop.ticket increment"}),
    ("DROP PROCEDURE tidy", {"removed function public.tidy()"}),
    ('ALTER TABLE "Orders" ENABLE TRIGGER check_orders', {'changed trigger public."Orders".check_orders enabled'}),
    ("DROP POLICY own_rows ON shop.customer", {"removed policy shop.customer.own_rows"}),
    ("CREATE STATISTICS st ON a, b FROM parent", {"added statistics public.st"}),
    ("CREATE RULE r AS ON INSERT TO scratch DO NOTHING", {"added rule public.scratch.r"}),
    ("DROP EXTENSION hstore CASCADE", None),
    ("DROP PUBLICATION a_few", {"removed publication a_few"}),
    ("CREATE CAST (shop.mood AS integer) WITH INOUT", {"added cast shop.mood as integer"}),
    ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public", {"added default_privileges postgres * r"}),
    ("INSERT INTO parent VALUES (1, 'x')", set()),
]


@pytest.fixture
def dsn(make_database: Callable[[str], str]) -> str:
    return make_database(EVERYTHING)


def changes_of(session: Session, statement: str) -> set[str]:
    before = take_snapshot(session)
    session.execute(statement)
    differences = compare(before, take_snapshot(session))
    return {" ".join(filter(None, (found.kind, str(found.key), found.fact))) for found in differences}


@pytest.mark.parametrize(("statement", "expected"), CHANGES, ids=[statement for statement, _ in CHANGES])
def test_each_kind_of_change_is_seen(statement: str, expected: set[str] | None, dsn: str) -> None:
    """None stands for several differences whose number depends on the server's version."""
    with connect(dsn, autocommit=True) as session:
        seen = changes_of(session, statement)
    assert seen if expected is None else seen == expected


def test_every_kind_of_object_is_named_with_its_schema(dsn: str) -> None:
    with connect(dsn, autocommit=True) as session:
        session.execute("set search_path = shop, public")
        keys = set(take_snapshot(session))
        assert session.query("show search_path") == [("shop, public",)]
    assert {
        ObjectKey("relation", "shop.customer"),
        ObjectKey("relation", 'public."Orders"'),
        ObjectKey("column", "shop.customer", 'Odd "name"'),
        ObjectKey("constraint", "shop.customer", "email_known"),
        ObjectKey("index", "shop.email_known"),
        ObjectKey("function", "shop.price(numeric,text)"),
        ObjectKey("type", "shop.mood"),
    } <= keys
    assert not [key for key in keys if "pg_temp" in key.name or ("hstore" in key.name and key.kind != "extension")]


def test_two_databases_made_alike_have_equal_snapshots(make_database: Callable[[str], str]) -> None:
    snapshots = []
    for padding in ("", "create table first (id int); drop table first;"):
        with connect(make_database(""), autocommit=True) as session:
            session.execute(padding + EVERYTHING)
            snapshots.append(take_snapshot(session))
    assert compare(*snapshots) == ()
    assert len(snapshots[0]) > 50


def test_it_sees_what_its_own_transaction_has_done(dsn: str) -> None:
    with connect(dsn, autocommit=False) as session:
        assert changes_of(session, "DROP TABLE scratch") == {
            "removed relation public.scratch",
            "removed column public.scratch.a",
            "removed trigger public.scratch.emptied",
        }
