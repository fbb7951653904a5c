from __future__ import annotations

import pytest

from lite_scripts import migration
from migsafe.shadow.lite.rebuilds import find_rebuilds


def rebuilt(*ups: str) -> list[tuple[str, str, str]]:
    migrations = [migration(up, name=f"m{number}") for number, up in enumerate(ups, 1)]
    return [(one.migration.id, one.table, one.statement.text.split()[0]) for one in find_rebuilds(migrations)]


NEW_FIRST = "CREATE TABLE n (a); INSERT INTO n SELECT a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;"


@pytest.mark.parametrize(
    "up",
    [
        NEW_FIRST,
        "ALTER TABLE t RENAME TO o; CREATE TABLE t (a); INSERT INTO t (a) SELECT a FROM o; DROP TABLE o;",
        "ALTER TABLE t RENAME TO o1; ALTER TABLE o1 RENAME TO o; CREATE TABLE t (a); INSERT INTO t SELECT a FROM o;"
        "DROP TABLE o;",
        'create table "n" (a); insert into n select * from "T"; drop table T; alter table N rename to "t";',
    ],
)
def test_move_and_copy_in_either_order(up: str) -> None:
    assert [(name, table) for name, table, _ in rebuilt(up)] == [("m1", "t")]


def test_the_copy_may_make_the_table() -> None:
    assert rebuilt("CREATE TABLE n AS SELECT a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;") == [
        ("m1", "t", "CREATE")
    ]


def test_the_steps_may_be_spread_over_migrations() -> None:
    assert rebuilt(*(f"{statement};" for statement in NEW_FIRST.split(";")[:-1])) == [("m2", "t", "INSERT")]


def test_each_copy_counts() -> None:
    assert len(rebuilt(NEW_FIRST + NEW_FIRST, NEW_FIRST.replace(" t", " u"))) == 3


@pytest.mark.parametrize(
    "up",
    [
        "CREATE TABLE n (a); INSERT INTO n SELECT a FROM t; DROP TABLE t;",
        "CREATE TABLE n (a); INSERT INTO n SELECT a FROM t; ALTER TABLE n RENAME TO u; DROP TABLE t;",
        "CREATE TABLE n (a); INSERT INTO n SELECT a FROM t; ALTER TABLE t RENAME TO o; ALTER TABLE n RENAME TO t;",
        "CREATE TABLE n (a); INSERT INTO n VALUES (1); DROP TABLE t; ALTER TABLE n RENAME TO t;",
        "INSERT INTO t SELECT a FROM t;",
        "CREATE TABLE n (a); INSERT INTO n SELECT a FROM t; DROP TABLE n; DROP TABLE t;",
        "ALTER TABLE t RENAME TO u;",
    ],
)
def test_what_is_no_rebuild(up: str) -> None:
    assert rebuilt(up) == []
