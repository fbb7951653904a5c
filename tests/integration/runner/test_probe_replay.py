"""Whether a transaction has happened, by what it would have left on a real server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from lint_walks import script
from migsafe.parse import read_script
from migsafe.postgres.catalogue import read_catalogue
from migsafe.postgres.connection import connect
from migsafe.runner.probes import probe_piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.model.operation import Operation
    from migsafe.postgres.connection import Session
    from migsafe.shadow.server import ThrowawayServer

pytestmark = pytest.mark.server

SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE users (id int PRIMARY KEY, email varchar(40), org_id int, name text NOT NULL, m mood,
                    CONSTRAINT named CHECK (id > 0));
ALTER TABLE users ADD CONSTRAINT later CHECK (id < 100) NOT VALID;
CREATE INDEX users_name ON users (name);
CREATE VIEW names AS SELECT name FROM users;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TABLE p (id int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
"""
SEEN = [
    "ALTER TABLE users ADD COLUMN age int",
    "ALTER TABLE users ADD COLUMN n bigserial NOT NULL",
    "ALTER TABLE users DROP COLUMN email",
    "ALTER TABLE users RENAME COLUMN email TO mail",
    "ALTER TABLE users ALTER COLUMN email TYPE text",
    "ALTER TABLE users ALTER COLUMN email SET NOT NULL",
    "ALTER TABLE users ALTER COLUMN name DROP NOT NULL",
    "ALTER TABLE users ALTER COLUMN email SET DEFAULT ''",
    "ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID",
    "ALTER TABLE users ADD UNIQUE (email)",
    "ALTER TABLE users DROP CONSTRAINT named",
    "ALTER TABLE users VALIDATE CONSTRAINT later",
    "ALTER TABLE users RENAME TO people",
    "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
    "CREATE TABLE posts (id serial PRIMARY KEY, body text NOT NULL, user_id int REFERENCES users)",
    "CREATE INDEX users_email ON users (lower(email)) WHERE id > 1",
    "DROP INDEX users_name",
    "DROP VIEW names",
    "CREATE VIEW mails AS SELECT email FROM users",
    "ALTER TYPE mood ADD VALUE 'angry'",
    "CREATE TYPE size AS ENUM ('s', 'm')",
    "CREATE SEQUENCE numbers",
    "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql AS 'select a'",
    "ALTER TABLE p DETACH PARTITION p1",
    "DROP TABLE p",
    "UPDATE users SET email = ''; ALTER TABLE users ADD COLUMN age int; ALTER TABLE users DROP COLUMN org_id",
]
#: What leaves nothing that both sides know.
UNSEEN = [
    "UPDATE users SET email = 'x'",
    "ALTER TABLE users ALTER COLUMN id SET DEFAULT 7; ALTER TABLE users ALTER COLUMN id DROP DEFAULT",
    "GRANT SELECT ON users TO PUBLIC",
    "COMMENT ON TABLE users IS 'people'",
    "DO $$ BEGIN PERFORM 1; END $$",
]


@pytest.fixture(scope="module")
def session(postgres_server: ThrowawayServer, template_of: Callable[[str], str]) -> Iterator[Session]:
    """One database for all: what a test does is rolled back."""
    with connect(postgres_server.dsn(template_of(SETUP)), autocommit=True) as opened:
        yield opened


@contextmanager
def undone(session: Session) -> Iterator[None]:
    session.execute("begin")
    try:
        yield
    finally:
        session.execute("rollback")


def operations(sql: str) -> list[Operation]:
    return [one for statement in read_script(script(sql)).statements for one in statement.operations]


@pytest.mark.parametrize("sql", SEEN)
def test_before_it_is_missing_and_after_it_is_done(session: Session, sql: str) -> None:
    with undone(session):
        before = read_catalogue(session)
        missing = probe_piece(session, operations(sql), before)
        session.execute(sql)
        done = probe_piece(session, operations(sql), before)
    assert (missing.answer.value, done.answer.value) == ("missing", "done"), (missing.text, done.text)


@pytest.mark.parametrize("sql", UNSEEN)
def test_what_leaves_no_trace_is_unknown(session: Session, sql: str) -> None:
    with undone(session):
        before = read_catalogue(session)
        assert probe_piece(session, operations(sql), before).answer.value == "unknown"
        session.execute(sql)
        assert probe_piece(session, operations(sql), before).answer.value == "unknown"


@pytest.mark.parametrize(
    ("asked", "happened"),
    [
        ("ALTER TABLE users ADD COLUMN age int", "ALTER TABLE users ADD COLUMN age text"),
        ("ALTER TABLE users ADD COLUMN age int NOT NULL", "ALTER TABLE users ADD COLUMN age int"),
        ("ALTER TABLE users RENAME COLUMN email TO mail", "ALTER TABLE users ADD COLUMN mail varchar(40)"),
        ("ALTER TABLE users ADD COLUMN a int; DROP INDEX users_name", "DROP INDEX users_name"),
        ("CREATE INDEX i ON users (email)", "CREATE INDEX i ON users (name)"),
    ],
)
def test_another_state_is_said_to_be_neither(session: Session, asked: str, happened: str) -> None:
    with undone(session):
        before = read_catalogue(session)
        session.execute(happened)
        found = probe_piece(session, operations(asked), before)
    assert found.answer.value == "unknown"
    assert "neither" in found.text
