from __future__ import annotations

import pytest

from lite_scripts import database
from migsafe.shadow.differences import classify
from migsafe.shadow.lite.snapshot import affinity, differences_between, take_snapshot

PARENT = "create table p (id integer primary key);"


def said(before: str, after: str) -> list[str]:
    with database(before) as old, database(after) as new:
        found = differences_between(take_snapshot(old), take_snapshot(new))
    return [f"{loss.severity}: {loss.kind}: {loss.predicate}" for loss in classify(found)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("create table t (a int default (0), b text)", 'CREATE TABLE "t" ( [a] INT DEFAULT 0 , `b` TEXT )'),
        ("create table t (a int default null)", "create table t (a int)"),
        ("create table t (a int constraint one check (a > 0))", "create table t (a int, check (a>0))"),
        ("create table t (a int); create index i on t (a asc)", "create table t (a int); create index i on t(a)"),
        ("create view v as select 1", "create view v as\n  SELECT 1 -- one"),
        (f"{PARENT} create table t (a int references p)", f"{PARENT} create table t (a int references P (id))"),
        (
            f"{PARENT} create table t (a int references p)",
            f"{PARENT} create table t (a int, foreign key (a) references p(id) on delete no action)",
        ),
        ("create table t (a varchar(3))", "create table t (a VARCHAR(3))"),
        ("create table t (a int); alter table t rename to u", "create table u (a int)"),
        ("create table t (a int, b int); alter table t drop column b", "create table t (a int)"),
    ],
)
def test_what_nobody_notices_is_no_difference(before: str, after: str) -> None:
    assert said(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("create table t (a int)", "", "error: lost table: does not bring back the table t"),
        ("", "create table t (a int)", "warning: left table: leaves behind the table t"),
        ("create view v as select 1", "", "error: lost view: does not bring back the view v"),
        (
            "create table t (a int)",
            "create table t (a text)",
            "error: changed type: leaves t.a as TEXT (it was INT)",
        ),
        (
            "create table t (a varchar(3))",
            "create table t (a char(9))",
            "info: changed declared type: leaves t.a as CHAR(9) (it was VARCHAR(3))",
        ),
        (
            "create table t (a int not null)",
            "create table t (a int)",
            "warning: changed nullability: leaves t.a without its NOT NULL",
        ),
        (
            "create table t (a text default current_timestamp)",
            "create table t (a text default 'CURRENT_TIMESTAMP')",
            "warning: changed default: leaves t.a with the default 'CURRENT_TIMESTAMP' (it was current_timestamp)",
        ),
        (
            "create table t (a int, b int)",
            "create table t (b int, a int)",
            "info: changed column order: leaves the columns of t in another order",
        ),
        (
            "create table t (a integer primary key autoincrement)",
            "create table t (a integer primary key)",
            "warning: changed numbering: leaves t.a without AUTOINCREMENT",
        ),
        (
            "create table t (a text collate nocase)",
            "create table t (a text)",
            "warning: changed collation: leaves t.a with another collation",
        ),
        (
            "create table t (a int not null primary key) without rowid",
            "create table t (a int not null primary key)",
            "warning: changed relation: leaves the relation t with another table option",
        ),
        (
            "create table t (a int, unique (a))",
            "create table t (a int)",
            "error: lost unique constraint: does not bring back the unique constraint t(a) on t",
        ),
        (
            "create table t (a int check (a > 0))",
            "create table t (a int)",
            "error: lost check constraint: does not bring back the check constraint a > 0 on t",
        ),
        (
            f"{PARENT} create table t (a int references p on delete cascade)",
            f"{PARENT} create table t (a int references p)",
            "error: changed action: leaves the constraint t(a) to p without ON DELETE CASCADE",
        ),
        (
            f"{PARENT} create table t (a int references p deferrable initially deferred)",
            f"{PARENT} create table t (a int references p)",
            "error: changed action: leaves the constraint t(a) to p without DEFERRABLE and INITIALLY DEFERRED",
        ),
        (
            "create table t (a int); create unique index i on t (a)",
            "create table t (a int)",
            "error: lost index: does not bring back the index i on t",
        ),
        (
            "create table t (a int); create index i on t (a)",
            "create table t (a int); create index j on t (a)",
            "warning: changed name: leaves i under another name (j)",
        ),
        (
            "create table t (a int); create trigger r after insert on t begin select 1; end",
            "create table t (a int)",
            "error: lost trigger: does not bring back the trigger r on t",
        ),
    ],
)
def test_a_difference_is_said_once(before: str, after: str, expected: str) -> None:
    assert said(before, after) == [expected]


def test_what_stands_in_a_lost_table_is_lost_with_it() -> None:
    whole = "create table t (a int unique check (a > 0)); create index i on t (a);"
    whole += "create trigger r after insert on t begin select 1; end"
    assert said(whole, "") == ["error: lost table: does not bring back the table t"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("INT", "INTEGER"),
        ("bigint unsigned", "INTEGER"),
        ("FLOATING POINT", "INTEGER"),
        ("VARCHAR(255)", "TEXT"),
        ("CLOB", "TEXT"),
        ("", "BLOB"),
        ("blob", "BLOB"),
        ("DOUBLE PRECISION", "REAL"),
        ("DECIMAL(10,5)", "NUMERIC"),
        ("DATETIME", "NUMERIC"),
        ("STRING", "NUMERIC"),
    ],
)
def test_affinity_as_the_manual_says(declared: str, expected: str) -> None:
    assert affinity(declared) == expected
