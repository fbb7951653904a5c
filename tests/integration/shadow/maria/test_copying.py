"""A copy is the same schema with the same rows, or there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from maria_scripts import build
from migsafe.mysql.connection import StatementRefusedError
from migsafe.shadow.maria.copying import copy_schema
from migsafe.shadow.maria.snapshot import take_snapshot

if TYPE_CHECKING:
    from migsafe.shadow.maria.server import ThrowawayMaria

EVERYTHING = """
create table child (
    id int auto_increment primary key, parent_id int not null, kind enum('a', 'b') not null default 'a',
    doc json, price decimal(10, 2) default 1.50, note text comment 'it''s', at timestamp not null default
    current_timestamp on update current_timestamp, total decimal(11, 2) as (price * 2) stored,
    twice int as (parent_id * 2),
    hidden int invisible, zero datetime, unique key once (kind, parent_id), key long_note (note(10)),
    check (price >= 0), constraint positive check (parent_id > 0)
) comment 'children' row_format = dynamic;
create table parent (id int primary key, name varchar(30) character set latin1 not null, fulltext key words (name));
alter table child add constraint to_parent foreign key (parent_id) references parent (id) on delete cascade;
create table parts (id int, day date) partition by range (year(day))
    (partition old values less than (2020), partition new values less than maxvalue);
create sequence counter start with 5;
create view z_view as select id, name from parent;
create view a_view as select z.id, p.name from z_view z join parent p on p.id = z.id;
create function doubled(n int) returns int deterministic return n * 2;
create procedure fill(in n int) begin insert into parent values (n, 'x'); end;
create trigger before_child before insert on child for each row set new.note = concat(new.note, '!');
create event tidy on schedule every 1 day do delete from parts;
insert into parent values (0, 'zero'), (1, 'one');
insert into child (id, parent_id, note, hidden) values (7, 1, 'n', 3);
"""


def test_a_copy_is_the_same_with_its_rows(maria: ThrowawayMaria) -> None:
    one = build(maria, EVERYTHING)
    other = build(maria, "")
    with maria.connect(one) as source, maria.connect(other) as target:
        copy_schema(source, target)
        before, after = take_snapshot(source, one), take_snapshot(target, other)
        assert before == after
        assert len(before) > 30
        assert {key.kind for key in before} == {
            "relation", "column", "index", "constraint", "trigger", "function", "procedure", "event", "sequence",
        }  # fmt: skip
        rows = "select id, parent_id, note, hidden, total from child"
        assert target.query(rows) == source.query(rows) == [(7, 1, "n!", 3, 3)]
        assert target.query("select id from parent order by id") == [(0,), (1,)]


def test_nothing_of_the_names_of_schemas_is_in_a_snapshot(maria: ThrowawayMaria) -> None:
    name = build(maria, "create table t (id int); create view v as select id from t;")
    with maria.connect(name) as session:
        assert name not in repr(take_snapshot(session, name))


def test_a_view_that_has_lost_its_table_cannot_be_copied(maria: ThrowawayMaria) -> None:
    name = build(maria, "create table t (id int); create view v as select id from t; drop table t;")
    with (
        maria.connect(name) as source,
        maria.connect(build(maria, "")) as target,
        pytest.raises(StatementRefusedError),
    ):
        copy_schema(source, target)
