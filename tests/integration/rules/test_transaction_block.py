"""What is said to be refused in a transaction block is refused, and its neighbours are not."""

from __future__ import annotations

import pytest

from lint_walks import script
from migsafe.parse import read_script
from migsafe.postgres.connection import StatementFailedError, connect
from migsafe.rules.knowledge.transaction_block import refused_in_transaction

pytestmark = pytest.mark.long

SETUP = """
CREATE TABLE t (id int PRIMARY KEY, a int);
CREATE INDEX t_a ON t (a);
CREATE TABLE p (id int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE MATERIALIZED VIEW mv AS SELECT id FROM t;
CREATE UNIQUE INDEX mv_id ON mv (id);
CREATE TYPE mood AS ENUM ('a');
"""
#: Not in SETUP: a database that has a subscription cannot be dropped before it.
SUBSCRIBE = "CREATE SUBSCRIPTION there CONNECTION 'dbname=gone' PUBLICATION p WITH (connect = false)"
UNSUBSCRIBE = "ALTER SUBSCRIPTION there SET (slot_name = NONE); DROP SUBSCRIPTION there"
REFUSED = [
    "CREATE INDEX CONCURRENTLY i ON t (a)",
    "DROP INDEX CONCURRENTLY t_a",
    "REINDEX INDEX CONCURRENTLY t_a",
    "REINDEX TABLE CONCURRENTLY t",
    "REINDEX SCHEMA public",
    "REINDEX DATABASE",
    "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
    "VACUUM t",
    "VACUUM FULL t",
    "CLUSTER",
    "CREATE DATABASE other",
    "DROP DATABASE other",
    "DROP TABLESPACE other",
    "ALTER SYSTEM SET work_mem = '4MB'",
    "CREATE TABLESPACE other LOCATION '/nowhere'",
    "CREATE SUBSCRIPTION other CONNECTION 'dbname=gone' PUBLICATION p",
]
ALLOWED = [
    "CREATE INDEX i ON t (a)",
    "REINDEX TABLE t",
    "ALTER TABLE p DETACH PARTITION p1",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY mv",
    "ALTER TYPE mood ADD VALUE 'b'",
    "ANALYZE t",
    "TRUNCATE t",
]


def _said(sql: str) -> str | None:
    ((operation,),) = [statement.operations for statement in read_script(script(sql)).statements]
    return refused_in_transaction(operation)


@pytest.mark.parametrize("sql", REFUSED)
def test_the_server_refuses_it_in_a_transaction(sql: str, database: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute(SETUP)
        session.execute("BEGIN")
        with pytest.raises(StatementFailedError) as failure:
            session.execute(sql)
    assert failure.value.sqlstate == "25001"
    assert _said(sql)


@pytest.mark.parametrize("sql", ALLOWED)
def test_the_server_runs_it_in_a_transaction(sql: str, database: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute(SETUP)
        session.execute("BEGIN")
        session.execute(sql)
    assert _said(sql) is None


def test_the_server_refuses_to_drop_a_subscription_with_its_slot_in_a_transaction(database: str) -> None:
    sql = "DROP SUBSCRIPTION there"
    with connect(database, autocommit=True) as session:
        session.execute(SUBSCRIBE)
        try:
            session.execute("BEGIN")
            with pytest.raises(StatementFailedError) as failure:
                session.execute(sql)
            session.execute("ROLLBACK")
        finally:
            session.execute(UNSUBSCRIBE)
    assert failure.value.sqlstate == "25001"
    assert (_said(sql), _said("DROP SUBSCRIPTION IF EXISTS there")) == ("DROP SUBSCRIPTION", "DROP SUBSCRIPTION")
    assert _said("DROP PUBLICATION there") is None
