from __future__ import annotations

import pytest

from maria_scripts import read
from migsafe.shadow.maria.outside import find_outside


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("create database shop", "makes or drops whole databases"),
        ("drop schema shop", "makes or drops whole databases"),
        ("set global max_connections = 3", "sets a variable of the whole server"),
        ("set @@global.sql_mode = ''", "sets a variable of the whole server"),
        ("grant select on t to ann", "changes privileges"),
        ("revoke all on *.* from ann", "changes privileges"),
        ("create user ann", "(create user)"),
        ("use other", "(use)"),
        ("flush privileges", "(flush)"),
        ("drop table shop.t", "names the schema shop"),
        ("create table t (a int references shop.p (id))", "names the schema shop"),
        ("insert into t select * from mysql.user", "names the schema mysql"),
        ("alter table t rename to shop.t", "names the schema shop"),
    ],
)
def test_what_reaches_beyond_the_schema_is_found(sql: str, reason: str) -> None:
    found = find_outside(read(f"create table mine (id int);\n{sql};"))
    assert found is not None
    assert found[0].text == sql
    assert reason in found[1]


@pytest.mark.parametrize(
    "sql",
    [
        "create table t (id int primary key, p int references p (id))",
        "set session sql_mode = ''",
        "set @found = (select count(*) from information_schema.columns where table_schema = database())",
        "prepare s from @sql; execute s; deallocate prepare s",
        "lock tables t write; unlock tables",
        "optimize table t",
        "create trigger x before insert on t for each row set new.a = 1",
        "select t.a from t",
    ],
)
def test_what_stays_inside_is_let_alone(sql: str) -> None:
    assert find_outside(read(sql)) is None


def test_a_missing_script_reaches_nowhere() -> None:
    assert find_outside(None) is None
