from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from migsafe.sqlite.connection import Database, StatementRefusedError, linked_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def database() -> Iterator[Database]:
    with Database.open() as opened:
        yield opened


def test_the_version_is_that_of_the_linked_library(database: Database) -> None:
    assert database.query("select sqlite_version()") == [(linked_version(),)]
    assert re.fullmatch(r"3\.\d+\.\d+", linked_version())


def test_a_refusal_says_what_and_why(database: Database) -> None:
    database.execute("create table t (a int not null)")
    with pytest.raises(StatementRefusedError) as refusal:
        database.execute("insert into t values (null)")
    assert (refusal.value.message, refusal.value.code) == (
        "NOT NULL constraint failed: t.a",
        "SQLITE_CONSTRAINT_NOTNULL",
    )


@pytest.mark.parametrize("statement", ["select 1; select 2", "select '\0'", "select '\ud800'"])
def test_what_is_no_statement_is_refused_too(database: Database, statement: str) -> None:
    with pytest.raises(StatementRefusedError):
        database.execute(statement)


def test_transactions_are_only_those_that_are_asked_for(database: Database) -> None:
    database.execute("create table t (a)")
    database.execute("insert into t values (1)")
    assert not database.in_transaction
    database.execute("begin")
    database.execute("create table u (a)")
    assert database.in_transaction
    database.execute("rollback")
    assert database.query("select name from sqlite_master") == [("t",)]


def test_foreign_keys_are_enforced_and_stay_so_inside_of_a_transaction(database: Database) -> None:
    database.run_script("create table t (id integer primary key); create table u (t_id int references t)")
    database.execute("begin")
    database.execute("pragma foreign_keys = off")
    with pytest.raises(StatementRefusedError, match="FOREIGN KEY constraint failed"):
        database.execute("insert into u values (1)")


def test_a_copy_has_the_content_and_a_connection_as_new(database: Database) -> None:
    database.run_script("create table t (a); insert into t values (1); create temp table gone (a)")
    database.execute("pragma foreign_keys = off")
    with database.copy() as copy:
        assert copy.query("select * from t") == [(1,)]
        assert copy.query("select name from sqlite_temp_master") == []
        assert copy.query("pragma foreign_keys") == [(1,)]
        copy.execute("drop table t")
    assert database.query("select * from t") == [(1,)]


@pytest.mark.parametrize(
    "statement",
    ["attach '{file}' as other", "attach ? as other", "vacuum into '{file}'", "pragma temp_store_directory = '{file}'"],
)
def test_a_script_reaches_no_file(database: Database, tmp_path: Path, statement: str) -> None:
    file = tmp_path / "other.db"
    with pytest.raises(StatementRefusedError):
        database.execute(statement.format(file=file))
    assert list(tmp_path.iterdir()) == []


def test_a_script_loads_no_extension(database: Database) -> None:
    with pytest.raises(StatementRefusedError):
        database.execute("select load_extension('anything')")


@pytest.mark.parametrize(
    "statement", ["vacuum", "attach ':memory:' as other", "attach '' as other", "pragma user_version = 3"]
)
def test_what_stays_in_memory_is_allowed(database: Database, statement: str) -> None:
    database.execute(statement)


@pytest.mark.parametrize("name", ["plain", "two words", 'quo"te', "select", "Ünï", "{place}", "x') --"])
def test_names_are_quoted_by_sqlite(database: Database, name: str) -> None:
    database.query_with_names("create table {t} ({c} int)", names={"t": name, "c": name})
    database.query_with_names("insert into {t} ({c}) values (?)", [1], {"t": name, "c": name})
    assert database.query_with_names("select * from {t}", names={"t": name}) == [(1,)]
    assert database.query("select name from sqlite_master") == [(name,)]


def test_stand_ins_go_along_with_copies(database: Database) -> None:
    database.stand_in_for_function("shout")
    database.stand_in_for_collation("german")
    with database.copy() as copy:
        assert copy.query("select shout('a', 2), shout()") == [("a", None)]
        assert copy.query("select 'a' < 'b' collate german, 'b' = 'b' collate german") == [(1, 1)]


def test_text_that_is_no_text_can_be_read(database: Database) -> None:
    assert database.query("select cast(x'ff' as text)") == [("\N{REPLACEMENT CHARACTER}",)]


def test_a_setup_that_fails_says_so(database: Database) -> None:
    with pytest.raises(StatementRefusedError, match="no such table"):
        database.run_script("create table t (a); drop table u")
