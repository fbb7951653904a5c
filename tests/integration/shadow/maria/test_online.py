"""Which changes the server refuses to do in place, seen while a script runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from maria_scripts import build, read, run
from migsafe.shadow.maria.execution import run_script
from migsafe.shadow.maria.online import OnlineProbe

if TYPE_CHECKING:
    from migsafe.shadow.maria.server import ThrowawayMaria

TABLES = "create table p (id int primary key); create table t (id int primary key, a varchar(30), b int, key k (b));"


def refusals(server: ThrowawayMaria, sql: str) -> list[tuple[str, bool, str]]:
    name = build(server, TABLES)
    probe = OnlineProbe(server, {"p", "t"})
    with server.connect(name) as session:
        failure = run_script(session, read(sql), watch=probe)
        assert failure is None, failure.message
        assert session.query("select database()") == [(name,)]
    return [(one.table, one.copies, one.reason) for one in probe.refusals]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("alter table t modify b bigint", ("t", True, "Cannot change column type")),
        ("alter table t convert to character set latin1", ("t", True, "Cannot change column type")),
        ("alter table t add foreign key (b) references p (id)",
         ("t", True, "Adding foreign keys needs foreign_key_checks=OFF")),
        ("alter table t add fulltext key (a)", ("t", False, "Fulltext index creation requires a lock")),
        ("create fulltext index f on t (a)", ("t", False, "Fulltext index creation requires a lock")),
        ("alter table t engine = myisam", ("t", True, "")),
    ],
)  # fmt: skip
def test_a_refusal_comes_with_the_servers_reason(
    maria: ThrowawayMaria, sql: str, expected: tuple[str, bool, str]
) -> None:
    ((table, copies, reason),) = refusals(maria, sql)
    assert (table, copies, reason) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "alter table t add column c int",
        "alter table t add key (a), drop key k",
        "create index i on t (a)",
        "alter table t rename to u",
        "create table n (a int); alter table n modify a bigint",
        "alter table t modify b bigint, algorithm=copy",
        "insert into p values (1); update p set id = 2",
    ],
)
def test_what_is_done_online_or_hurts_nobody_is_not_said(maria: ThrowawayMaria, sql: str) -> None:
    assert refusals(maria, sql) == []


def test_what_the_session_has_set_counts(maria: ThrowawayMaria) -> None:
    sql = "set foreign_key_checks = 0; alter table t add foreign key (b) references p (id)"
    assert refusals(maria, sql) == []


def test_nothing_of_the_trial_stays(maria: ThrowawayMaria) -> None:
    name = build(maria, TABLES)
    with maria.connect(name) as session:
        before = session.query("show databases")
        run(session, "insert into t values (1, 'x', 1)")
        probe = OnlineProbe(maria, {"t"})
        assert run_script(session, read("alter table t drop column b, drop column a"), watch=probe) is None
        assert session.query("select * from t") == [(1,)]
        assert session.query("select @@foreign_key_checks") == [(1,)]
        assert session.query("show databases") == before
