"""What counts as a difference of two schemas on MySQL, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from maria_scripts import build
from migsafe.shadow.differences import classify, differences_between
from migsafe.shadow.maria.snapshot import take_snapshot

if TYPE_CHECKING:
    from migsafe.shadow.maria.server import ThrowawayMaria

PARENT = "create table p (id int primary key);"


def said(server: ThrowawayMaria, before: str, after: str) -> list[str]:
    snapshots = []
    for sql in (before, after):
        name = build(server, sql)
        with server.connect(name) as session:
            snapshots.append(take_snapshot(session, name))
    return [f"{loss.severity}: {loss.predicate}" for loss in classify(differences_between(*snapshots))]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("create table t (a integer default null)", "create table t (a int)"),
        ("create table t (id int primary key auto_increment)", "create table t (id serial, primary key (id));"
         "alter table t drop key id, modify id int auto_increment"),
        ("create table t (id int auto_increment primary key)", "create table t (id int auto_increment primary key)"
         " auto_increment = 90; insert into t values ()"),
        ("create table t (a int check (a > 0))", "create table t (a int check (a>0))"),
        (f"{PARENT} create table t (a int, constraint f foreign key (a) references p (id))",
         f"{PARENT} create table t (a int, constraint f foreign key (a) references p (id) on delete restrict)"),
        ("create table t (a int); create view v as select a from t", "create table t (a int); create view v as\n"
         " select t.a AS a from t"),
    ],
)  # fmt: skip
def test_the_same_in_other_words_is_no_difference(maria: ThrowawayMaria, before: str, after: str) -> None:
    assert said(maria, before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("create table t (a int, b int)", "create table t (a int)", "error: does not bring back the column t.b"),
        ("create table t (a int)", "", "error: does not bring back the table t"),
        ("create table t (a int)", "create table t (a bigint)",
         "error: leaves t.a as bigint(20) (it was int(11))"),
        ("create table t (a varchar(9))", "create table t (a varchar(5))",
         "warning: leaves t.a as varchar(5) (it was varchar(9))"),
        ("create table t (a int default 3)", "create table t (a int)",
         "warning: leaves t.a without its default 3"),
        ("create table t (a int not null)", "create table t (a int)", "warning: leaves t.a without its NOT NULL"),
        ("create table t (a int, key one (a))", "create table t (a int)",
         "warning: does not bring back the index one on t"),
        ("create table t (a int, key one (a))", "create table t (a int, key two (a))",
         "warning: leaves one under another name (two)"),
        ("create table t (a int, unique one (a))", "create table t (a int, key one (a))",
         "error: does not bring back the unique constraint one on t"),
        ("create table t (a int primary key)", "create table t (a int not null)",
         "error: does not bring back the primary key t.PRIMARY on t"),
        ("create table t (id int auto_increment primary key)", "create table t (id int primary key)",
         "warning: leaves t.id with another numbering"),
        ("create table t (a timestamp null on update current_timestamp)", "create table t (a timestamp null)",
         "warning: leaves t.a with another on update"),
        ("create table t (a char(3)) character set utf8mb4", "create table t (a char(3) character set latin1)",
         "warning: leaves t.a with another collation"),
        ("create table t (a int) engine innodb", "create table t (a int) engine myisam",
         "warning: leaves the relation t with another engine"),
        ("create table t (a int, b int)", "create table t (b int, a int)",
         "info: leaves the columns of t in another order"),
        ("create table t (a int, constraint c check (a > 0))", "create table t (a int, constraint c check (a > 1))",
         "error: leaves the constraint c as CHECK (`a` > 1) (it was CHECK (`a` > 0))"),
        (f"{PARENT} create table t (a int, constraint f foreign key (a) references p (id) on delete cascade)",
         f"{PARENT} create table t (a int, constraint f foreign key (a) references p (id))",
         "error: leaves the constraint f without ON DELETE CASCADE"),
        ("create table t (a int); create trigger x before insert on t for each row set new.a = 1",
         "create table t (a int)", "error: does not bring back the trigger x on t"),
        ("create function f(n int) returns int deterministic return n",
         "create function f(n int) returns int deterministic return n + 1",
         "warning: leaves the function f with another body"),
        ("create procedure f() select 1", "", "error: does not bring back the procedure f"),
    ],
)  # fmt: skip
def test_differences_are_said_with_their_weight(maria: ThrowawayMaria, before: str, after: str, expected: str) -> None:
    assert expected in said(maria, before, after)
