"""What a contract takes away, followed through its renames."""

from __future__ import annotations

import pytest

from migsafe.contracts.taking import Taken, Taking, loses_data
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script

USERS = QualifiedName("users", "public")


def operations(sql: str) -> list:
    script = Script(Direction.UP, sql, SourceText("x.sql", sql), TransactionRule.TOOL, Dialect.POSTGRES)
    return [one for statement in read_script(script).statements for one in statement.operations]


def taking(sql: str) -> Taking:
    found = Taking(Catalogue())
    found.follow(operations(sql))
    return found


def test_a_column_that_is_renamed_and_dropped_is_one() -> None:
    found = taking("ALTER TABLE users RENAME COLUMN name TO _q_name; ALTER TABLE users DROP COLUMN _q_name;")
    assert found.taken == [Taken("column", USERS, "name", None, "_q_name", dropped=True, moved_by=0, dropped_by=0)]


def test_a_table_that_moves_and_is_dropped_is_one() -> None:
    found = taking("ALTER TABLE users SET SCHEMA migsafe_trash; DROP TABLE migsafe_trash.users;")
    (one,) = found.taken
    assert (one.table, one.now_table, one.dropped) == (USERS, QualifiedName("users", "migsafe_trash"), True)


def test_what_takes_the_place_of_something_else_does_not_go() -> None:
    found = taking("ALTER TABLE users RENAME COLUMN id TO id_old; ALTER TABLE users RENAME COLUMN id_new TO id;")
    assert [one.column for one in found.going] == ["id"]


def test_what_migsafe_has_made_for_the_change_is_nothing_that_goes() -> None:
    found = taking("DROP TABLE zzz_migsafe_c_note_gate; ALTER TABLE orders DROP COLUMN note;")
    assert [one.column for one in found.going] == ["note"]


def test_columns_of_two_tables_of_one_name_are_two() -> None:
    found = taking("ALTER TABLE users DROP COLUMN name; ALTER TABLE sales.users DROP COLUMN name;")
    assert [str(one.table) for one in found.taken] == ["public.users", "sales.users"]


def test_other_things_that_go_are_remembered_by_name() -> None:
    found = taking(
        "DROP TRIGGER t ON users; DROP VIEW names; DROP FUNCTION f(); DROP POLICY p ON users;"
        "ALTER TABLE users DROP CONSTRAINT c; DROP INDEX i;"
    )
    assert found.removed >= {"t", "f", "p", "c", "i", "public.names"}
    assert [one.kind for one in found.taken] == ["view"]


def test_what_only_changes_takes_nothing() -> None:
    found = taking("ALTER TABLE users ALTER COLUMN name DROP NOT NULL; CREATE INDEX ON users (name);")
    assert found.taken == []


@pytest.mark.parametrize(
    ("sql", "lost"),
    [
        ("ALTER TABLE users DROP COLUMN name", True),
        ("DROP TABLE users", True),
        ("TRUNCATE users", True),
        ("DELETE FROM users WHERE old", True),
        ("DROP SCHEMA app CASCADE", True),
        ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'users'; END $$", True),
        ("DO $$ BEGIN DROP TABLE users; END $$", True),
        ("FROBNICATE users", True),
        ("ALTER TABLE users RENAME COLUMN name TO n", False),
        ("ALTER TABLE users SET SCHEMA trash", False),
        ("DROP VIEW names", False),
        ("DROP TRIGGER t ON users", False),
        ("DROP INDEX i", False),
        ("ALTER TABLE users DROP CONSTRAINT c", False),
    ],
)
def test_what_loses_data(sql: str, lost: bool) -> None:
    assert loses_data(operations(sql)) is lost
