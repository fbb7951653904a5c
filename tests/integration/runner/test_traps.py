"""What a run refuses on a real server, each in one line and with nothing written; every trap comes with a near miss."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import make_conninfo

from migsafe.errors import ExitCode
from migsafe.model.phase import Phase
from migsafe.shadow.server import ThrowawayServer
from migsafe.tracker.address import read_address
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.upgrade import upgrade_tracker
from pooler_stand_in import PoolerStandIn
from run_benches import ME, Bench
from standby import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.server, pytest.mark.long]

SETTINGS = {
    "wal_level": "logical",
    "max_wal_senders": "4",
    "max_replication_slots": "4",
    "max_logical_replication_workers": "4",
    "max_worker_processes": "8",
}
ORDERS = "create table orders (id bigint primary key, total integer not null, state text not null)"
#: Changes neither the shape of a table nor makes one; goose's own table is not there yet.
ONLY_ROWS = "-- migsafe: phase=expand\n-- +goose Up\nUPDATE orders SET state = 'seen' WHERE state = 'new';\n"

_numbers = count()


@pytest.fixture(scope="module")
def server() -> Iterator[ThrowawayServer]:
    if sys.platform == "win32":
        pytest.skip("the throw-away Postgres listens on a Unix socket, which this platform's build does not have")
    with ThrowawayServer.start(settings=SETTINGS) as started:
        with started.connect() as session:
            session.execute("create role deployer login; create role visitor login")
        yield started


@pytest.fixture
def fresh(server: ThrowawayServer) -> Iterator[Callable[[], str]]:
    """Makes empty databases."""
    made: list[str] = []

    def make() -> str:
        made.append(f"shop_{next(_numbers)}")
        return server.create_database(made[-1])

    yield make
    for name in made:
        server.drop_database(name)


@pytest.fixture
def bench(fresh: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A shop with nothing in it, and its tracker in a file."""
    return Bench.open(tmp_path / "shop", fresh(), monkeypatch, tracker=f"sqlite:{tmp_path}/tracker.db")


