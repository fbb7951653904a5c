"""Whenever a run is ended, nothing stays: at once after a signal that can be caught, else after the next run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import held_start
import leftovers
from migsafe.postgres.connection import Session, connect
from migsafe.shadow.given import GivenServer
from migsafe.shadow.server import ThrowawayServer

pytestmark = [
    pytest.mark.long,
    pytest.mark.server,
    pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="reads /proc"),
]

_CATCHABLE = (signal.SIGINT, signal.SIGTERM)  # of SIGHUP see test_server.py


@pytest.fixture
def base(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short folder that every account can enter, with a place for servers, and a cache where that is to be empty."""
    folder = Path(tempfile.mkdtemp(prefix="m-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "servers").mkdir()
    if request.node.callspec.params.get("moment") in held_start.COLD:
        monkeypatch.setenv("MIGSAFE_CACHE_DIR", str(folder / "cache"))
    yield folder
    shutil.rmtree(folder)


def end_at(moment: str, number: signal.Signals, base: Path) -> int:
    """Start a server, and end its owner by a signal at some moment of its life; with what that ends."""
    program = [sys.executable, held_start.__file__, str(base / "servers"), moment]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"here\n"
        os.kill(owner.pid, number)
        # Steps that are kept whole hear the signal when they are done.
        owner.communicate(timeout=30)
        return owner.returncode


def left(base: Path) -> set[str]:
    return leftovers.programs_on(base) | files_left(base)


def files_left(base: Path) -> set[str]:
    return leftovers.entries_of(base / "servers") | leftovers.unfinished_in(base / "cache")


@pytest.mark.parametrize("moment", held_start.MOMENTS)
def test_after_sigkill_the_next_run_leaves_nothing(moment: str, base: Path) -> None:
    assert end_at(moment, signal.SIGKILL, base) == -signal.SIGKILL
    assert left(base)
    with ThrowawayServer.start(base=base / "servers") as running:
        assert files_left(base) == {f"folder {running.folder}"}
    assert left(base) == set()


@pytest.mark.parametrize("number", _CATCHABLE)
@pytest.mark.parametrize("moment", ["initdb is at work", "the image is not whole yet", "the folder is half removed"])
def test_after_other_signals_nothing_is_left_at_once(moment: str, number: signal.Signals, base: Path) -> None:
    assert end_at(moment, number, base) == -number
    assert left(base) == set()


_MAKE_A_COPY = """
import sys
from migsafe.shadow.given import GivenServer

with GivenServer.open(sys.argv[1]) as server:
    server.create_database("app")
    print(server.dsn("app"), flush=True)
    sys.stdin.readline()
    server.create_database("copy", "app")
"""


@contextmanager
def a_copy_is_being_made(server: ThrowawayServer) -> Iterator[tuple[subprocess.Popen[str], Session]]:
    """A process in the middle of CREATE DATABASE, and the session on its template that the server waits for."""
    program = [sys.executable, "-c", _MAKE_A_COPY, server.dsn()]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdin is not None
        assert owner.stdout is not None
        with connect(owner.stdout.readline().strip(), autocommit=True) as visitor:
            owner.stdin.write("go on\n")
            owner.stdin.flush()
            wait_until(server, "select count(*) = 1 from pg_stat_activity where query ilike 'create database%copy%'")
            yield owner, visitor


def wait_until(server: ThrowawayServer, question: str, or_ended: subprocess.Popen[str] | None = None) -> None:
    with server.connect() as session:
        for _ in range(2000):
            if session.query(question) == [(True,)] or (or_ended is not None and or_ended.poll() is not None):
                return
            session.query("select pg_stat_clear_snapshot(), pg_sleep(0.005)")
    raise AssertionError(f"it never came to be that {question}")


def databases(server: ThrowawayServer) -> set[str]:
    with server.connect() as session:
        return {name for (name,) in session.query("select datname from pg_database where datname like 'migsafe%'")}


_IS_DROPPING = (
    "select count(*) = 1 from pg_stat_activity where query ilike 'drop database%app%' and wait_event_type = 'Lock'"
)
_ALL_LEFT = "select count(*) = 0 from pg_stat_activity where application_name like 'migsafe shadow %'"


def test_sigterm_while_a_given_server_makes_a_database(postgres_server: ThrowawayServer) -> None:
    with a_copy_is_being_made(postgres_server) as (owner, visitor):
        owner.send_signal(signal.SIGTERM)
        # A drop of the template would wait for the copy, and so let it be made.
        wait_until(postgres_server, _IS_DROPPING, or_ended=owner)
        visitor.close()
        assert owner.wait(30) == -signal.SIGTERM
    wait_until(postgres_server, _ALL_LEFT)
    assert databases(postgres_server) == set()


def test_sigkill_while_a_given_server_makes_a_database(postgres_server: ThrowawayServer) -> None:
    """The database appears when the next run has begun already; it is gone when that ends."""
    with a_copy_is_being_made(postgres_server) as (owner, visitor):
        owner.kill()
        owner.wait(30)
        with GivenServer.open(postgres_server.dsn()):
            visitor.close()
            wait_until(postgres_server, _ALL_LEFT.replace("= 0", "= 1"))
            assert len(databases(postgres_server)) == 2
    assert databases(postgres_server) == set()
