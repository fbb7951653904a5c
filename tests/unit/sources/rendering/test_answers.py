from __future__ import annotations

from typing import Any

import pytest

from lint_walks import walk
from migsafe.model.catalogue import Catalogue
from migsafe.sources.rendering.answers import describe_table, list_relations

SCENE = """
CREATE SCHEMA audit;
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email varchar(80) NOT NULL DEFAULT '',
    CONSTRAINT users_email_key UNIQUE (email), CONSTRAINT short CHECK (length(email) < 50));
CREATE TABLE audit.log (id int, user_id bigint REFERENCES users ON DELETE CASCADE);
CREATE UNIQUE INDEX users_lower ON users (lower(email)) WHERE id > 7;
CREATE VIEW names AS SELECT email FROM users;
CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM users;
CREATE SEQUENCE numbers;
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    walked = walk(SCENE)
    for _ in walked:
        pass
    return walked.context.catalogue


def _table(catalogue: Catalogue, name: str, schema: str | None = None) -> dict[str, Any]:
    described = describe_table(catalogue, schema, name)
    assert described is not None
    return described


def test_columns_are_told_with_types_as_sql(catalogue: Catalogue) -> None:
    identity, email = _table(catalogue, "users")["columns"]
    assert identity == {
        "name": "id",
        "type": "bigint",
        "nullable": False,
        "default": None,
        "identity": "always",
        "generated": None,
    }
    assert (email["type"], email["nullable"], email["default"]) == ("character varying(80)", False, "''")


def test_constraints_are_told_by_kind(catalogue: Catalogue) -> None:
    users = _table(catalogue, "users")
    assert users["primary_key"] == {"name": "users_pkey", "columns": ["id"]}
    assert users["unique"] == [{"name": "users_email_key", "columns": ["email"]}]
    assert users["checks"] == [{"name": "short", "sqltext": "length(email) < 50"}]


def test_a_foreign_key_that_names_no_columns_points_at_the_primary_key(catalogue: Catalogue) -> None:
    (key,) = _table(catalogue, "log", "audit")["foreign_keys"]
    assert key["referred_columns"] == ["id"]
    assert (key["referred_schema"], key["referred_table"], key["on_delete"]) == (None, "users", "CASCADE")


def test_indexes_are_told_with_those_of_constraints(catalogue: Catalogue) -> None:
    indexes = {index["name"]: index for index in _table(catalogue, "users")["indexes"]}
    assert indexes["users_email_key"]["constraint"] == "users_email_key"
    own = indexes["users_lower"]
    assert (own["columns"], own["expressions"], own["where"]) == ([None], ["lower(email)"], "id > 7")


def test_a_table_that_nobody_made_is_none(catalogue: Catalogue) -> None:
    assert describe_table(catalogue, None, "people") is None
    assert describe_table(catalogue, "audit", "users") is None


def test_relations_are_told_by_kind_and_schema(catalogue: Catalogue) -> None:
    here, there = list_relations(catalogue, None), list_relations(catalogue, "audit")
    assert (here["tables"], there["tables"]) == (["users"], ["log"])
    assert (here["views"], here["materialized_views"]) == (["names"], ["counts"])
    assert "numbers" in here["sequences"]
    assert here["enums"] == [{"name": "mood", "values": ["sad", "glad"]}]
    assert here["schemas"] == ["audit", "public"]
