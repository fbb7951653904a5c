"""A fleet from the command line: run, look, stop, go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from fleet_shops import CONFLICT, FleetOfShops
from migsafe.cli.main import run
from migsafe.postgres.connection import connect
from migsafe.shadow.server import ThrowawayServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    MakeFleet = Callable[..., FleetOfShops]

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(sys.platform == "win32", reason="the throw-away Postgres listens on a Unix socket"),
]

FLEET = ("--fleet", "migsafe.fleet.toml")
EXPAND = ("run", "expand", "--release", "1.0", "--env", "production")
ALL = ("--tracker", "sqlite:tracker.db")
_numbers = count()
#: A step that takes as long as a test wants; whoever has the lock lets it go.
_HELD = """-- +goose Up
CREATE TABLE held (id int);
SELECT pg_advisory_xact_lock(4711);

-- +goose Down
DROP TABLE held;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ThrowawayServer]:
    with ThrowawayServer.start(settings={"max_connections": "100"}) as started:
        yield started


@pytest.fixture
def make_fleet(server: ThrowawayServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeFleet]:
    made: list[str] = []

    def make(size: int, **options: int) -> FleetOfShops:
        made.extend(f"tenant_{next(_numbers)}" for _ in range(size))
        fleet = FleetOfShops.open(tmp_path / "shop", [server.create_database(name) for name in made], **options)
        monkeypatch.setenv("TENANT_URL", fleet.address)
        monkeypatch.chdir(fleet.folder)
        for name in [name for name in os.environ if name.startswith("MIGSAFE_")]:
            monkeypatch.delenv(name)
        return fleet

    yield make
    for name in made:
        server.drop_database(name)


