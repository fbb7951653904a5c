"""What became of a statement outside of a transaction, asked of a real server; each answer with its near miss."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from lint_walks import script
from migsafe.parse import read_script
from migsafe.postgres.connection import NO_TIMEOUTS, Session, StatementFailedError, connect
from migsafe.runner.probes import Answer, Probe, probe_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.shadow.server import ThrowawayServer

pytestmark = pytest.mark.server

SETUP = """
CREATE TABLE users (id int PRIMARY KEY, email text, status text, name varchar(40), score numeric DEFAULT 0);
CREATE TABLE orders (id int PRIMARY KEY);
CREATE INDEX orders_taken ON orders (id);
CREATE TABLE p (id int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 (id int);
CREATE MATERIALIZED VIEW mv AS SELECT id FROM users;
CREATE TYPE mood AS ENUM ('sad', 'glad');
"""


@pytest.fixture
def shop(make_database: Callable[[str], str]) -> Iterator[Session]:
    with connect(make_database(SETUP), autocommit=True, timeouts=NO_TIMEOUTS) as session:
        yield session


@pytest.fixture(scope="module")
def shared(postgres_server: ThrowawayServer, template_of: Callable[[str], str]) -> Iterator[Session]:
    """One database for many: what a test does is rolled back, and so no statement can be a concurrent one."""
    with connect(postgres_server.dsn(template_of(f"{SETUP}-- one that is never copied")), autocommit=True) as session:
        yield session


@pytest.fixture
def still(shared: Session) -> Iterator[Session]:
    shared.execute("begin")
    yield shared
    shared.execute("rollback")


def ask(session: Session, sql: str) -> Probe:
    (statement,) = read_script(script(sql)).statements
    return probe_statement(session, statement)


def answer(session: Session, sql: str) -> str:
    return ask(session, sql).answer.value


def mend(session: Session, found: Probe) -> None:
    assert found.mend
    for sql in found.mend:
        session.execute(sql)


def wait_until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


class Held:
    """A statement that waits in another session, behind a transaction that is open."""

    def __init__(self, shop: Session, sql: str, *, opened: str = "select count(*) from users") -> None:
        self._shop = shop
        self.blocker = connect(shop.dsn, autocommit=True)
        self.blocker.execute(f"begin; {opened}")
        self.worker = connect(shop.dsn, autocommit=True, timeouts=NO_TIMEOUTS)
        self.pid = self.worker.backend_pid
        self.failed: str | None = None
        self._thread = threading.Thread(target=self._run, args=(sql,))
        self._thread.start()

    def _run(self, sql: str) -> None:
        try:
            self.worker.execute(sql)
        except StatementFailedError as error:
            self.failed = error.sqlstate or "gone"

    def until_it_waits(self) -> Held:
        waits = "select 1 from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"
        wait_until(lambda: self._shop.query(waits, (self.worker.backend_pid,)), "it never waited")
        return self

    def kill(self) -> None:
        self._shop.query("select pg_terminate_backend(%s, 10000)", (self.worker.backend_pid,))
        self.end()
        assert self.failed

    def end(self) -> None:
        self._thread.join(20)
        self.blocker.close()
        self.worker.close()


# -- CREATE INDEX CONCURRENTLY

BUILD = "CREATE INDEX CONCURRENTLY users_email ON users (email)"
OPENED = "declare c cursor for select * from users"


def test_a_build_that_was_killed_is_mended_and_run_again(shop: Session) -> None:
    held = Held(shop, BUILD, opened="insert into users values (1)").until_it_waits()
    at_work = ask(shop, BUILD)
    held.kill()
    cut_off = ask(shop, BUILD)
    mend(shop, cut_off)
    assert (at_work.answer, at_work.pid) == (Answer.UNKNOWN, held.pid)
    assert cut_off.answer is Answer.INVALID
    assert cut_off.mend == ("drop index concurrently public.users_email",)
    assert answer(shop, BUILD) == "missing"
    shop.execute(BUILD)
    assert answer(shop, BUILD) == "done"


def test_a_build_that_failed_by_itself_is_mended_too(shop: Session) -> None:
    shop.execute("insert into users values (1, 'a'), (2, 'a')")
    unique = "CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email)"
    with pytest.raises(StatementFailedError):
        shop.execute(unique)
    found = ask(shop, unique)
    assert found.answer is Answer.INVALID
    mend(shop, found)
    assert answer(shop, unique) == "missing"


def test_a_build_without_a_table_is_missing(shop: Session) -> None:
    assert answer(shop, "CREATE INDEX CONCURRENTLY i ON gone (a)") == "missing"


@pytest.mark.parametrize(
    "other",
    [
        "CREATE INDEX users_email ON users (email, id)",
        "CREATE INDEX users_email ON users (name)",
        "CREATE UNIQUE INDEX users_email ON users (email)",
        "CREATE INDEX users_email ON users USING hash (email)",
        "CREATE INDEX users_email ON users (email DESC)",
        "CREATE INDEX users_email ON users (email NULLS FIRST)",
        "CREATE INDEX users_email ON users (email text_pattern_ops)",
        'CREATE INDEX users_email ON users (email COLLATE "C")',
        "CREATE INDEX users_email ON users (email) WHERE id > 1",
        "CREATE INDEX users_email ON users (email) INCLUDE (id)",
        "CREATE INDEX users_email ON users (lower(email))",
        "CREATE INDEX users_email ON orders (id)",
        "CREATE TABLE users_email (id int)",
    ],
)
def test_something_else_of_that_name_is_said_and_nothing_is_done(still: Session, other: str) -> None:
    still.execute(other)
    found = ask(still, BUILD)
    assert (found.answer, found.mend) == (Answer.UNKNOWN, ())


@pytest.mark.parametrize(
    "definition",
    [
        "users (email)",
        "users (lower(email))",
        "users ((name || ' ' || email), id DESC NULLS LAST)",
        "users (id) WHERE status IN ('open', 'late')",
        "users (id) WHERE status <> 'x' AND email IS NOT NULL AND score BETWEEN 1 AND 2",
        "users (id) WHERE name LIKE 'a%' AND score != 0",
        "users (id) INCLUDE (email, name)",
        "users (email text_pattern_ops)",
        'users (email COLLATE "C" DESC)',
        "users USING gin (to_tsvector('english', email))",
        "users (cast(score as int))",
        "users (coalesce(name, 'none'))",
        "public.users (email)",
        "users (id) WHERE (status = 'open' OR status IS NULL)",
    ],
)
def test_the_same_definition_is_the_same_however_it_is_spelt(still: Session, definition: str) -> None:
    for head in ("CREATE INDEX CONCURRENTLY made ON ", "CREATE INDEX CONCURRENTLY ON "):
        sql = head + definition
        assert answer(still, sql) == "missing"
        still.execute(sql.replace("CONCURRENTLY", ""))
        assert answer(still, sql) == "done"
        still.execute("drop index if exists made")
    assert not still.query("select 1 from pg_class where relname = 'migsafe_spelling'")


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        ("users (id) WHERE status = 'open'", "users (id) WHERE status = 'shut'"),
        ("users (lower(email))", "users (upper(email))"),
        ("users (id) WHERE score > 1", "users (id) WHERE score >= 1"),
        ("users (nullif(name, 'A'))", "users (nullif(name, 'a'))"),
    ],
)
def test_an_expression_that_differs_is_another_index(still: Session, made: str, asked: str) -> None:
    still.execute(f"CREATE INDEX made ON {made}")
    found = ask(still, f"CREATE INDEX CONCURRENTLY made ON {asked}")
    assert (found.answer, found.mend) == (Answer.UNKNOWN, ())
    assert answer(still, f"CREATE INDEX CONCURRENTLY ON {asked}") == "missing"


def test_a_build_without_a_name_that_was_killed(shop: Session) -> None:
    build = "CREATE INDEX CONCURRENTLY ON users (email)"
    held = Held(shop, build, opened="insert into users values (1)").until_it_waits()
    assert ask(shop, build).pid == held.pid
    held.kill()
    found = ask(shop, build)
    assert found.mend == ("drop index concurrently public.users_email_idx",)
    mend(shop, found)
    assert answer(shop, build) == "missing"


def test_names_that_need_quotes(shop: Session) -> None:
    shop.execute(
        'create schema "Odd"; create table "Odd"."Ta ble" ("Col" int); insert into "Odd"."Ta ble" values (1), (1)'
    )
    build = 'CREATE UNIQUE INDEX CONCURRENTLY "In dex" ON "Odd"."Ta ble" ("Col")'
    with pytest.raises(StatementFailedError):
        shop.execute(build)
    mend(shop, ask(shop, build))
    assert answer(shop, build) == "missing"


# -- DROP INDEX CONCURRENTLY


def test_a_drop_that_was_killed_is_ended(shop: Session) -> None:
    drop = "DROP INDEX CONCURRENTLY orders_taken"
    assert answer(shop, drop) == "missing"
    held = Held(shop, drop, opened="select * from orders where id = 1").until_it_waits()
    assert ask(shop, drop).pid == held.pid
    held.kill()
    found = ask(shop, drop)
    assert found.answer is Answer.INVALID
    mend(shop, found)
    assert answer(shop, drop) == "done"


def test_a_drop_of_what_is_no_index(shop: Session) -> None:
    assert answer(shop, "DROP INDEX CONCURRENTLY users") == "unknown"


# -- REINDEX CONCURRENTLY


@pytest.mark.parametrize(
    "what", ["INDEX CONCURRENTLY orders_taken", "TABLE CONCURRENTLY orders", "SCHEMA CONCURRENTLY public"]
)
def test_the_rest_of_a_rebuild_is_taken_away(shop: Session, what: str) -> None:
    rebuild = f"REINDEX {what}"
    assert answer(shop, rebuild) == "missing"
    held = Held(shop, "REINDEX TABLE CONCURRENTLY orders", opened="insert into orders values (1)").until_it_waits()
    if "SCHEMA" not in what:
        assert ask(shop, rebuild).pid == held.pid
    held.kill()
    found = ask(shop, rebuild)
    assert found.answer is Answer.INVALID
    assert all("_ccnew" in sql for sql in found.mend)
    mend(shop, found)
    assert answer(shop, rebuild) == "missing"


def test_the_rest_of_another_tables_rebuild_is_left_alone(shop: Session) -> None:
    Held(shop, "REINDEX TABLE CONCURRENTLY orders", opened="insert into orders values (1)").until_it_waits().kill()
    assert answer(shop, "REINDEX TABLE CONCURRENTLY users") == "missing"
    assert answer(shop, "REINDEX SCHEMA pg_toast") == "missing"


# -- partitions, values, and the rest


def test_a_detachment_that_was_killed_is_finished(shop: Session) -> None:
    detach = "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY"
    assert answer(shop, detach) == "missing"
    held = Held(shop, detach, opened="select * from p").until_it_waits()
    assert ask(shop, detach).pid == held.pid
    held.kill()
    found = ask(shop, detach)
    assert found.mend == ("alter table public.p detach partition public.p1 finalize",)
    mend(shop, found)
    assert answer(shop, detach) == "done"


def test_a_detachment_of_what_is_not_there(shop: Session) -> None:
    assert answer(shop, "ALTER TABLE p DETACH PARTITION gone CONCURRENTLY") == "unknown"
    assert answer(shop, "ALTER TABLE p DETACH PARTITION p2 CONCURRENTLY") == "done"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TYPE mood ADD VALUE 'sad'", "done"),
        ("ALTER TYPE mood ADD VALUE 'angry'", "missing"),
        ("ALTER TYPE gone ADD VALUE 'angry'", "unknown"),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY mv", "missing"),
        ("VACUUM users", "missing"),
        ("CLUSTER", "missing"),
        ("ALTER SYSTEM SET work_mem = '4MB'", "missing"),
        ("CREATE DATABASE postgres", "done"),
        ("CREATE DATABASE gone", "missing"),
        ("DROP DATABASE postgres", "missing"),
        ("DROP DATABASE gone", "done"),
        ("DROP TABLESPACE pg_default", "missing"),
        ("DROP TABLESPACE gone", "done"),
        ("CREATE TABLESPACE pg_default LOCATION '/nowhere'", "done"),
        ("CREATE TABLESPACE gone LOCATION '/nowhere'", "missing"),
        ("CREATE SUBSCRIPTION gone CONNECTION 'x' PUBLICATION p", "missing"),
        ("DROP SUBSCRIPTION IF EXISTS gone", "done"),
        ("ALTER TABLE users ADD COLUMN a int", "unknown"),
    ],
)
def test_what_can_be_looked_up(still: Session, sql: str, expected: str) -> None:
    assert answer(still, sql) == expected


def test_a_subscription_that_is_there(shop: Session) -> None:
    shop.execute("create subscription there connection 'dbname=x' publication p with (connect = false)")
    try:
        assert answer(shop, "CREATE SUBSCRIPTION there CONNECTION 'x' PUBLICATION p") == "done"
        assert answer(shop, "DROP SUBSCRIPTION there") == "missing"
    finally:
        shop.execute("alter subscription there set (slot_name = none); drop subscription there")


def test_nothing_is_locked_and_nothing_is_left(shop: Session) -> None:
    shop.execute("create index made on users (lower(email)) where name like 'a%'")
    with connect(shop.dsn, autocommit=True) as other:
        other.execute("begin; lock table users in access exclusive mode; lock table orders in access exclusive mode")
        shop.execute("set lock_timeout = '200ms'")
        assert answer(shop, BUILD) == "missing"
        assert answer(shop, "DROP INDEX CONCURRENTLY orders_taken") == "missing"
        assert answer(shop, "REINDEX TABLE CONCURRENTLY users") == "missing"
        same = "CREATE INDEX CONCURRENTLY made ON users (lower(email)) WHERE name LIKE 'a%'"
        assert answer(shop, same) == "unknown"
    assert answer(shop, same) == "done"
