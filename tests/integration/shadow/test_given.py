"""A shadow on somebody else's server: nothing but its own databases is touched, and none of them stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.connection import StatementFailedError, connect
from migsafe.shadow.choice import ShadowServer, start_server
from migsafe.shadow.given import GivenServer
from migsafe.shadow.options import ServerChoice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.shadow.server import ThrowawayServer


@pytest.fixture
def role(postgres_server: ThrowawayServer) -> Iterator[Callable[[str], str]]:
    """Makes a role with attributes, and gives an address for it."""
    made: list[str] = []

    def make(attributes: str) -> str:
        made.append(f"role_{len(made)}_{os.getpid()}")
        with postgres_server.connect() as session:
            session.execute(f"create role {made[-1]} login {attributes}")
        return postgres_server.dsn().replace("user=postgres", f"user={made[-1]}")

    yield make
    with postgres_server.connect() as session:
        for name in made:
            session.execute(f"drop role {name}")


def databases(server: ThrowawayServer) -> set[str]:
    with server.connect() as session:
        return {name for (name,) in session.query("select datname from pg_database")}


def test_databases_are_made_copied_and_gone_at_the_end(postgres_server: ThrowawayServer) -> None:
    before = databases(postgres_server)
    with GivenServer.open(postgres_server.dsn()) as server:
        server.create_database("app")
        with server.connect("app") as session:
            session.execute("create table t (a int)")
        server.create_database("copy", "app")
        with connect(server.dsn("copy"), autocommit=True) as session:
            assert session.query("select count(*) from t") == [(0,)]
        server.drop_database("app")
        server.drop_database("app")
        assert [name.rpartition("_")[2] for name in databases(postgres_server) - before] == ["copy"]
    assert databases(postgres_server) == before
    server.stop()


def test_a_failure_leaves_nothing_behind(postgres_server: ThrowawayServer) -> None:
    before = databases(postgres_server)
    with pytest.raises(StatementFailedError, match="already exists"):
        _make_it_twice(GivenServer.open(postgres_server.dsn()))
    assert databases(postgres_server) == before


def _make_it_twice(opened: GivenServer) -> None:
    with opened as server:
        server.create_database("app")
        server.create_database("app")


def test_other_databases_are_out_of_reach(postgres_server: ThrowawayServer) -> None:
    postgres_server.create_database("precious")
    try:
        with GivenServer.open(postgres_server.dsn()) as server:
            server.drop_database("precious")
            with pytest.raises(EnvironmentFailedError):
                server.connect("precious")
            with pytest.raises(StatementFailedError):
                server.create_database("mine", "precious")
        assert "precious" in databases(postgres_server)
    finally:
        postgres_server.drop_database("precious")


def test_an_ordinary_role_that_may_make_databases(postgres_server: ThrowawayServer, role: Callable[[str], str]) -> None:
    before = databases(postgres_server)
    with GivenServer.open(role("createdb")) as server:
        server.create_database("app")
        server.create_database("copy", "app")
        with server.connect("copy") as session:
            session.execute("create table public.t (a int)")
    assert databases(postgres_server) == before


def test_a_role_that_may_not_is_refused_with_its_name(role: Callable[[str], str]) -> None:
    dsn = role("nocreatedb")
    with pytest.raises(EnvironmentFailedError, match=r"role_0_\d+ may not make databases") as caught:
        GivenServer.open(dsn)
    assert "CREATEDB" in (caught.value.hint or "")


def test_it_says_what_it_is(postgres_server: ThrowawayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHADOW", postgres_server.dsn())
    server: ShadowServer = start_server(ServerChoice(url="env:SHADOW"))
    with server:
        assert (server.version, server.major, server.shims) == (postgres_server.version, postgres_server.major, ())


def test_what_a_killed_process_left_is_swept_away_and_a_living_ones_is_not(postgres_server: ThrowawayServer) -> None:
    before = databases(postgres_server)
    program = (
        "import sys; from migsafe.shadow.given import GivenServer\n"
        f"server = GivenServer.open({postgres_server.dsn()!r}); server.create_database('app')\n"
        "print('made', flush=True); sys.stdin.read()\n"
    )
    with GivenServer.open(postgres_server.dsn()) as living:
        living.create_database("app")
        alive = databases(postgres_server)
        process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"made\n"
            assert len(databases(postgres_server)) == len(alive) + 1
            process.kill()
        _wait_until_its_session_has_gone(postgres_server, alive=1)
        GivenServer.open(postgres_server.dsn()).stop()
        assert databases(postgres_server) == alive
    assert databases(postgres_server) == before


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to catch")
def test_sigterm_leaves_nothing_behind(postgres_server: ThrowawayServer) -> None:
    before = databases(postgres_server)
    program = (
        "import sys; from migsafe.shadow.given import GivenServer\n"
        f"server = GivenServer.open({postgres_server.dsn()!r}); server.create_database('app')\n"
        "print('made', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM
    assert databases(postgres_server) == before


def _wait_until_its_session_has_gone(server: ThrowawayServer, *, alive: int) -> None:
    """The server notices by itself, soon, that a client was killed."""
    count = "select count(*) from pg_stat_activity where application_name like 'migsafe shadow %'"
    with server.connect() as session:
        for _ in range(1000):
            if session.query(count) == [(alive,)]:
                return
            session.query("select pg_sleep(0.005)")
    raise AssertionError("the server did not notice that its client was killed")
