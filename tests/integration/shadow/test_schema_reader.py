"""Reading again only what has changed gives what reading everything gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.parse import read_script
from migsafe.postgres.connection import NO_TIMEOUTS, connect
from migsafe.shadow.execution import run_script
from migsafe.shadow.schema_reader import SchemaReader
from migsafe.shadow.snapshot import compare, take_snapshot
from migsafe.sources import SourceOptions, read_paths
from shared_corpus import CORPUS, POSTGRES_PROJECTS, needs_corpus

if TYPE_CHECKING:
    from collections.abc import Callable

EVERYTHING = (Path(__file__).parents[3] / "fixtures" / "catalogue" / "one_of_everything.sql").read_text("utf-8")

CHANGES = [
    "ALTER TABLE scratch RENAME a TO b",
    "ALTER TABLE scratch ADD COLUMN c text DEFAULT 'x'",
    "ALTER TABLE scratch DROP COLUMN c",
    "CREATE INDEX scratch_b ON scratch (b)",
    "COMMENT ON INDEX scratch_b IS 'x'",
    "ALTER INDEX scratch_b RENAME TO scratch_bb",
    "DROP INDEX scratch_bb",
    "COMMENT ON COLUMN scratch.b IS 'x'",
    "COMMENT ON COLUMN scratch.b IS NULL",
    "COMMENT ON TABLE scratch IS 'x'",
    "COMMENT ON SCHEMA shop IS 'x'",
    "GRANT SELECT ON scratch TO public",
    "GRANT SELECT (b) ON scratch TO public",
    "ALTER TYPE shop.mood ADD VALUE 'calm'",
    "ALTER TYPE shop.mood RENAME VALUE 'calm' TO 'quiet'",
    "ALTER TYPE shop.mood RENAME TO temper",
    "ALTER DOMAIN shop.positive DROP CONSTRAINT above_zero",
    "COMMENT ON TYPE shop.temper IS 'x'",
    "ALTER SEQUENCE shop.ticket INCREMENT 5",
    "ALTER SEQUENCE shop.ticket OWNED BY shop.customer.id",
    "ALTER SEQUENCE shop.ticket OWNED BY NONE",
    "DROP PROCEDURE tidy",
    'ALTER TABLE "Orders" ENABLE TRIGGER check_orders',
    'DROP TRIGGER check_orders ON "Orders"',
    "DROP POLICY own_rows ON shop.customer",
    "CREATE STATISTICS st ON a, b FROM parent",
    "CREATE RULE r AS ON INSERT TO scratch DO NOTHING",
    "DROP RULE r ON scratch",
    "CREATE VIEW sights AS SELECT b FROM scratch",
    "CREATE OR REPLACE VIEW sights AS SELECT b, 1 AS one FROM scratch",
    "ALTER TABLE scratch RENAME b TO renamed_under_a_view",
    "ALTER SCHEMA shop RENAME TO store",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
    "ALTER TABLE scratch ADD COLUMN d int DEFAULT f()",
    "ALTER FUNCTION f() RENAME TO g",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public",
    "CREATE CAST (store.temper AS integer) WITH INOUT",
    "DROP PUBLICATION a_few",
    "DROP EXTENSION hstore CASCADE",
    "CREATE TABLE offspring () INHERITS (scratch)",
    "ALTER TABLE offspring NO INHERIT scratch",
    "DROP TABLE scratch CASCADE",
]


def test_after_each_change(make_database: Callable[[str], str]) -> None:
    with connect(make_database(EVERYTHING), autocommit=True, timeouts=NO_TIMEOUTS) as session:
        reader = SchemaReader(session)
        before = reader.read()
        assert before == take_snapshot(session)
        for change in CHANGES:
            session.execute(change)
            after = reader.read()
            assert compare(after, take_snapshot(session)) == (), change
            assert compare(before, after), f"{change} changes nothing"
            before = after


def test_inside_and_after_a_transaction_that_is_rolled_back(make_database: Callable[[str], str]) -> None:
    with connect(make_database(EVERYTHING), autocommit=True, timeouts=NO_TIMEOUTS) as session:
        reader = SchemaReader(session)
        before = reader.read()
        session.execute("begin; alter table scratch add column c int; drop index shop.customer_tags")
        inside = reader.read()
        assert compare(inside, take_snapshot(session)) == ()
        assert compare(before, inside)
        session.execute("rollback")
        assert reader.read() == before


def test_it_leaves_the_search_path_alone(database: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute("create schema shop; set search_path = shop, public")
        SchemaReader(session).read()
        assert session.query("select current_setting('search_path')") == [("shop, public",)]


@pytest.mark.endurance
@pytest.mark.corpus
@needs_corpus
def test_after_each_migration_of_a_real_history(database: str) -> None:
    (layout,) = read_paths([CORPUS / POSTGRES_PROJECTS["crates.io"]], SourceOptions())
    with connect(database, autocommit=True, timeouts=NO_TIMEOUTS) as session:
        reader = SchemaReader(session)
        for number, migration in enumerate(layout.migrations.migrations):
            assert migration.up is not None
            run_script(session, read_script(migration.up))
            snapshot = reader.read()
            if number % 5 == 0:
                assert compare(snapshot, take_snapshot(session)) == (), migration.id
