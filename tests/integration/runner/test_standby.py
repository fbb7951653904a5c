"""A standby with somebody who reads: a step that locks a table for itself waits for them, so that replay need not.

For a minute and with many readers: tests/heavy/standby_load.py.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from migsafe.postgres.connection import StatementFailedError
from migsafe.runner.blockers import LIMITS, Lookout
from migsafe.runner.pace import PaceOptions
from migsafe.runner.patience import Budget, Sight, Way
from migsafe.runner.pieces import pieces_of
from migsafe.runner.standbys import StandbyReadError
from preflight_cases import read_sql
from run_benches import Bench
from standby import LastingServer, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migsafe.model.statement import Statement
    from migsafe.postgres.connection import Session
    from migsafe.runner.pieces import Piece

pytestmark = [pytest.mark.server, pytest.mark.long, pytest.mark.endurance]

#: How long replay waits for readers before it ends them.
DELAY = "500ms"
AGED = "select clock_timestamp() - xact_start > '0.15 s' from pg_stat_activity where pid = {}"
OURS = "from pg_stat_activity where datname ~ 'shop' and query like '%with reader%' and pid <> pg_backend_pid()"
NOTE = "select count(*) from pg_attribute where attrelid = 'orders'::regclass and attname = 'note'"

_numbers = count()


@pytest.fixture(scope="module")
def primary() -> Iterator[LastingServer]:
    if sys.platform == "win32":
        pytest.skip("the server listens on a Unix socket, which this platform's build does not have")
    # What is in the log and not committed would be sent soon anyway, and no test could tell by whom.
    with LastingServer.made({"wal_writer_delay": "10s"}) as server:
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


@dataclass
class Watch:
    """A lookout for one piece, on a server and its standby, with a clock that stands still."""

    lookout: Lookout
    piece: Piece
    moment: float = 0.0

    @property
    def way(self) -> Way:
        return self.lookout.look(self.piece).way

    def last_look(self) -> str:
        """Just before the piece's last statement."""
        return self.lookout.last_look(self.piece, self.piece.statements[-1])


@pytest.fixture
def watch(bench: Bench, primary: LastingServer, name: str) -> Iterator[Watch]:
    migration, read = read_sql("begin; update orders set total = 1; alter table orders add column note text; commit")
    (piece,) = pieces_of(read)

    def sleep(seconds: float) -> None:
        watch.moment += seconds

    lookout = Lookout(primary.dsn(name), ("env:REPLICA_URL",), clock=lambda: watch.moment, sleep=sleep)
    watch = Watch(lookout, piece)
    with lookout:
        lookout.turn_to(migration, read)
        yield watch


@contextmanager
def fresh_reader(standby: LastingServer, database: str) -> Iterator[Session]:
    """Somebody who has read the table on the standby a moment ago, and will read it again."""
    with standby.session(database, autocommit=False) as session:
        session.query("select count(*) from orders")
        yield session


def test_nobody_is_so_young_at_first_that_replay_need_not_mind(watch: Watch, standby: LastingServer, name: str) -> None:
    with fresh_reader(standby, name) as session:
        assert watch.way is Way.HELD
        watch.moment = 19.9
        until(lambda: standby.ask(AGED.format(session.backend_pid), name), "a reader who is no short read")
        assert watch.way is Way.HELD
        watch.moment = 0.0
        session.rollback()
        assert watch.way is Way.FREE
        assert watch.last_look() == ""


def test_who_is_never_gone_is_let_be_in_the_end_and_named(
    bench: Bench, primary: LastingServer, standby: LastingServer, name: str
) -> None:
    migration, read = read_sql("alter table orders add column note text")
    (piece,) = pieces_of(read)
    moment = 0.0
    patient = replace(LIMITS, on_replica=3600.0)
    with (
        Lookout(primary.dsn(name), ("env:REPLICA_URL",), limits=patient, clock=lambda: moment) as lookout,
        reader(standby, name) as session,
    ):
        lookout.turn_to(migration, read)
        assert lookout.look(piece).way is Way.HELD
        moment = 20.0
        assert lookout.look(piece).way is Way.FREE
        warning, pid = lookout.last_look(piece, piece.statements[0]), session.backend_pid
    assert "was not free of readers of public.orders for 20 s, and replay may have waited for" in warning
    assert f"pid {pid}" in warning
    assert "select count(*) from orders" in warning


