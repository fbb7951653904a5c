"""What is taken for a rename, and what is not."""

from __future__ import annotations

import pytest

from migsafe.integrations.alembic_sql import operations_of
from migsafe.integrations.renames import likely_renames
from migsafe.model.dialect import Dialect


def renames(up: str, down: str, dialect: Dialect = Dialect.POSTGRES) -> list[str]:
    found = likely_renames(operations_of(up, dialect), operations_of(down, dialect))
    return [rename.headline.removeprefix("likely rename: ") for rename in found]


def recipe(up: str, down: str) -> list[str]:
    (found,) = likely_renames(operations_of(up, Dialect.POSTGRES), operations_of(down, Dialect.POSTGRES))
    return [line.strip() for line in found.recipe()]


UP = "ALTER TABLE users ADD COLUMN full_name varchar(50) NOT NULL; ALTER TABLE users DROP COLUMN name;"
DOWN = "ALTER TABLE users ADD COLUMN name varchar(50) NOT NULL; ALTER TABLE users DROP COLUMN full_name;"


def test_a_column_of_the_same_type_is_a_likely_rename() -> None:
    assert renames(UP, DOWN) == [
        "users.name (character varying(50)) is dropped, and full_name of the same type is added"
    ]


def test_the_order_of_drop_and_add_does_not_matter() -> None:
    up = "ALTER TABLE users DROP COLUMN name; ALTER TABLE users ADD COLUMN full_name varchar(50);"
    assert len(renames(up, DOWN)) == 1


def test_the_recipe_keeps_the_old_column_and_names_everything() -> None:
    assert recipe(UP, DOWN) == [
        "the values of name would be lost, and code that is still running would fail. Instead:",
        "expand    in this revision, only add full_name, as nullable; name stays, in the model too",
        "release code that writes name and full_name, and reads name",
        "migrate   in batches, outside of the migration:",
        "UPDATE users SET full_name = name",
        "WHERE full_name IS NULL AND name IS NOT NULL AND <a range of keys>;",
        "then make full_name NOT NULL, and release code that uses full_name alone",
        "contract  in a later revision, when no running release names name: op.drop_column('users', 'name')",
        "where nothing uses the table yet, a plain rename keeps the values: "
        "op.alter_column('users', 'name', new_column_name='full_name')",
    ]


def test_a_schema_and_odd_names_are_written_as_sql_and_as_python_need_them() -> None:
    lines = recipe(
        'ALTER TABLE app."user" ADD COLUMN "New" int; ALTER TABLE app."user" DROP COLUMN old;',
        'ALTER TABLE app."user" ADD COLUMN old int;',
    )
    assert 'UPDATE app."user" SET "New" = old' in lines
    assert 'then release code that uses "New" alone' in lines
    assert lines[-2].endswith("op.drop_column('user', 'old', schema='app')")
    assert lines[-1].endswith("op.alter_column('user', 'old', new_column_name='New', schema='app')")


@pytest.mark.parametrize(
    ("up", "down"),
    [
        pytest.param(UP, DOWN.replace("varchar(50)", "text"), id="another type"),
        pytest.param(UP, DOWN.replace("varchar(50)", "varchar(60)"), id="another length"),
        pytest.param(UP, DOWN.replace("TABLE users ADD", "TABLE orders ADD"), id="another table"),
        pytest.param(UP, "", id="nobody knows the type"),
        pytest.param(UP.split(";")[0], DOWN, id="nothing is dropped"),
        pytest.param(UP.split(";")[1], DOWN, id="nothing is added"),
        pytest.param(UP.replace("full_name", "name"), DOWN, id="the same name: the column is made anew"),
    ],
)
def test_near_misses_are_not_renames(up: str, down: str) -> None:
    assert renames(up, down) == []


def test_each_column_has_one_partner_the_one_most_like_it() -> None:
    up = "ALTER TABLE t DROP COLUMN street, DROP COLUMN town, ADD COLUMN town_name text, ADD COLUMN street_name text;"
    down = "ALTER TABLE t ADD COLUMN street text, ADD COLUMN town text;"
    assert sorted(renames(up, down)) == [
        "t.street (text) is dropped, and street_name of the same type is added",
        "t.town (text) is dropped, and town_name of the same type is added",
    ]


def test_one_new_column_stands_for_one_old_one_only() -> None:
    up = "ALTER TABLE t DROP COLUMN first_name, DROP COLUMN name, ADD COLUMN full_name text;"
    down = "ALTER TABLE t ADD COLUMN first_name text, ADD COLUMN name text;"
    assert len(renames(up, down)) == 1


CUSTOMERS = "(id bigint PRIMARY KEY, name text);"


def test_a_table_with_the_same_columns_is_a_likely_rename() -> None:
    up = f"CREATE TABLE customers {CUSTOMERS} DROP TABLE clients;"
    assert renames(up, f"CREATE TABLE clients {CUSTOMERS}") == [
        "table clients is dropped, and customers with the same columns is created"
    ]
    lines = recipe(up, f"CREATE TABLE clients {CUSTOMERS}")
    assert lines[-2:] == [
        "contract  in a later revision, when no running release names clients: op.drop_table('clients')",
        "where nothing uses the table yet, a plain rename keeps the rows: op.rename_table('clients', 'customers')",
    ]


@pytest.mark.parametrize(
    "before",
    ["CREATE TABLE clients (id bigint PRIMARY KEY, title text);", "CREATE TABLE clients (id int, name text);", ""],
)
def test_a_table_with_other_columns_is_none(before: str) -> None:
    assert renames(f"CREATE TABLE customers {CUSTOMERS} DROP TABLE clients;", before) == []


@pytest.mark.parametrize(
    ("written", "read_back"),
    [("VARCHAR(9)", "VARCHAR(9)"), ("BOOL", "TINYINT(1)"), ("NUMERIC(10, 2)", "DECIMAL(10, 2)")],
)
def test_mysql_reads_back_some_types_under_another_name(written: str, read_back: str) -> None:
    up = f"ALTER TABLE t ADD COLUMN b {written}; ALTER TABLE t DROP COLUMN a;"
    assert len(renames(up, f"ALTER TABLE t ADD COLUMN a {read_back};", Dialect.MYSQL)) == 1
    assert renames(up, "ALTER TABLE t ADD COLUMN a TINYINT(3);", Dialect.MYSQL) == []
