"""Preflight on a real server, with real sessions in the way. Every blocker comes with a near miss."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import count
from pathlib import Path

import jsonschema
import pytest

from migsafe import api
from migsafe.cli.main import run
from migsafe.config import Config
from migsafe.config.windows import read_windows
from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.connection import Session, connect, make_dsn
from migsafe.postgres.live import glance, open_live
from migsafe.preflight.options import Limits
from migsafe.preflight.report import PreflightReport, Reason
from migsafe.shadow.server import ThrowawayServer
from pooler_stand_in import PoolerStandIn

pytestmark = [pytest.mark.server, pytest.mark.long]

SETTINGS = {
    "wal_level": "logical",
    "max_wal_senders": "2",
    "max_replication_slots": "4",
    "max_prepared_transactions": "4",
    "max_locks_per_transaction": "64",
}
TABLES = """
create table users (id int primary key, email text);
create table orders (id int primary key, user_id int references users);
insert into users values (1, 'a'); insert into orders values (1, 1);
"""
ADD_COLUMN = "alter table users add column a int"
BUILD = "create index concurrently users_email on users (email)"
#: So that no test has to wait until a transaction is old.
EAGER = Limits(old=0.0, holding=0.0, waiting=0.0, on_replica=0.0)

SCHEMA = json.loads((files("migsafe.preflight") / "schema" / "preflight-1.json").read_text(encoding="utf-8"))

_numbers = count()


@pytest.fixture(scope="module")
def server() -> Iterator[ThrowawayServer]:
    if sys.platform == "win32":
        pytest.skip("the throw-away Postgres listens on a Unix socket, which this platform's build does not have")
    with ThrowawayServer.start(settings=SETTINGS) as started:
        yield started


@dataclass
class Shop:
    """A database, the sessions that are open on it, and a folder for migrations."""

    server: ThrowawayServer
    name: str
    folder: Path
    open: ExitStack
    monkeypatch: pytest.MonkeyPatch

    def run(self, sql: str) -> None:
        with self.server.connect(self.name) as session:
            session.execute(sql)

    def session(self, sql: str = "") -> Session:
        """A session that stays open, and its transaction too if the SQL begins one."""
        session = self.open.enter_context(self.server.connect(self.name))
        session.execute("set application_name = 'shop-web'")
        if sql:
            session.execute(sql)
        return session

    def preflight(
        self,
        *sql: str,
        limits: Limits = EAGER,
        url: str | None = None,
        config: Config | None = None,
        replicas: Sequence[str] = (),
        wait: float = 0.0,
        on_wait: Callable[[PreflightReport, float], None] | None = None,
    ) -> PreflightReport:
        """What preflight says of some migrations; of the server by itself without any."""
        self.monkeypatch.setenv("SHOP_URL", url or self.server.dsn(self.name))
        for number, text in enumerate(sql, 1):
            (self.folder / f"{number:04}_step.sql").write_text(text, encoding="utf-8")
        options = api.PreflightOptions(url="env:SHOP_URL", limits=limits, replicas=tuple(replicas), wait=wait)
        return api.preflight(options, [self.folder] if sql else None, config, on_wait=on_wait)


@pytest.fixture
def shop(server: ThrowawayServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    name = f"shop_{next(_numbers)}"
    server.create_database(name)
    with ExitStack() as opened:
        made = Shop(server, name, tmp_path, opened, monkeypatch)
        made.run(TABLES)
        yield made
    server.drop_database(name)


def of(check: str, report: PreflightReport) -> list[Reason]:
    return [reason for reason in report.reasons if reason.check == check]


def heavy(report: PreflightReport) -> set[str]:
    return {reason.check for reason in report.reasons if reason.weight in {"no-go", "unknown"}}


def test_a_quiet_server_is_a_go(shop: Shop) -> None:
    report = shop.preflight()
    assert (report.verdict, report.reasons) == ("go", ())
    report = shop.preflight(ADD_COLUMN, BUILD)
    assert report.verdict == "go"
    assert [(str(table), str(mode)) for table, mode in report.locks] == [("public.users", "ACCESS EXCLUSIVE")]
    assert report.migrations == ("0001_step", "0002_step")


def test_a_transaction_that_is_idle_on_a_touched_table(shop: Shop) -> None:
    blocker = shop.session("begin; select * from users where email <> 'secret'")
    report = shop.preflight(ADD_COLUMN)
    assert report.verdict == "no-go"
    (culprit,) = of("lock-holders", report)[0].culprits
    assert (culprit.pid, culprit.user, culprit.application) == (blocker.backend_pid, "postgres", "shop-web")
    assert culprit.state == "idle in transaction"
    assert culprit.query == "begin; select * from users where email <> '…'"
    assert culprit.age is not None


def test_the_same_transaction_is_nobodys_business_for_another_table_or_lock(shop: Shop) -> None:
    shop.session("begin; select * from users")
    assert shop.preflight("alter table orders add column a int").verdict == "go"
    assert shop.preflight("create index on users (email)").verdict == "go"


def test_a_young_one_is_only_noted(shop: Shop) -> None:
    shop.session("begin; select * from users")
    report = shop.preflight(ADD_COLUMN, limits=Limits())
    assert (report.verdict, of("lock-holders", report)[0].weight) == ("go", "note")


def test_an_index_build_waits_for_any_old_transaction(shop: Shop) -> None:
    blocker = shop.session("begin isolation level repeatable read; select * from orders")
    report = shop.preflight(BUILD)
    assert of("old-transactions", report)[0].culprits[0].pid == blocker.backend_pid
    assert report.verdict == "no-go"
    assert shop.preflight(BUILD, limits=Limits()).verdict == "go"
    assert shop.preflight("create index users_email on users (email)").verdict == "go"


def test_a_server_by_itself_names_old_transactions(shop: Shop) -> None:
    blocker = shop.session("begin; select 1")
    report = shop.preflight()
    assert (report.verdict, of("old-transactions", report)[0].culprits[0].pid) == ("no-go", blocker.backend_pid)


def test_a_queue_names_who_waits_and_for_whom(shop: Shop) -> None:
    blocker = shop.session("begin; select * from users")
    waiter = shop.session()
    thread = threading.Thread(target=waiter.execute, args=("begin; lock table users in access exclusive mode",))
    thread.start()
    waits = f"select from pg_locks where pid = {waiter.backend_pid} and not granted"
    with shop.server.connect(shop.name) as watch:
        while not watch.query(waits):
            pass
    report = shop.preflight("update users set email = email")
    alone = shop.preflight()
    blocker.execute("rollback")
    thread.join()
    for seen in (report, alone):
        (queue,) = of("lock-queue", seen)
        assert [one.pid for one in queue.culprits] == [blocker.backend_pid, waiter.backend_pid]
        assert queue.weight == "no-go"
    assert of("lock-queue", shop.preflight("update users set email = email")) == []


def test_a_prepared_transaction_is_named(shop: Shop) -> None:
    shop.run(f"begin; update users set email = 'b'; prepare transaction '{shop.name}'")
    try:
        report = shop.preflight(ADD_COLUMN)
        elsewhere = shop.preflight("alter table orders add column a int", limits=Limits())
        alone = shop.preflight()
    finally:
        shop.run(f"rollback prepared '{shop.name}'")
    (reason,) = of("lock-holders", report)
    assert (reason.culprits[0].gid, reason.culprits[0].pid, reason.weight) == (shop.name, None, "no-go")
    assert elsewhere.verdict == "go"
    assert heavy(alone) == {"prepared-transactions"}


def test_an_inactive_slot(shop: Shop) -> None:
    shop.run("select pg_create_logical_replication_slot('cdc', 'pgoutput')")
    try:
        reports = shop.preflight(), shop.preflight(ADD_COLUMN)
    finally:
        shop.run("select pg_drop_replication_slot('cdc')")
    assert [heavy(report) for report in reports] == [{"replication-slots"}] * 2
    assert shop.preflight(ADD_COLUMN).verdict == "go"


def test_published_tables(shop: Shop) -> None:
    shop.run("create publication few for table users")
    shop.run("select pg_create_logical_replication_slot('cdc', 'pgoutput')")
    try:
        changes = shop.preflight(ADD_COLUMN)
        builds = shop.preflight("create index on users (email)")
        shop.run("create publication everything for all tables")
        makes = shop.preflight("create table fresh (id int primary key)")
    finally:
        shop.run("select pg_drop_replication_slot('cdc')")
    assert of("published-tables", changes)[0].objects == ("public.users",)
    assert of("published-tables", builds) == []
    (reason,) = of("published-tables", makes)
    assert (reason.weight, reason.objects) == ("no-go", ("public.fresh",))


@pytest.fixture
def role(shop: Shop) -> Iterator[str]:
    """A role that may log in, and nothing else."""
    name = f"role_of_{shop.name}"
    shop.run(f"create role {name} login; grant usage on schema public to {name}")
    yield name
    shop.open.close()
    shop.run(f"drop owned by {name} cascade; drop role {name}")


def as_role(shop: Shop, role: str) -> str:
    return f"{shop.server.dsn(shop.name)} user={role}"


def test_a_role_that_sees_nothing_never_says_go(shop: Shop, role: str) -> None:
    shop.session("begin; select 'secret'")
    report = shop.preflight(url=as_role(shop, role))
    assert (report.verdict, heavy(report)) == ("unknown", {"visibility"})
    assert report.verdict.exit_code == 5
    assert of("visibility", report)[0].culprits[0].query is None
    shop.run(f"grant pg_read_all_stats to {role}")
    assert heavy(shop.preflight(url=as_role(shop, role))) == {"old-transactions"}


def test_a_role_that_is_not_the_owner(shop: Shop, role: str) -> None:
    shop.run(f"grant pg_read_all_stats to {role}")
    report = shop.preflight(ADD_COLUMN, "create table fresh (id int)", url=as_role(shop, role))
    assert heavy(report) == {"privileges"}
    assert [reason.objects for reason in of("privileges", report)] == [("public.users",), ("public",)]
    shop.run(f"alter table users owner to {role}; grant create on schema public to {role}")
    assert shop.preflight(ADD_COLUMN, "create table fresh (id int)", url=as_role(shop, role)).verdict == "go"
    shop.run("alter table users owner to postgres")


def test_forced_row_security(shop: Shop, role: str) -> None:
    shop.run(f"grant pg_read_all_stats to {role}; alter table users owner to {role}")
    shop.run("alter table users enable row level security")
    backfill = "update users set email = 'x'"
    assert shop.preflight(backfill, url=as_role(shop, role)).verdict == "go"
    shop.run("alter table users force row level security")
    assert heavy(shop.preflight(backfill, url=as_role(shop, role))) == {"row-security"}
    assert of("row-security", shop.preflight(url=as_role(shop, role)))[0].weight == "warning"
    shop.run(f"alter role {role} bypassrls")
    assert shop.preflight(backfill, url=as_role(shop, role)).verdict == "go"
    shop.run("alter table users owner to postgres")


def test_partitions_that_no_migration_has_made(shop: Shop) -> None:
    shop.run(
        "create table log (a int primary key) partition by list (a);"
        "do $$ begin for n in 1..40 loop"
        " execute format('create table log_%s partition of log for values in (%s)', n, n); end loop; end $$"
    )
    reader = shop.session("begin; select * from log_7")
    report = shop.preflight("alter table log add column b int")
    assert len(report.locks) == 41
    (reason,) = of("lock-holders", report)
    assert (reason.objects, reason.culprits[0].pid) == (("public.log_7",), reader.backend_pid)
    assert of("lock-table", report)[0].weight == "warning"
    assert of("lock-table", shop.preflight("alter table only log add column b int")) == []


def test_an_index_and_a_detach_that_were_cut_off(shop: Shop) -> None:
    shop.run("create table log (a int) partition by list (a); create table log_1 partition of log for values in (1)")
    shop.run("insert into users values (2, 'a')")
    with pytest.raises(EnvironmentFailedError):
        shop.run("create unique index concurrently users_email on users (email)")
    assert heavy(shop.preflight(BUILD)) == {"invalid-indexes"}
    assert of("invalid-indexes", shop.preflight(ADD_COLUMN))[0].weight == "warning"
    assert of("invalid-indexes", shop.preflight("alter table orders add column a int")) == []
    reader = shop.session("begin; select * from log")
    hasty = shop.session("set lock_timeout = 1")
    with pytest.raises(EnvironmentFailedError):
        hasty.execute("alter table log detach partition log_1 concurrently")
    reader.execute("rollback")
    detach = of("unfinished-detach", shop.preflight("alter table log_1 add column b int"))
    assert detach[0].weight == "no-go"
    assert of("unfinished-detach", shop.preflight("alter table log detach partition log_1 finalize")) == []


def test_a_table_that_is_not_there(shop: Shop) -> None:
    assert heavy(shop.preflight("alter table gone add column a int")) == {"missing-tables"}
    assert shop.preflight("alter table if exists gone add column a int").verdict == "go"


def test_windows_and_version(shop: Shop) -> None:
    config = Config(windows=read_windows("Mon-Sun 00-24"), server_version=99)
    assert heavy(shop.preflight(ADD_COLUMN, config=config)) == {"server-version"}
    in_three_days = f"{datetime.now(UTC) + timedelta(days=3):%a} 00-24"
    assert heavy(shop.preflight(ADD_COLUMN, config=Config(windows=read_windows(in_three_days)))) == {"window"}


def test_a_pooler_is_seen(shop: Shop) -> None:
    with PoolerStandIn(shop.server.folder / "socket" / ".s.PGSQL.5432") as stand_in:
        dsn = make_dsn(host=str(stand_in.folder), port=5432, user="postgres", dbname=shop.name)
        assert heavy(shop.preflight(url=dsn)) == {"pooler"}


def test_a_replica_that_is_none_or_away_is_unknown(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELF", shop.server.dsn(shop.name))
    monkeypatch.setenv("AWAY", make_dsn(host="/nonexistent", user="x", dbname="y"))
    report = shop.preflight(ADD_COLUMN, replicas=("env:SELF", "env:AWAY"))
    assert [one.weight for one in of("standby-conflict", report)] == ["unknown", "unknown"]
    assert shop.preflight(BUILD, replicas=("env:AWAY",)).verdict == "go"


def test_a_server_that_is_away_is_an_error(shop: Shop) -> None:
    with pytest.raises(EnvironmentFailedError):
        shop.preflight(url=make_dsn(host="/nonexistent", user="x", dbname="y"))


def test_waiting_until_it_is_a_go(shop: Shop) -> None:
    blocker = shop.session("begin; select * from users")
    seen: list[str] = []

    def end_it(report: PreflightReport, left: float) -> None:
        seen.append(report.verdict)
        blocker.execute("rollback")

    report = shop.preflight(ADD_COLUMN, wait=0.2, on_wait=end_it)
    assert (seen, report.verdict) == (["no-go"], "go")


def test_nothing_is_waited_for_that_stays(shop: Shop) -> None:
    def never(report: PreflightReport, left: float) -> None:
        raise AssertionError(report)

    assert shop.preflight("alter table gone add column a int", wait=60.0, on_wait=never).verdict == "unknown"


def test_it_waits_for_no_lock(shop: Shop) -> None:
    shop.session("begin; lock table users, orders in access exclusive mode")
    report = shop.preflight("alter table users add column a int; create index on orders (user_id)")
    assert heavy(report) == {"lock-holders"}
    assert report.took < 2


def test_no_setting_outlives_a_look(shop: Shop) -> None:
    with open_live(shop.server.dsn(shop.name)) as session:
        with glance(session):
            assert session.query("show row_security") == [("off",)]
            with pytest.raises(EnvironmentFailedError, match="read-only"):
                session.execute("delete from users")
            session.execute("rollback")
        settings = session.query("select current_setting('row_security'), current_setting('lock_timeout')")
    with connect(shop.server.dsn(shop.name), autocommit=True, settings=False) as plain:
        fresh = plain.query("select current_setting('row_security'), current_setting('lock_timeout')")
    assert settings == fresh == [("on", "0")]


def command(shop: Shop, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setenv("SHOP_URL", shop.server.dsn(shop.name))
    monkeypatch.chdir(shop.folder)
    return run(["preflight", "--url", "env:SHOP_URL", *arguments])


def test_the_command_says_go_and_no_go(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop.folder / "0001_a.sql").write_text("create table a (id int primary key);")
    (shop.folder / "0002_b.sql").write_text("alter table users add column b int;")
    assert command(shop, monkeypatch, "--since", "0001_a") == 0
    assert capsys.readouterr().out.startswith(f"go: {shop.name} (Postgres ")
    (shop.folder / "migsafe.toml").write_text('windows = "Mon 00:00-00:01 UTC"\nserver_version = 99\n')
    assert command(shop, monkeypatch, "--format", "json", ".") == 4
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    assert (document["verdict"], document["migrations"]) == ("no-go", ["0001_a", "0002_b"])


def test_the_command_says_what_it_waits_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop.folder / "migsafe.toml").write_text("windows = 'Mon 00:00-00:01, Tue 00:00-00:01'\n")
    assert command(shop, monkeypatch, "--wait", "0.05", "--quiet") in {0, 4}
    assert capsys.readouterr().err == ""
    assert command(shop, monkeypatch, "--wait", "1") in {0, 4}
    assert "left)" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["postgresql://u:secret@h/d", "mysql://h/d"])
def test_an_address_that_cannot_be_used_is_refused(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preflight", "--url", address]) == 2
    assert "secret" not in "".join(capsys.readouterr())


def test_without_an_address_nothing_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["preflight"]) == 2
    assert "--url" in capsys.readouterr().err


def test_a_server_that_is_away_is_5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWAY", make_dsn(host="/nonexistent", user="x", dbname="y"))
    assert run(["preflight", "--url", "env:AWAY"]) == 5
