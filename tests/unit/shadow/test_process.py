"""Which programs of a folder are ended: Postgres' own that work there, and nobody else's."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from migsafe.shadow import process
from migsafe.shadow.process import end_all_in

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")

_WAIT = """
import signal, sys
if sys.argv[1]:
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
print("here", flush=True)
sys.stdin.read()
"""

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a program that waits, under any name, anywhere."""
    started: list[subprocess.Popen[bytes]] = []
    programs = tmp_path / "programs"
    programs.mkdir()

    def run(name: str, *arguments: str, cwd: Path = tmp_path, ignoring: bool = False) -> subprocess.Popen[bytes]:
        program = programs / name
        if not program.is_symlink():
            program.symlink_to(Path(sys.executable).resolve())
        one = subprocess.Popen(
            [program, "-I", "-c", _WAIT, "ignoring" if ignoring else "", *arguments],
            cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        started.append(one)
        assert one.stdout is not None
        assert one.stdout.readline() == b"here\n"
        return one

    yield run
    for one in started:
        one.kill()
        one.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server" / "data").mkdir(parents=True)
    return tmp_path / "server"


def test_what_was_started_on_the_folder_ends_in_order(start: Start, folder: Path) -> None:
    server = start("postgres", "-D", str(folder / "data"))
    end_all_in(folder)
    assert server.wait(10) == -signal.SIGQUIT


def test_what_only_works_there_is_waited_for_and_then_ended(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child of initdb ends with its input: it is given that time, because it keeps shared memory."""
    monkeypatch.setattr(process, "_PATIENCE_S", 0.05)
    child = start("postgres", cwd=folder / "data")
    end_all_in(folder)
    assert child.wait(10) == -signal.SIGKILL


def test_what_does_not_obey_is_ended_all_the_same(start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_PATIENCE_S", 0.05)
    server = start("initdb", str(folder / "data"), ignoring=True)
    end_all_in(folder)
    assert server.wait(10) == -signal.SIGKILL


def test_nobody_elses_program_is_ended(start: Start, folder: Path) -> None:
    (folder.parent / "server-of-another").mkdir()
    others = [
        start("tail", "-f", str(folder / "log")),
        start("sh", cwd=folder / "data"),
        start("postgres", "-D", str(folder.parent / "server-of-another" / "data")),
        start("postgres", cwd=folder.parent / "server-of-another"),
    ]
    end_all_in(folder)
    assert [other.poll() for other in others] == [None] * len(others)


@pytest.mark.skipif(sys.platform == "win32", reason="has no ps")
def test_without_proc_the_list_of_processes_says_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        f"  11 postgres /opt/bin/postgres -D {folder}/data -c port=5432",
        f"  12 tail tail -f {folder}/log",
        "  13 postgres postgres: checkpointer ",
    ]
    answer = subprocess.CompletedProcess([], 0, stdout="\n".join(lines) + "\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    assert process._from_ps(folder) == {11: True}
