"""Generated rows obey what the tables of MySQL ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from maria_scripts import build
from migsafe.shadow.maria.seeding import seed

if TYPE_CHECKING:
    from migsafe.shadow.maria.server import ThrowawayMaria

PARENT = "create table p (id bigint primary key, code char(2) not null unique);"


@pytest.mark.parametrize(
    "columns",
    [
        "id int auto_increment primary key",
        "a tinyint not null, b bit(1) not null, c mediumint, d decimal(3, 1) not null, e float, f double",
        "a year not null, b double not null",
        "a char(1) not null unique, b varchar(2) not null, c tinytext, d binary(2) not null, e blob not null",
        "a date not null, b time not null, c datetime not null, d timestamp not null",
        "a enum('it''s', 'b') not null, b set('x', 'y') not null, j json not null, u uuid not null",
        "a int not null, b int as (a + 1) stored, c int invisible default 3",
        "a varchar(9) not null check (a in ('one', 'two')), b int not null check (b > 5000)",
        "a bigint not null, code char(2), foreign key (a) references p (id), foreign key (code) references p (code)",
    ],
)
def test_rows_go_into_tables_of_every_kind(maria: ThrowawayMaria, columns: str) -> None:
    name = build(maria, f"{PARENT} create table t ({columns});")
    with maria.connect(name) as session:
        seeding = seed(session, "alter table T add x int")
        assert seeding.refused == ()
        assert seeding.rows["t"] == 2


def test_only_tables_that_are_named_and_their_parents_get_rows(maria: ThrowawayMaria) -> None:
    sql = f"{PARENT} create table t (p_id bigint, foreign key (p_id) references p (id)); create table other (a int);"
    with maria.connect(build(maria, sql)) as session:
        assert set(seed(session, "drop table t").rows) == {"p", "t"}


def test_a_table_that_takes_no_row_is_counted(maria: ThrowawayMaria) -> None:
    with maria.connect(build(maria, "create table t (a int not null, check (a = a + 1));")) as session:
        seeding = seed(session, "t")
        assert (seeding.rows, seeding.refused) == ({}, ("t",))
