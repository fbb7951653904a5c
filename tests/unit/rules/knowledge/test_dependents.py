"""Who depends on what, read from migrations."""

from __future__ import annotations

import pytest

from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import apply
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.rules.knowledge.dependents import of_column, of_key, of_table, of_type

SETUP = """
CREATE TYPE mood AS ENUM ('good');
CREATE TABLE users (
    id int CONSTRAINT users_pk PRIMARY KEY, email text CONSTRAINT users_email UNIQUE, mood mood, moods mood[],
    short text GENERATED ALWAYS AS (left(email, 3)) STORED
);
CREATE TABLE orders (
    id int, user_id int CONSTRAINT by_user REFERENCES users, mail text CONSTRAINT by_mail REFERENCES users (email)
);
CREATE POLICY own ON users USING (email = current_user);
CREATE VIEW ids AS SELECT id FROM users;
CREATE VIEW everything AS SELECT * FROM users;
CREATE MATERIALIZED VIEW mails AS SELECT u.email FROM users u JOIN orders o ON o.user_id = u.id;
CREATE SCHEMA other;
CREATE VIEW other.counted AS SELECT count(*) FROM users;
"""
USERS = QualifiedName("users")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    made = Catalogue()
    script = Script(Direction.UP, SETUP, SourceText("x.sql", SETUP), TransactionRule.TOOL, Dialect.POSTGRES)
    for statement in read_script(script).statements:
        for operation in statement.operations:
            apply(made, operation)
    return made


def test_of_a_column(catalogue: Catalogue) -> None:
    labels = {dependent.label for dependent in of_column(catalogue, USERS, "email")}
    assert labels == {"view everything", "materialized view mails", "generated column short", "policy own"}


def test_of_a_column_that_only_a_star_shows(catalogue: Catalogue) -> None:
    assert [dependent.label for dependent in of_column(catalogue, USERS, "mood")] == ["view everything"]


def test_of_a_column_that_is_not_there(catalogue: Catalogue) -> None:
    assert all(not dependent.certain for dependent in of_column(catalogue, USERS, "missing"))
    assert list(of_column(catalogue, QualifiedName("nowhere"), "id")) == []


def test_of_a_table(catalogue: Catalogue) -> None:
    labels = {dependent.label for dependent in of_table(catalogue, USERS)}
    assert labels == {
        "view ids", "view everything", "materialized view mails", "view other.counted",
        "foreign key by_user of orders", "foreign key by_mail of orders",
    }  # fmt: skip


def test_of_a_type(catalogue: Catalogue) -> None:
    labels = {dependent.label for dependent in of_type(catalogue, QualifiedName("mood"))}
    assert labels == {"column users.mood", "column users.moods"}


def test_of_a_key(catalogue: Catalogue) -> None:
    assert [d.label for d in of_key(catalogue, USERS, "users_email")] == ["foreign key by_mail of orders"]
    assert "foreign key by_user of orders" in [d.label for d in of_key(catalogue, USERS, "users_pk")]
    assert list(of_key(catalogue, USERS, "nothing")) == []
