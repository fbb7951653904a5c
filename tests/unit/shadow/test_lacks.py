from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.shadow.lacks import made_by_nobody, missing_role, what_is_lacking
from migsafe.shadow.migration import Failure

SCRIPT = Script(Direction.UP, "", SourceText("m.sql", ""), TransactionRule.TOOL, Dialect.POSTGRES)


def failure(sqlstate: str, message: str) -> Failure:
    return Failure(SCRIPT, None, sqlstate, message)


@pytest.mark.parametrize(
    ("sqlstate", "message", "words"),
    [
        ("0A000", 'extension "postgis" is not available', "it has no extension postgis"),
        ("42704", 'role "app" does not exist', "it has no role app"),
        ("3D000", 'database "shop" does not exist', "it has no database shop"),
        ("42501", "permission denied to create extension", "its role may not: permission denied to create extension"),
        ("0A000", "ICU is not supported in this build", "it was built without ICU"),
    ],
)
def test_what_the_server_lacks(sqlstate: str, message: str, words: str) -> None:
    assert (what_is_lacking(failure(sqlstate, message)) or "").endswith(words)


@pytest.mark.parametrize(
    ("sqlstate", "message", "extension"),
    [
        ("42704", 'operator class "gin_trgm_ops" does not exist for access method "gin"', "pg_trgm"),
        ("42883", "function uuid_generate_v4() does not exist", "uuid-ossp"),
        ("42704", 'type "citext" does not exist', "citext"),
        ("42704", 'type "public.geometry" does not exist', "postgis"),
    ],
)
def test_an_extension_that_somebody_made_by_hand(sqlstate: str, message: str, extension: str) -> None:
    assert f"creates the extension {extension}," in (what_is_lacking(failure(sqlstate, message)) or "")


@pytest.mark.parametrize(
    ("sqlstate", "message"),
    [
        ("42704", 'type "animal" does not exist'),
        ("42883", "function touch() does not exist"),
        ("42704", 'constraint "a" of relation "b" does not exist'),
        ("42P01", 'relation "role" does not exist'),
        ("0A000", "cannot alter type of a column used by a view or rule"),
        ("42701", 'role "app" does not exist'),
    ],
)
def test_what_is_the_migration_s_own_fault(sqlstate: str, message: str) -> None:
    assert what_is_lacking(failure(sqlstate, message)) is None


def test_the_role_that_is_missing() -> None:
    assert missing_role(failure("42704", 'role "My App" does not exist')) == "My App"
    assert missing_role(failure("42704", 'type "role" does not exist')) is None


@pytest.mark.parametrize(
    ("message", "history", "lacking"),
    [
        ('relation "metrics" does not exist', ["CREATE TABLE runs (id int)"], True),
        ('relation "app.metrics" does not exist', [], True),
        ('relation "metrics" does not exist', ["CREATE TABLE metrics (id int)", "DROP TABLE metrics"], False),
        ('relation "metrics" does not exist', ["CREATE TABLE my_metrics (id int)"], True),
        ('column "metrics" does not exist', [], False),
    ],
)
def test_a_relation_that_no_migration_names_comes_from_elsewhere(
    message: str, history: list[str], lacking: bool
) -> None:
    assert (made_by_nobody(failure("42P01", message), history) is not None) is lacking
