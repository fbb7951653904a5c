"""A team that has run its own tool for years begins to keep a tracker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from alembic_projects import CONFIGURED, write_project
from migsafe.cli.main import run
from migsafe.postgres.connection import connect
from migsafe.shadow.server import ThrowawayServer
from tool_tables import BOOKS, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(sys.platform == "win32", reason="the throw-away Postgres listens on a Unix socket"),
]

_numbers = count()
WHERE = ("--env", "production", "--url", "env:SHOP")


@pytest.fixture(scope="module")
def server() -> Iterator[ThrowawayServer]:
    with ThrowawayServer.start() as started:
        yield started


class Shop:
    """A project, its database, and what is said of both."""

    def __init__(self, server: ThrowawayServer, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.folder = folder
        self.name = f"shop_{next(_numbers)}"
        self.dsn = server.create_database(self.name)

    def begin(self, tool: str, table: str | None = None) -> Shop:
        shutil.copytree(BOOKS / tool, self.folder, dirs_exist_ok=True)
        self.sql(table if table is not None else table_of(tool))
        return self

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        with connect(self.dsn, autocommit=True) as session:
            session.execute("set timezone = 'UTC'")
            if text.startswith("select"):
                return session.query(text)
            session.execute(text)
        return []

    def say(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        found = run(words)
        told = self._capsys.readouterr()
        assert found == code, told.out + told.err
        return told.out + told.err

    def adopt(self, *words: str, code: int = 0) -> str:
        return self.say("adopt", *WHERE, *words, code=code)

    def runs(self) -> dict[str, tuple[str, str | None]]:
        """What the tracker says: migration → status, and since when."""
        self.say("state", "export", "--output", "state.json")
        document = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        return {
            step["migration"]: (ran["status"], ran.get("at"))
            for step in document["steps"]
            for ran in step.get("runs", [])
        }


@pytest.fixture
def shop(
    server: ThrowawayServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    made = Shop(server, tmp_path, capsys)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MIGSAFE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SHOP", made.dsn)
    (tmp_path / "migsafe.toml").write_text("", encoding="utf-8")
    yield made
    server.drop_database(made.name)


def test_what_the_table_says_is_recorded_once(shop: Shop) -> None:
    shop.begin("diesel").say("tracker", "upgrade")
    told = shop.adopt("--dry-run", "--create-env")
    assert f"production/main, by __diesel_schema_migrations of diesel in {shop.name}" in told
    assert "2 would be recorded, 0 known already, 1 not run there" in told
    assert "next: 2026-02-01-090000_orders" in told
    assert shop.runs() == {}, "a dry run records nothing"

    told = shop.adopt("--create-env", "--reason", "a tracker at last")
    assert "2026-01-01-090000_users: done since 2026-01-05 10:00 UTC" in told
    assert "2 recorded, 0 known already" in told
    assert shop.runs() == {
        "00000000000000_diesel_initial_setup": ("done", "2026-01-05T10:00:00Z"),
        "2026-01-01-090000_users": ("done", "2026-01-05T10:00:01Z"),
    }
    assert "0 recorded, 2 known already" in shop.adopt("--reason", "again")
    history = shop.say("history", "--format", "json")
    runs = [event for event in json.loads(history)["events"] if event["kind"] == "run"]
    assert len(runs) == 2
    assert {event["detail"]["reason"] for event in runs} == {"a tracker at last"}
    assert {event["detail"]["to"]["source"] for event in runs} == {"adopt"}

    shop.sql("insert into __diesel_schema_migrations values ('20260201090000', '2026-02-05')")
    told = shop.adopt("--reason", "diesel went on")
    assert "2026-02-01-090000_orders: done since 2026-02-05 00:00 UTC" in told
    assert "1 recorded, 2 known already, 0 not run there" in told


def test_what_is_wrong_is_said_first(shop: Shop) -> None:
    shop.begin("flyway").say("tracker", "upgrade")
    told = shop.adopt("--create-env", "--reason", "begin", code=1)
    lines = told.splitlines()
    assert lines[0].startswith("failed: 3: partial: Flyway ran it outside of a transaction")
    assert lines[1].startswith("changed: 1.1: the file is not the text that ran")
    assert lines[2].startswith("unknown: 6: app.history has it, and the project has not")
    assert "R__active_users: done since 2026-01-06 10:00 UTC (an older text of it has run" in told
    assert {name: status for name, (status, _) in shop.runs().items()} == {
        "1": "done",
        "1.1": "done",
        "3": "partial",
        "R__totals": "done",
        "R__active_users": "done",
    }
    told = shop.adopt("--reason", "again", "--format", "json", code=1)
    document = json.loads(told)
    assert document["schema"] == "migsafe.adopted/1"
    assert [concern["kind"] for concern in document["concerns"]] == ["failed", "changed", "unknown"]
    assert not any(one["changed"] for one in document["adopted"])
    assert document["left"] == ["2", "4", "5"]


def test_the_target_is_not_written(shop: Shop) -> None:
    shop.begin("goose").say("tracker", "upgrade")
    before = shop.sql("select count(*), max(xmin::text::bigint) from goose_db_version")
    objects = "select count(*) from pg_class"
    count = shop.sql(objects)
    shop.adopt("--create-env", "--reason", "begin", code=1)
    assert shop.sql("select count(*), max(xmin::text::bigint) from goose_db_version") == before
    assert shop.sql(objects) == count


def test_a_tracker_in_the_database_is_found_there(shop: Shop) -> None:
    shop.begin("dbmate").say("tracker", "upgrade", "--tracker", "env:SHOP")
    shop.adopt("--create-env", "--reason", "begin", "--at", "2026-03-01", code=1)
    (run,) = shop.sql("select distinct status, source, at::text from migsafe.migsafe_run")
    assert run == ("done", "adopt", "2026-03-01 00:00:00+00"), "dbmate keeps no time"
    (identity,) = shop.sql("select identity from migsafe.migsafe_target")
    assert str(identity[0]).endswith(f"/{shop.name}")


def test_another_database_of_that_name_is_refused(shop: Shop, server: ThrowawayServer) -> None:
    shop.begin("diesel").say("tracker", "upgrade")
    shop.adopt("--create-env", "--reason", "begin")
    other = server.create_database(f"{shop.name}_staging", shop.name)
    os.environ["SHOP"] = other
    try:
        told = shop.adopt("--reason", "again", code=4)
    finally:
        server.drop_database(f"{shop.name}_staging")
    assert "is not the database that the tracker knows as production/main" in told


def test_what_the_tracker_knows_better_is_left(shop: Shop) -> None:
    shop.begin("diesel").say("tracker", "upgrade")
    last = "2026-02-01-090000_orders"
    shop.say("record", last, "--env", "production", "--status", "done", "--create-env")
    told = shop.adopt("--reason", "begin", code=1)
    assert f"disputed: {last}: the tracker says that it is done" in told
    assert shop.runs()[last][0] == "done"


def test_a_long_history_is_told_in_short(shop: Shop) -> None:
    shop.begin("goose", table_of("goose")).say("tracker", "upgrade")
    for number in range(100, 140):
        name = shop.folder / "migrations" / f"{number:05}_step.sql"
        name.write_text("-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 1;\n", encoding="utf-8")
    shop.sql("insert into goose_db_version (version_id, is_applied) select n, true from generate_series(100, 138) n")
    told = shop.adopt("--create-env", "--reason", "begin", code=1).splitlines()
    assert len(told) == 1 + 20 + 1 + 2
    assert told[-3:] == [
        "… and 21 more; --format json lists all",
        f"production/main, by goose_db_version of goose in {shop.name}: 41 recorded, 0 known already, 2 not run there",
        "next: 00002_orders, and 1 more",
    ]


def test_refusals_in_one_line(shop: Shop) -> None:
    shop.say("tracker", "upgrade")
    reason = ("--create-env", "--reason", "begin")
    assert "adopt reads the project's migrations" in shop.adopt(*reason, code=3)
    shop.begin("golang-migrate", "create schema app; select 1")
    told = shop.adopt(*reason, code=4)
    assert f"there is no table schema_migrations of golang-migrate in {shop.name}" in told
    shop.sql("create table app.schema_migrations (version bigint primary key)")
    assert "there is app.schema_migrations: --table says that it is meant" in shop.adopt(*reason, code=4)
    told = shop.adopt(*reason, "--table", "app.schema_migrations", code=4)
    assert "app.schema_migrations is not the table of golang-migrate: it has no column dirty" in told
    shop.sql("alter table app.schema_migrations add dirty boolean default false")
    assert "no environment" in shop.adopt("--reason", "x", "--table", "app.schema_migrations", code=2)
    assert "is recorded for a reason" in shop.adopt(code=2)
    assert "an address of sqlite" in shop.say("adopt", "--env", "e", "--url", "sqlite:app.db", "--dry-run", code=2)
    assert "no database is named" in shop.say("adopt", "--env", "e", "--dry-run", code=2)
    assert shop.runs() == {}


@pytest.mark.long
def test_a_project_of_alembic(shop: Shop) -> None:
    bodies = [("op.execute('create table a (id int)')", "pass"), ("op.execute('create table b (id int)')", "pass")]
    write_project(shop.folder, CONFIGURED, *bodies)
    place = conninfo_to_dict(shop.dsn)
    url = f"postgresql+psycopg://{place['user']}@/{place['dbname']}?host={place['host']}&port={place['port']}"
    ini = shop.folder / "alembic.ini"
    ini.write_text(ini.read_text(encoding="utf-8").replace("postgresql+psycopg://localhost/elsewhere", url))
    first, second = "000000000001", "000000000002"
    subprocess.run([sys.executable, "-m", "alembic", "upgrade", first], cwd=shop.folder, check=True)
    shop.say("tracker", "upgrade")
    told = shop.adopt("--create-env", "--reason", "begin", "--at", "2026-02-01")
    assert f"by alembic_version of alembic in {shop.name}: 1 recorded, 0 known already, 1 not run there" in told
    assert shop.runs() == {first: ("done", "2026-02-01T00:00:00Z")}
    subprocess.run([sys.executable, "-m", "alembic", "upgrade", second], cwd=shop.folder, check=True)
    assert f"{second}: done" in shop.adopt("--reason", "Alembic went on")


def test_two_projects_are_told_apart(shop: Shop) -> None:
    shop.begin("goose").say("tracker", "upgrade")
    shutil.copytree(BOOKS / "diesel", shop.folder / "other")
    reason = ("--create-env", "--reason", "begin")
    told = shop.adopt(*reason, code=4)
    assert "there is no table __diesel_schema_migrations" in told
    assert "name one project by paths" in told
    shop.sql(table_of("diesel"))
    told = shop.adopt(*reason, code=1)
    assert "__diesel_schema_migrations of diesel" in told
    assert "goose_db_version of goose" in told
    assert "--table is of one project, and there are 2 here" in shop.adopt(*reason, "--table", "x", code=2)
    shutil.copytree(BOOKS / "diesel", shop.folder / "third")
    assert "there are two migrations" in shop.adopt(*reason, code=2)


def test_plain_sql_has_no_table(shop: Shop) -> None:
    shop.say("tracker", "upgrade")
    (shop.folder / "sql").mkdir()
    (shop.folder / "sql" / "001_users.sql").write_text("CREATE TABLE users (id bigint);", encoding="utf-8")
    told = shop.adopt("--create-env", "--reason", "begin", code=4)
    assert "plain SQL has no table in Postgres that says what has run (sql)" in told
    assert "migsafe record" in told