def test_the_last_look_is_only_before_the_statement_that_locks(watch: Watch, standby: LastingServer, name: str) -> None:
    assert watch.way is Way.FREE
    with fresh_reader(standby, name) as session:
        assert watch.lookout.last_look(watch.piece, watch.piece.statements[0]) == ""
        with pytest.raises(StandbyReadError, match=f"pid {session.backend_pid}"):
            watch.last_look()
        with pytest.raises(StandbyReadError):
            watch.lookout.last_look(watch.piece)
        session.rollback()
        assert watch.last_look() == ""


def test_who_reads_other_tables_is_nobody(watch: Watch, standby: LastingServer, name: str) -> None:
    with standby.session(name, autocommit=False) as session:
        session.query("select count(*) from pg_class")
        assert watch.way is Way.FREE
        assert watch.last_look() == ""


def test_the_standby_is_asked_on_one_connection_which_may_be_lost(
    watch: Watch, standby: LastingServer, name: str
) -> None:
    def ours() -> object:
        return standby.ask(f"select array_agg(pid) {OURS}", name)

    assert watch.way is Way.FREE
    pids = ours()
    assert pids
    assert watch.way is Way.FREE
    assert watch.last_look() == ""
    assert ours() == pids
    standby.run(f"select pg_terminate_backend(pid, 5000) {OURS}", name)
    with pytest.raises(StandbyReadError):
        watch.last_look()
    assert watch.way is Way.FREE, "who it is was asked again"
    assert watch.last_look() == ""
    assert ours() != pids


def test_a_standby_takes_the_lock_before_the_transaction_is_committed(
    watch: Watch, primary: LastingServer, standby: LastingServer, name: str
) -> None:
    locked = "select exists (select from pg_locks where relation = 'orders'::regclass and mode = 'AccessExclusiveLock')"
    assert watch.way is Way.FREE
    with primary.session(name, autocommit=False) as session:
        session.execute(watch.piece.statements[-1].text)
        watch.lookout.sent(watch.piece, watch.piece.statements[-1])
        until(lambda: standby.ask(locked.replace("'orders'::regclass", str(oid(primary, name))), name), "the lock",
              patience=5.0)  # fmt: skip
        session.rollback()


def oid(server: LastingServer, database: str) -> object:
    """The number of the table: its name would be waited for."""
    return server.ask("select oid::int from pg_class where relname = 'orders'", database)


def test_a_reader_who_begins_after_the_look_is_seen_before_the_lock_and_costs_no_try(
    bench: Bench, primary: LastingServer, standby: LastingServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    last_look, looks = Lookout.last_look, count()

    def disturbed(self: Lookout, piece: Piece, statement: Statement | None = None) -> str:
        if next(looks) > 0:
            return last_look(self, piece, statement)
        with fresh_reader(standby, name):
            return last_look(self, piece, statement)

    monkeypatch.setattr(Lookout, "last_look", disturbed)
    outcome = bench.run(replicas=("env:REPLICA_URL",), wait=60.0, pace=PaceOptions(budget=Budget(whole=60.0)))
    assert bench.statuses()["00003_note"] == "done"
    assert next(looks) > 1
    assert [step.retries for step in outcome.steps] == [0]
    primary.wait_for(standby)
    assert standby.ask(NOTE, name) == 1


@pytest.mark.parametrize("tracker", ["beside", "apart"])
def test_where_every_moment_passes_nothing_was_begun(
    primary: LastingServer, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracker: str
) -> None:
    def somebody(self: Lookout, piece: Piece, statement: Statement | None = None) -> str:
        raise StandbyReadError(Sight(Way.HELD, "ro: pid 7 reads public.orders"))

    where = "env:SHOP_URL" if tracker == "beside" else primary.dsn("postgres")
    bench = Bench.open(tmp_path / "shop", primary.dsn(name), monkeypatch, tracker=where)
    (tmp_path / "shop" / "migrations" / "00004_find_by_state.sql").unlink()
    bench.run(release="1.0")
    with monkeypatch.context() as patch:
        patch.setattr(Lookout, "last_look", somebody)
        quick = Budget(lock=0.1, lock_beside_autovacuum=0.1, whole=3.0)
        refused = bench.refusal(pace=PaceOptions(budget=quick))
        assert "never tried: ro: pid 7 reads public.orders" in refused
    assert bench.statuses()["00003_note"] == "failed", "and not partial"
    assert bench.run(pace=PaceOptions(budget=Budget(whole=60.0))).problem is None
    assert bench.statuses()["00003_note"] == "done"


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