@pytest.fixture
def as_role(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """The address of the bench's database for a role."""

    def address(role: str) -> str:
        monkeypatch.setenv("ROLE_URL", make_conninfo(bench.shop.dsn, user=role))
        return "env:ROLE_URL"

    return address


# -- who runs, and on what


def test_a_pooler(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run(release="1.0")
    socket = Path(str(bench.ask("show unix_socket_directories"))) / ".s.PGSQL.5432"
    with PoolerStandIn(socket) as pooler, bench.untouched():
        monkeypatch.setenv("POOLER_URL", make_conninfo(bench.shop.dsn, host=str(pooler.folder)))
        refused = bench.refusal(url="env:POOLER_URL")
    assert "there is a pooler in between" in refused
    assert "--url" in refused


def test_a_role_that_may_not_change_the_tables(bench: Bench, as_role: Callable[[str], str]) -> None:
    with bench.untouched():
        refused = bench.refusal(release="1.0", url=as_role("visitor"))
    assert "visitor may make nothing in the schema public" in refused
    bench.run(release="1.0")
    bench.do("grant select, insert, update on all tables in schema public to visitor")
    bench.do("grant create on schema public to visitor")
    with bench.untouched():
        refused = bench.refusal(url=as_role("visitor"))
    assert "public.orders: visitor is not the owner, postgres" in refused
    assert "00003_note" not in bench.statuses(), "it was refused before anything was begun"


def test_policies_that_bind_the_role(bench: Bench, as_role: Callable[[str], str]) -> None:
    """Its UPDATE would touch no row, and a count would find none that is left."""
    bench.do("grant create, usage on schema public to deployer")
    bench.do(f"alter database {bench.ask('select current_database()')} owner to deployer")
    own = as_role("deployer")
    assert bench.run(url=own).problem is None
    bench.do("alter table orders enable row level security, force row level security")
    with bench.untouched():
        refused = bench.refusal(Phase.MIGRATE, url=own)
    assert "row-security: public.orders: row security binds deployer" in refused
    assert "BYPASSRLS" in refused
    bench.do("alter table orders no force row level security")  # the owner is not bound
    assert bench.run(Phase.MIGRATE, url=own).problem is None
    assert bench.ask("select count(*) from orders where note = 'counted'") == 200


# -- replication


def test_an_inactive_slot_that_keeps_the_log(bench: Bench) -> None:
    bench.run(release="1.0")
    bench.ask("select pg_create_physical_replication_slot('gone', true)::text")
    try:
        with bench.untouched():
            refused = bench.refusal()
    finally:
        bench.ask("select pg_drop_replication_slot('gone')::text")
    assert "replication-slots: the physical replication slot gone is inactive" in refused
    assert "drop the slot if nobody needs it" in refused
    assert bench.run().problem is None


@pytest.fixture
def subscriber(bench: Bench, fresh: Callable[[], str]) -> Iterator[Bench]:
    """All tables of the bench are published, and followed by another database, which is given here."""
    other = Bench(replace(bench.shop, dsn=fresh()), [])
    slot = other.ask("select current_database()")
    for each in (bench, other):
        each.do(ORDERS)
    bench.do("create publication everything for all tables")
    bench.ask(f"select pg_create_logical_replication_slot('{slot}', 'pgoutput')::text")
    other.do(
        f"create subscription everything connection '{bench.shop.dsn}' publication everything "
        f"with (create_slot = false, slot_name = '{slot}', copy_data = false)"
    )
    active = f"select coalesce(bool_or(active), false) from pg_replication_slots where slot_name = '{slot}'"
    until(lambda: bench.ask(active), "a subscriber that follows")
    yield other
    other.do("alter subscription everything disable; alter subscription everything set (slot_name = none)")
    other.do("drop subscription everything")
    until(lambda: not bench.ask(active), "a subscriber that has gone")
    bench.ask(f"select pg_drop_replication_slot('{slot}')::text")


def test_a_new_table_that_subscribers_do_not_have(bench: Bench, subscriber: Bench) -> None:
    bench.write("00001_orders.sql", "-- +goose Up\nCREATE TABLE journal (id bigint PRIMARY KEY, what text NOT NULL);\n")
    with pytest.raises(TrackerRefusedError, match=r"the publication everything in .* would carry the tracker's"):
        upgrade_tracker(read_address("env:SHOP_URL"), ME)
    with bench.untouched():
        refused = bench.refusal(release="1.0")
    assert "published-tables: " in refused
    assert "public.journal" in refused
    assert "--subscribers-ready" in refused
    for each in ("create table journal (id bigint primary key, what text)", "create table goose_db_version (id int)"):
        subscriber.do(each)
    bench.run(release="1.0", subscribers_ready=True)
    assert bench.statuses()["00001_orders"] == "done"


def test_the_tools_own_table_counts_too(bench: Bench, subscriber: Bench) -> None:
    bench.write("00001_orders.sql", ONLY_ROWS)
    with bench.untouched():
        refused = bench.refusal(release="1.0")
    assert "goose_db_version: published by everything (FOR ALL TABLES)" in refused


def test_a_table_that_is_filled_by_a_subscription_may_change(
    bench: Bench, subscriber: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker waits for the lock like anybody, so that is said, and no reason to refuse."""
    subscriber.write("00001_orders.sql", "-- +goose Up\nALTER TABLE orders ADD COLUMN place text;\n")
    monkeypatch.setenv("SUBSCRIBER_URL", subscriber.shop.dsn)
    notes = bench.rehearse(release="1.0", url="env:SUBSCRIBER_URL").notes
    assert any("warning: public.orders: filled by the subscription everything" in note for note in notes)


# -- the tracker, and what it remembers


def test_a_file_that_changed_since_it_ran(bench: Bench) -> None:
    bench.run(release="1.0")
    bench.write("00002_first_orders.sql", "-- +goose Up\nDELETE FROM orders;\n")
    with bench.untouched():
        assert "00002_first_orders.sql has changed since it ran on production/main" in bench.refusal()


@pytest.mark.parametrize(("version", "said"), [("999", "of a newer migsafe"), ("1", "of an older migsafe")])
def test_a_tracker_of_another_version(
    version: str, said: str, fresh: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench.open(tmp_path / "shop", fresh(), monkeypatch)
    bench.do(f"update migsafe.migsafe_meta set v = '{version}' where k = 'version'")
    refused = bench.refusal(release="1.0")
    assert said in refused
    assert bench.ask("select to_regclass('orders') is null and to_regclass('goose_db_version') is null")


def test_a_role_that_may_not_write_the_tracker(
    fresh: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench.open(tmp_path / "shop", fresh(), monkeypatch)
    bench.do("grant create on schema public to visitor; grant usage on schema migsafe to visitor")
    bench.do("grant select on all tables in schema migsafe to visitor")
    monkeypatch.setenv("ROLE_URL", make_conninfo(bench.shop.dsn, user="visitor"))
    with bench.untouched():
        assert "this role may not write the tracker" in bench.refusal(release="1.0", url="env:ROLE_URL")


def test_servers_that_are_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = make_conninfo(bench.shop.dsn, host="/nowhere")
    monkeypatch.setenv("AWAY_URL", nowhere)
    with bench.untouched():
        away = bench.stop(release="1.0", url="env:AWAY_URL")
    assert (away.exit_code, away.message[:27]) == (ExitCode.ENVIRONMENT, "cannot connect to Postgres:")
    bench.shop.tracker = "env:AWAY_URL"
    away = bench.stop(release="1.0")
    assert away.exit_code is ExitCode.ENVIRONMENT
    assert away.message.startswith("the tracker ")
    assert "\n" not in away.message
    assert bench.ask("select to_regclass('orders') is null")
