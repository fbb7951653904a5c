"""What operations are by nature, and what only looks like it."""

from __future__ import annotations

import pytest

from migsafe.model.phase import Nature
from phase_stories import run

_BEFORE = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE users (id bigint PRIMARY KEY, name varchar(50) NOT NULL DEFAULT '', age integer, email text UNIQUE);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);
CREATE VIEW names AS SELECT name FROM users;
CREATE SEQUENCE numbers;
"""


def _natures(sql: str) -> list[Nature]:
    return [act.nature for act in run({"1": _BEFORE, "2": sql}).chapters[1].acts if act.nature is not Nature.NEUTRAL]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE teams (id bigint PRIMARY KEY)",
        "ALTER TABLE users ADD COLUMN full_name text",
        "ALTER TABLE users ADD COLUMN level integer NOT NULL DEFAULT 1",
        "ALTER TABLE users ADD COLUMN number bigserial NOT NULL",
        "ALTER TABLE users ALTER name DROP NOT NULL",
        "ALTER TABLE users ALTER age SET DEFAULT 1",
        "ALTER TABLE users ALTER name TYPE varchar(100)",
        "ALTER TABLE users ALTER name TYPE text",
        "ALTER TABLE users ALTER age TYPE bigint",
        "CREATE INDEX CONCURRENTLY users_age ON users (age)",
        "ALTER TYPE mood ADD VALUE 'glad'",
        "CREATE OR REPLACE VIEW names AS SELECT name FROM users",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_what_adds_expands(sql: str) -> None:
    assert _natures(sql) == [Nature.EXPAND]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ALTER age SET NOT NULL",
        "ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 17) NOT VALID",
        "ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users NOT VALID",
        "CREATE UNIQUE INDEX CONCURRENTLY users_name ON users (name)",
        "ALTER TABLE users ADD COLUMN level integer NOT NULL",
        "ALTER TABLE users ALTER name DROP DEFAULT",
        "REVOKE INSERT ON users FROM app",
    ],
)
def test_what_refuses_what_was_accepted_constrains(sql: str) -> None:
    assert _natures(sql) == [Nature.CONSTRAIN]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users DROP COLUMN age",
        "ALTER TABLE users RENAME COLUMN name TO full_name",
        "DROP TABLE orders",
        "ALTER TABLE orders RENAME TO purchases",
        "DROP VIEW names",
        "ALTER TABLE users ALTER name TYPE varchar(10)",
        "ALTER TABLE users ALTER age TYPE text",
        "TRUNCATE users",
        "ALTER TABLE orders SET SCHEMA archive",
        "DROP TRIGGER zzz_migsafe_users_full_name ON users",
    ],
)
def test_what_takes_away_contracts(sql: str) -> None:
    assert _natures(sql) == [Nature.CONTRACT]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users SET age = 1",
        "UPDATE users SET name = email WHERE name IS NULL",
        "INSERT INTO orders SELECT id, id FROM users",
        "ALTER TABLE users VALIDATE CONSTRAINT adult",
    ],
)
def test_what_writes_or_checks_rows_migrates(sql: str) -> None:
    assert _natures(sql) == [Nature.MIGRATE]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO users (id, name) VALUES (1, 'root')",
        "UPDATE users SET age = 1 WHERE id = 7",
        "SET lock_timeout = '1s'",
        "DROP INDEX CONCURRENTLY users_age",
        "ALTER TABLE users DROP CONSTRAINT adult",
        "ALTER TABLE users ALTER age DROP DEFAULT",
        "COMMENT ON TABLE users IS 'people'",
        "ANALYZE users",
        "DROP TRIGGER audit ON users",
        "ALTER TABLE users ADD CONSTRAINT users_name UNIQUE USING INDEX users_name",
    ],
)
def test_what_running_code_does_not_notice_is_neutral(sql: str) -> None:
    assert _natures(sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (id int); DROP TABLE t",
        "CREATE TABLE t (id int, a int); ALTER TABLE t DROP COLUMN a",
        "CREATE TABLE t (id int); ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0)",
        "CREATE TABLE t (id int); INSERT INTO t SELECT id FROM users",
        "ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE users ADD COLUMN a int; CREATE UNIQUE INDEX i ON users (a)",
        "DROP VIEW names; CREATE VIEW names AS SELECT name, age FROM users",
    ],
)
def test_what_the_migration_itself_has_made_is_nobodys_yet(sql: str) -> None:
    assert set(_natures(sql)) <= {Nature.EXPAND}


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ADD COLUMN a int NOT NULL DEFAULT 0; ALTER TABLE users ALTER a DROP DEFAULT",
        "ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ALTER a SET NOT NULL",
        "ALTER TABLE users ADD COLUMN a int DEFAULT 0; ALTER TABLE users ALTER a DROP DEFAULT, ALTER a SET NOT NULL",
        "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD COLUMN a uuid; ALTER TABLE orders ADD PRIMARY KEY (a)",
    ],
)
def test_a_new_column_that_old_inserts_cannot_leave_out_constrains(sql: str) -> None:
    assert _natures(sql)[-1] is Nature.CONSTRAIN


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ADD COLUMN a int DEFAULT 0; ALTER TABLE users ALTER a SET NOT NULL",
        "ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ALTER a SET NOT NULL; "
        "ALTER TABLE users ALTER a SET DEFAULT 0",
        "ALTER TABLE users ADD COLUMN a int DEFAULT 0; ALTER TABLE users ALTER a DROP DEFAULT",
        "ALTER TABLE users ADD COLUMN a bigserial; ALTER TABLE users ALTER a SET NOT NULL",
        "CREATE TABLE t (id int NOT NULL DEFAULT 1); ALTER TABLE t ALTER id DROP DEFAULT",
    ],
)
def test_a_new_column_that_old_inserts_can_leave_out_expands(sql: str) -> None:
    assert set(_natures(sql)) <= {Nature.EXPAND}


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE orders ADD COLUMN a int; CREATE UNIQUE INDEX i ON orders (user_id, a)",
        "ALTER TABLE orders ADD COLUMN a int; ALTER TABLE orders ADD CONSTRAINT u UNIQUE (user_id, a)",
        "ALTER TABLE orders ADD COLUMN a int; "
        "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id, a) REFERENCES other (x, y)",
    ],
)
def test_a_key_with_a_new_column_that_is_null_refuses_nothing(sql: str) -> None:
    assert set(_natures(sql)) == {Nature.EXPAND}


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE orders ADD COLUMN a int DEFAULT 0; CREATE UNIQUE INDEX i ON orders (user_id, a)",
        "ALTER TABLE orders ADD COLUMN a int; CREATE UNIQUE INDEX i ON orders (user_id, a) NULLS NOT DISTINCT",
    ],
)
def test_a_key_with_a_new_column_that_is_filled_refuses_duplicates(sql: str) -> None:
    assert _natures(sql) == [Nature.EXPAND, Nature.CONSTRAIN]


def test_a_default_that_comes_back_after_a_change_of_type_is_not_missed() -> None:
    dance = (
        "ALTER TABLE users ALTER name DROP DEFAULT; ALTER TABLE users ALTER name TYPE varchar(100); "
        "ALTER TABLE users ALTER name SET DEFAULT ''"
    )
    assert _natures(dance) == [Nature.EXPAND, Nature.EXPAND]
