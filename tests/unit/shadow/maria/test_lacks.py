from __future__ import annotations

import pytest

from maria_scripts import read
from migsafe.model.script import Direction
from migsafe.mysql.connection import ServerVersion
from migsafe.shadow.maria.lacks import what_is_lacking
from migsafe.shadow.migration import Failure

MARIADB = ServerVersion("MariaDB", (10, 11, 6))
MYSQL = ServerVersion("MySQL", (8, 0, 36))


def failure(code: str, message: str, sql: str = "select 1", *, direction: Direction = Direction.UP) -> Failure:
    script = read(sql, direction=direction)
    return Failure(script.script, script.statements[0], code, message)


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("1273", "Unknown collation: 'utf8mb4_0900_ai_ci'", "it has no collation utf8mb4_0900_ai_ci"),
        ("1115", "Unknown character set: 'gb18030'", "it has no character set gb18030"),
        ("1286", "Unknown storage engine 'ROCKSDB'", "it has no storage engine ROCKSDB"),
        ("1227", "Access denied; you need SUPER", "its account may not: Access denied; you need SUPER"),
        ("1305", "FUNCTION UUID_TO_BIN does not exist", "it has no function UUID_TO_BIN"),
    ],
)
def test_what_a_server_lacks_is_no_fault_of_a_migration(code: str, message: str, expected: str) -> None:
    assert what_is_lacking(failure(code, message), MYSQL, ()) == f"the shadow cannot run it, as {expected}"


def test_syntax_that_only_mysql_takes_is_no_fault_on_mariadb() -> None:
    refused = failure("1064", "You have an error", "alter table t add index i ((lower(a)))")
    assert (what_is_lacking(refused, MARIADB, ()) or "").startswith("MariaDB 10.11.6 does not take what MySQL may")
    assert what_is_lacking(refused, MYSQL, ()) is None


def test_syntax_that_nobody_understands_is_a_fault() -> None:
    assert what_is_lacking(failure("1064", "You have an error", "alter table t wobble"), MARIADB, ()) is None


def test_dropping_a_function_that_is_not_there_is_a_fault() -> None:
    refused = failure("1305", "FUNCTION f does not exist", "drop function f")
    assert what_is_lacking(refused, MYSQL, ()) is None


def test_a_table_that_nobody_makes_comes_from_elsewhere() -> None:
    refused = failure("1146", "Table 'users' doesn't exist")
    expected = "no migration before it makes users: give what production has from elsewhere with --setup"
    assert what_is_lacking(refused, MYSQL, ("create table users_old (id int)",)) == expected
    assert what_is_lacking(refused, MYSQL, ("create table users (id int); drop table users",)) is None


def test_a_table_that_a_way_back_misses_is_its_own_fault() -> None:
    refused = failure("1146", "Table 'users' doesn't exist", direction=Direction.DOWN)
    assert what_is_lacking(refused, MYSQL, ()) is None


def test_another_refusal_is_the_migrations_own() -> None:
    assert what_is_lacking(failure("1060", "Duplicate column name 'a'"), MARIADB, ()) is None
