"""Processes that outlive whoever began them, on real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from leftovers import programs_on
from migsafe.deploy.providers.local import launch
from migsafe.deploy.providers.local.processes import Identity, Processes, Program
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local engine needs a Unix")

_WAIT = "import signal; signal.pause()"
_STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {_WAIT}"
_LEAVES_CHILD = """\
import os, signal, sys
if os.fork() == 0:
    signal.pause()
print("alone", flush=True)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Of a folder of the test's own; none of them is left."""
    found = Processes(tmp_path)
    yield found
    for line in programs_on(tmp_path):
        os.kill(int(line.split()[1]), signal.SIGKILL)


def _program(folder: Path, code: str = _WAIT, **more: str) -> Program:
    return Program(
        command=(sys.executable, "-I", "-S", "-c", code), folder=folder, environ=more, version="v1", port=20001
    )


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_one_is_begun_found_and_ended(processes: Processes, tmp_path: Path) -> None:
    begun = processes.begin("blue-1", _program(tmp_path))
    assert (begun.version, begun.port) == ("v1", 20001)
    assert Processes(tmp_path).living("blue-1") == begun, "anybody finds it"
    assert processes.names == ("blue-1",)
    assert os.getsid(begun.pid) == begun.pid, "it outlives the terminal"
    assert processes.end(["blue-1"], 5) == ()
    assert processes.living("blue-1") is None
    assert processes.names == ()
    assert not begun.lives


def test_it_is_begun_once(processes: Processes, tmp_path: Path) -> None:
    begun = processes.begin("blue-1", _program(tmp_path))
    assert processes.begin("blue-1", _program(tmp_path)) == begun
    assert len(programs_on(tmp_path)) == 1


def test_it_is_begun_once_even_when_nobody_wrote_it_down(processes: Processes, tmp_path: Path) -> None:
    """As after a SIGKILL between the two, which the launcher makes impossible; the lock tells all the same."""
    begun = processes.begin("blue-1", _program(tmp_path))
    written = tmp_path / "blue-1.process"
    text = written.read_text()
    written.unlink()
    late = Processes(tmp_path, clock=iter(range(0, 1000, 5)).__next__, sleep=lambda _: None)
    with pytest.raises(EnvironmentFailedError, match="blue-1 has ended, and something that it has begun still runs"):
        late.begin("blue-1", _program(tmp_path))
    appearing = Processes(tmp_path, sleep=lambda _: written.write_text(text) and None)
    assert appearing.begin("blue-1", _program(tmp_path)) == begun


def test_one_that_does_not_hear_is_killed_after_the_grace(processes: Processes, tmp_path: Path) -> None:
    processes.begin("blue-1", _program(tmp_path, _STUBBORN))
    _until(lambda: "deaf" in processes.log("blue-1").read_text())
    assert processes.end(["blue-1"], 0.05) == ("blue-1",)
    assert programs_on(tmp_path) == set()


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="what is left behind is found in /proc")
def test_what_it_has_left_behind_ends_with_it(processes: Processes, tmp_path: Path) -> None:
    begun = processes.begin("blue-1", _program(tmp_path, _LEAVES_CHILD))
    _until(lambda: not begun.lives)
    assert len(programs_on(tmp_path)) == 1
    processes.end(["blue-1"], 1)
    _until(lambda: programs_on(tmp_path) == set())
    assert processes.begin("blue-1", _program(tmp_path)).lives


def test_one_that_is_still_on_its_way_out_is_waited_for(tmp_path: Path) -> None:
    """Its files are closed a moment after it is gone from the list: until then it holds the lock."""
    import fcntl

    holder = os.open(tmp_path / "blue-1.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(holder, fcntl.LOCK_EX)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        if not slept:
            os.close(holder)
        slept.append(seconds)

    processes = Processes(tmp_path, sleep=sleep)
    assert processes.begin("blue-1", _program(tmp_path)).lives
    assert slept
    Processes(tmp_path).end(["blue-1"], 1)


def test_another_process_with_its_number_is_never_touched(processes: Processes, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", _WAIT]) as stranger:
        (tmp_path / "blue-1.process").write_text(f'{stranger.pid}\nsome other start\n{{"version": "v1", "port": 1}}\n')
        assert processes.living("blue-1") is None
        assert processes.remembered("blue-1") is not None
        assert processes.end(["blue-1"], 1) == ()
        assert stranger.poll() is None
        stranger.kill()


def test_what_was_to_end_is_ended_by_the_next_one_who_looks(processes: Processes, tmp_path: Path) -> None:
    begun = processes.begin("blue-1", _program(tmp_path))
    processes.let_go(["blue-1", "blue-2"])
    assert processes.living("blue-1") is None, "it is not to run"
    assert processes.is_ending("blue-1")
    assert not processes.is_ending("blue-2")
    assert processes.names == ("blue-1",)
    assert begun.lives
    Processes(tmp_path).finish(["blue-1", "blue-2"], 5)
    assert not begun.lives
    assert not processes.is_ending("blue-1")


def test_a_program_that_is_not_there_is_named(processes: Processes, tmp_path: Path) -> None:
    program = Program(command=("/no/such/program",), folder=tmp_path, environ={})
    with pytest.raises(EnvironmentFailedError, match="/no/such/program cannot be started: No such file or directory"):
        processes.begin("blue-1", program)
    assert processes.names == ()


def test_a_folder_that_is_not_there_is_named(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match=r"cannot be started: .*gone"):
        processes.begin("blue-1", _program(tmp_path / "gone"))


def test_it_begins_with_an_environment_of_its_own_and_usual_signals(processes: Processes, tmp_path: Path) -> None:
    code = (
        "import os, sys, signal; "
        "ignored = [l for l in open('/proc/self/status') if 'SigIgn' in l] if sys.platform == 'linux' else []; "
        "print(sorted(os.environ), os.getcwd(), ignored, sys.stdin.read() == '', flush=True)"
    )
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        processes.begin("blue-1", _program(tmp_path, code, COLOR="blue"))
    finally:
        signal.signal(signal.SIGHUP, before)
    _until(lambda: "\n" in processes.log("blue-1").read_text())
    said = processes.log("blue-1").read_text()
    assert said.startswith("['COLOR'")
    assert str(tmp_path) in said
    if sys.platform == "linux":  # what Python itself ignores: SIGPIPE and SIGXFSZ
        assert "SigIgn:\\t0000000001001000" in said


def test_when_a_process_began() -> None:
    own = launch.start_of(os.getpid())
    assert own is not None
    assert own == launch.start_of(os.getpid())
    assert launch.start_of(2**22 + 1) is None
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", ""]) as ended:
        _until(lambda: launch.start_of(ended.pid) is None)  # nobody has collected it, and it has ended


def test_when_a_process_began_where_there_is_no_proc() -> None:
    if not os.path.exists("/bin/ps"):
        pytest.skip("there is no /bin/ps")
    assert launch._start_by_ps(os.getpid()) == launch._start_by_ps(os.getpid())
    assert launch._start_by_ps(os.getpid())
    assert launch._start_by_ps(2**22 + 1) is None


def test_an_identity_that_is_garbage_is_none(processes: Processes, tmp_path: Path) -> None:
    for text in ("", "1\n2\n", "x\ny\nz\n", '1\n2\n{"version": "v1"}\n', "1\n2\n[]\n"):
        (tmp_path / "blue-1.process").write_text(text)
        assert processes.remembered("blue-1") is None
    assert not Identity(pid=os.getpid(), started="never", version="v1", port=1).lives
