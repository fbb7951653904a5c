"""A standby with somebody who reads: a step that locks a table for itself waits for them, so that replay need not.

For a minute and with many readers: tests/heavy/standby_load.py.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from migsafe.postgres.connection import StatementFailedError
from migsafe.runner.blockers import LIMITS, Lookout
from migsafe.runner.pace import PaceOptions
from migsafe.runner.patience import Budget, Way
from migsafe.runner.pieces import pieces_of
from preflight_cases import read_sql
from run_benches import Bench
from standby import LastingServer, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migsafe.postgres.connection import Session

pytestmark = [pytest.mark.server, pytest.mark.long, pytest.mark.endurance]

#: How long replay waits for readers before it ends them.
DELAY = "500ms"
NOTE = "select count(*) from pg_attribute where attrelid = 'orders'::regclass and attname = 'note'"

_numbers = count()


@pytest.fixture(scope="module")
def primary() -> Iterator[LastingServer]:
    if sys.platform == "win32":
        pytest.skip("the server listens on a Unix socket, which this platform's build does not have")
    with LastingServer.made() as server:
        yield server


@pytest.fixture(scope="module")
def standby(primary: LastingServer) -> Iterator[LastingServer]:
    with primary.standby({"max_standby_streaming_delay": DELAY}) as server:
        yield server


@pytest.fixture
def name(primary: LastingServer) -> Iterator[str]:
    made = f"shop_{next(_numbers)}"
    primary.run(f"create database {made}")
    yield made
    primary.run(f"drop database {made} with (force)")


@pytest.fixture
def bench(
    primary: LastingServer, standby: LastingServer, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    """A shop whose next step is `ALTER TABLE orders ADD COLUMN`."""
    bench = Bench.open(tmp_path / "shop", primary.dsn(name), monkeypatch)
    (tmp_path / "shop" / "migrations" / "00004_find_by_state.sql").unlink()
    bench.run(release="1.0")
    monkeypatch.setenv("REPLICA_URL", standby.dsn(name))
    primary.wait_for(standby)
    return bench


@contextmanager
def reader(standby: LastingServer, database: str) -> Iterator[Session]:
    """Somebody who has read the table on the standby, for longer than one may wait."""
    with standby.session(database, autocommit=False) as session:
        session.query("select count(*) from orders")
        began = f"select now() - xact_start > '1.1 s' from pg_stat_activity where pid = {session.backend_pid}"
        until(lambda: standby.ask(began, database), "a reader who is old")
        yield session


def test_a_standby_is_no_place_to_run_on(bench: Bench) -> None:
    with bench.untouched():
        refused = bench.refusal(url="env:REPLICA_URL")
    assert "is a standby, which nobody can write (--url of the primary)" in refused


def test_who_reads_on_a_named_standby_is_named(bench: Bench, standby: LastingServer, name: str) -> None:
    with reader(standby, name), bench.untouched():
        refused = bench.refusal(replicas=("env:REPLICA_URL",))
    assert "standby-conflict: " in refused
    assert "1 transaction for up to" in refused
    assert "--wait SECONDS waits for it" in refused


def test_with_a_named_standby_the_step_waits_and_replay_does_not(
    bench: Bench, primary: LastingServer, standby: LastingServer, name: str
) -> None:
    patient = PaceOptions(budget=Budget(whole=60.0))
    said = {"replicas": ("env:REPLICA_URL",), "wait": 60.0, "pace": patient}
    run = threading.Thread(target=bench.run, kwargs=said)
    with reader(standby, name) as session:
        run.start()
        until(lambda: any(line.startswith("waiting: ") for line in bench.lines), "a run that waits")
        bench.do("insert into journal (what) values ('meanwhile')")
        primary.wait_for(standby)
        assert bench.ask(NOTE) == 0
        assert session.query("select count(*) from orders") == [(200,)], "nobody has ended the reader"
        session.commit()
    run.join(timeout=60)
    assert bench.statuses()["00003_note"] == "done"
    primary.wait_for(standby)
    assert standby.ask(NOTE, name) == 1


def test_a_young_reader_is_waited_for_at_first(
    bench: Bench, primary: LastingServer, standby: LastingServer, name: str
) -> None:
    moment = 0.0
    migration, read = read_sql("alter table orders add column note text")
    (piece,) = pieces_of(read)
    patient = replace(LIMITS, on_replica=3600.0)
    with (
        Lookout(primary.dsn(name), ("env:REPLICA_URL",), limits=patient, clock=lambda: moment) as lookout,
        reader(standby, name) as session,
    ):
        lookout.turn_to(migration, read)
        assert lookout.look(piece).way is Way.HELD
        moment = 10.0
        assert lookout.look(piece).way is not Way.HELD
        moment = 0.0
        session.rollback()
        assert lookout.look(piece).way is not Way.HELD


def test_a_standby_of_the_configurations_database_need_not_be_named_again(
    bench: Bench, standby: LastingServer, name: str
) -> None:
    config = bench.shop.folder / "migsafe.toml"
    config.write_text(f'url = "env:SHOP_URL"\nreplicas = ["env:REPLICA_URL"]\n{config.read_text()}')
    with reader(standby, name):
        assert "standby-conflict: " in bench.refusal()


def test_without_it_replay_waits_and_ends_the_reader(
    bench: Bench, primary: LastingServer, standby: LastingServer, name: str
) -> None:
    """What the option is there for: a step of a millisecond, and the standby stands still until the reader is ended."""
    with reader(standby, name) as session:
        bench.run()
        assert bench.statuses()["00003_note"] == "done"
        assert any("1 replica of 1 not asked for readers" in line for line in bench.lines)
        with pytest.raises(StatementFailedError) as ended:
            until(lambda: session.query("select count(*) from orders, pg_sleep(0.1)") is None, "a reader who is ended")
    assert "conflict with recovery" in ended.value.message
    primary.wait_for(standby)
    assert standby.ask(NOTE, name) == 1