def test_from_the_trackers_to_the_last_database(make_fleet: MakeFleet, capsys: pytest.CaptureFixture[str]) -> None:
    fleet = make_fleet(4)
    sick = fleet.names[2]
    assert run(["tracker", "upgrade", *FLEET]) == 0
    assert run(["tracker", "upgrade", *FLEET, "--format", "json"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("4 databases: written\n0 databases: so already")
    document = json.loads(told[told.index("{") :])
    assert (document["schema"], document["changed"], document["same"]) == ("migsafe.fleet-trackers/1", 0, 4)

    fleet.told(sick, CONFLICT)
    assert run([*EXPAND, *FLEET, "--create-env", "--accept", "a test"]) == 5
    told, progress = capsys.readouterr()
    assert told.splitlines()[0] == "4 databases: 3 done, 1 failed"
    assert f"  {sick} (everybody): " in told
    assert f"1/4 first: {fleet.names[0]}: done\n" in progress
    assert "error: of 4 databases 1 failed\nhint: the same command goes on with these\n" in progress

    assert run(["status", *FLEET]) == 0
    told = capsys.readouterr().out
    assert [line.split() for line in told.splitlines()[1:3]] == [
        ["first", "1", "1", "done", "-", "-", "-"],
        ["everybody", "3", "2", "done,", "1", "failed", "-", "-", "-"],
    ]
    assert f"failed:\n  {sick}: 00001_orders is failed\n" in told

    assert run(["status", *FLEET, "--env", "production", "--ring", "everybody", "--format", "json"]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert (seen["schema"], seen["databases"], seen["failed"][0]["target"]) == ("migsafe.fleet-status/1", 3, sick)
    assert seen["rings"][0]["phases"]["expand"] == {"done": 2, "running": 0, "waiting": 0, "failed": 1}

    fleet.told(sick, "drop table orders")
    repair = ("run", "repair", "00001_orders", "--env", "production", "--reason", "the old table is gone")
    assert run([*repair, *FLEET, "--target", sick]) == 0
    assert run([*EXPAND, *FLEET, "--target", sick]) == 0
    assert all(fleet.has_goose(name, 2) for name in fleet.names)
    capsys.readouterr()
    assert run(["run", "resume", "--env", "production", *FLEET, "--format", "json"]) == 0
    ended = json.loads(capsys.readouterr().out)
    assert (ended["schema"], ended["phase"], ended["counts"]["nothing"]) == ("migsafe.fleet-run/1", None, 4)

    mark = ("release", "mark", "1.0", "--env", "production", "--status", "deployed")
    assert run([*mark, *FLEET]) == 0
    assert run([*mark, *FLEET]) == 0
    told = capsys.readouterr().out
    assert told == "4 databases: written\n0 databases: so already, nothing written\n" * 1 + (
        "0 databases: written\n4 databases: so already, nothing written\n"
    )


def test_a_rehearsal_tells_each_answer_once(make_fleet: MakeFleet, capsys: pytest.CaptureFixture[str]) -> None:
    fleet = make_fleet(3)
    assert run(["tracker", "upgrade", *ALL]) == 0
    fleet.told(fleet.names[1], "create table goose_db_version (id int)")
    capsys.readouterr()
    assert run([*EXPAND, *FLEET, *ALL, "--create-env", "--dry-run"]) in {4, 5}
    lines = capsys.readouterr().out.splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads == [f"2 databases: {fleet.names[0]}, {fleet.names[2]}", f"1 database: {fleet.names[1]}"]
    assert sum("would run 00001_orders (expand)" in line for line in lines) == 1
    assert not any(fleet.has_goose(name, 1) for name in (fleet.names[0], fleet.names[2]))


@pytest.mark.long
def test_eight_at_once_and_one_file_for_all(make_fleet: MakeFleet, capsys: pytest.CaptureFixture[str]) -> None:
    fleet = make_fleet(16, first=8, concurrency=8)
    fleet.write(("everybody", fleet.names, 8))
    assert run(["tracker", "upgrade", *ALL]) == 0
    capsys.readouterr()
    assert run([*EXPAND, *FLEET, *ALL, "--create-env", "--accept", "a test", "--format", "json"]) == 0
    ran = json.loads(capsys.readouterr().out)
    assert (ran["counts"]["done"], ran["exit_code"]) == (16, 0)
    assert {one["ring"] for one in ran["databases"]} == {"everybody"}
    assert run(["tracker", "check", *ALL]) == 0
    capsys.readouterr()
    assert run(["status", *FLEET, *ALL, "--env", "production"]) == 0
    assert "everybody  16         16 done" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "nobody has said which database"),
        ((*FLEET, "--url", "shop"), "--url is one database and --fleet is many: say one of them"),
        (("--url", "shop", "--ring", "first"), "--ring is about many databases, which is only said of a --fleet"),
        (("--url", "shop", "--stop-on-failure"), "--stop-on-failure is about many databases"),
        ((*FLEET, "--target", "a", "--go-on"), "--go-on is about many databases, and --target is one database"),
        ((*FLEET, "--target", "b"), 'no database "b" in the fleet'),
        ((*FLEET, "--ring", "frist"), 'no ring "frist"'),
        (("--fleet", "away.toml"), "away.toml does not exist"),
        (FLEET, "the url of a: the environment variable NOT_SET is not set"),
    ],
)
def test_what_is_not_clear_is_refused(
    words: tuple[str, ...],
    error: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migsafe.fleet.toml").write_text('url = "env:NOT_SET"\n[[ring]]\nname = "first"\ntargets = ["a"]\n')
    assert run([*EXPAND, *words]) == 2
    assert f"error: {error}" in capsys.readouterr().err


def test_a_repair_is_of_one_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migsafe.fleet.toml").write_text('url = "s"\n[[ring]]\nname = "first"\ntargets = ["a"]\n')
    assert run(["run", "repair", "001", "--env", "production", "--reason", "why not", *FLEET]) == 2
    assert "a step is repaired on one database" in capsys.readouterr().err
    assert run(["status", "--ring", "first"]) == 2


class Running:
    """The command in a process of its own, what it says as it says it, and the lock that its first step waits for."""

    def __init__(self, fleet: FleetOfShops, *words: str) -> None:
        (fleet.folder / "migrations" / "00001_orders.sql").write_text(_HELD)
        (fleet.folder / "migrations" / "00002_first_orders.sql").unlink()
        manifest = fleet.folder / "migsafe.releases.toml"
        manifest.write_text(manifest.read_text().replace(', "migrations/00002_first_orders.sql"', ""))
        self._fleet = fleet
        self.holder = connect(fleet.dsn(fleet.names[0]), autocommit=True)
        self.holder.query("select pg_advisory_lock(4711)")
        self.process = self.start(*words)
        self.said = ""
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "migsafe", *EXPAND, *FLEET, *ALL, "--create-env", "--accept", "a test", *words]
        return subprocess.Popen(
            command, cwd=self._fleet.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line

    def until(self, condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, self.said
            assert self.process.poll() is None, self.said
            time.sleep(0.01)

    def until_it_waits(self) -> None:
        waits = "select 1 from pg_locks where locktype = 'advisory' and objid = 4711 and not granted"
        self.until(lambda: self.holder.query(waits))

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def let_go(self) -> None:
        self.holder.close()

    def end(self) -> None:
        """Nothing of it is left, however it went."""
        self.let_go()
        self.process.kill()
        self.process.wait(10)
        self._listener.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()


@contextmanager
def running(fleet: FleetOfShops) -> Iterator[Running]:
    command = Running(fleet)
    try:
        yield command
    finally:
        command.end()


@pytest.mark.long
def test_stopped_once_it_brings_its_step_to_an_end(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(3)
    assert run(["tracker", "upgrade", *ALL]) == 0
    with running(fleet) as command:
        command.until_it_waits()
        command.interrupt()
        command.until(lambda: "stopping: steps that run come to their end" in command.said)
        command.let_go()
        assert command.process.wait(60) == 130, command.said
    assert [fleet.has_goose(name, 1) for name in fleet.names] == [True, False, False]


@pytest.mark.long
def test_stopped_twice_it_ends_at_once_and_is_gone_on_with(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(2)
    assert run(["tracker", "upgrade", *ALL]) == 0
    with running(fleet) as command:
        command.until_it_waits()
        command.interrupt()
        command.until(lambda: "stopping" in command.said)
        command.interrupt()
        assert command.process.wait(20) == 130, command.said
        command.let_go()
    assert run([*EXPAND, *FLEET, *ALL, "--create-env", "--wait-for-turn", "60", "--accept", "a test"]) == 0
    assert all(fleet.has_goose(name, 1) for name in fleet.names)
    assert fleet.ask(fleet.names[0], "select count(*) from goose_db_version where version_id = 1") == [(1,)]
