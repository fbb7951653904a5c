"""Looks before a try on a real server: what is seen, and that looking waits for nobody."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migsafe.postgres.connection import Session, connect
from migsafe.runner.blockers import LIMITS, Lookout
from migsafe.runner.patience import Sight, Way
from migsafe.runner.pieces import Piece, pieces_of
from preflight_cases import read_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import MakeDatabase

pytestmark = [pytest.mark.server, pytest.mark.long]

TABLES = """
create table users (id int primary key, email text);
create table orders (id int primary key, user_id int);
alter table orders add constraint owner foreign key (user_id) references users not valid;
"""
#: So that no test has to wait until a transaction is old.
EAGER = replace(LIMITS, holding=0.0, waiting=0.0, old=0.0)


class Watch:
    """A lookout on a database, and the sessions that are open on it."""

    def __init__(self, dsn: str, open_: ExitStack) -> None:
        self.dsn = dsn
        self._open = open_
        self.lookout = open_.enter_context(Lookout(dsn, limits=EAGER))

    def session(self, sql: str) -> Session:
        session = self._open.enter_context(connect(self.dsn, autocommit=True))
        session.execute(f"set application_name = 'web'; {sql}")
        return session

    def turn_to(self, sql: str) -> tuple[Piece, ...]:
        migration, read = read_sql(sql)
        self.lookout.turn_to(migration, read)
        return pieces_of(read)

    def look(self, sql: str) -> Sight:
        (piece,) = self.turn_to(sql)
        return self.lookout.look(piece)


@pytest.fixture
def shop(make_database: MakeDatabase) -> Iterator[Watch]:
    with ExitStack() as open_:
        yield Watch(make_database(TABLES), open_)


def test_who_reads_a_table_is_in_the_way_of_a_lock_against_reads(shop: Watch) -> None:
    reader = shop.session("begin; select count(*) from users where email = 'a@b'")
    sight = shop.look("alter table users add column a int")
    assert sight.way is Way.HELD
    assert f"pid {reader.backend_pid}: postgres@web, idle in transaction" in sight.text
    assert "select count(*) from users where email = '…'" in sight.text
    assert shop.look("create index on users (email)") == Sight()
    assert shop.look("alter table orders add column a int") == Sight()
    reader.execute("rollback")
    assert shop.look("alter table users add column a int") == Sight()


def test_a_look_waits_for_nobody(shop: Watch) -> None:
    holder = shop.session("begin; lock table users, orders in access exclusive mode")
    sight = shop.look("alter table users add column a int")
    assert f"pid {holder.backend_pid}" in sight.text
    assert sight.way is Way.HELD


@pytest.mark.parametrize(
    ("sql", "strong"),
    [
        ("alter table users add column a int", True),
        ("create index on users (email)", True),
        ("alter table orders validate constraint owner", False),
        ("update users set email = ''", False),
        ("create table notes (id int)", False),
        ("create table notes (id int references users)", True),
    ],
)
def test_which_pieces_keep_others_waiting(shop: Watch, sql: str, strong: bool) -> None:
    (piece,) = shop.turn_to(sql)
    assert shop.lookout.is_strong(piece) is strong


def test_each_piece_is_judged_by_its_own_tables_and_by_what_there_is_by_then(shop: Watch) -> None:
    first, second, third = shop.turn_to(
        "create table notes (id int); alter table users add column a int; alter table notes add column a int"
    )
    shop.session("begin; select count(*) from users")
    assert shop.lookout.look(first) == Sight()
    assert shop.lookout.look(second).way is Way.HELD
    shop.session("create table notes (id int)").execute("begin; select count(*) from notes")
    sight = shop.lookout.look(third)
    assert sight.way is Way.HELD
    assert "public.notes" in sight.text


def test_a_lost_connection_is_a_reason_to_wait_and_the_next_look_has_another(shop: Watch) -> None:
    (piece,) = shop.turn_to("alter table users add column a int")
    assert shop.lookout.look(piece) == Sight()
    assert shop.lookout._session is not None
    shop.session(f"select pg_terminate_backend({shop.lookout._session.backend_pid}, 5000)")
    sight = shop.lookout.look(piece)
    assert sight.way is Way.HELD
    assert sight.text.startswith("nobody can tell who is in the way")
    assert shop.lookout.look(piece) == Sight()
