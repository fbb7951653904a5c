"""Who is ended when a demo was killed, and who never is."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from migsafe.demo.keeper import kept, processes_in, tidy_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")

_WAITS = "import sys; print('here', flush=True); sys.stdin.read()"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _begin(stack: ExitStack, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """A program that works in a folder under some words, until it is ended."""
    command = [sys.executable, "-S", *words] if words else [sys.executable, "-S", "-c", _WAITS]
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    stack.callback(_end, process)
    assert process.stdout is not None
    assert process.stdout.readline() == b"here\n"
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _an_app(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(_WAITS)
    return folder


def test_the_apps_of_a_folder_are_found_and_ended(tmp_path: Path, stack: ExitStack) -> None:
    ours = _begin(stack, _an_app(tmp_path / "demo"), "app.py", "--port", "1")
    assert processes_in(tmp_path / "demo") == [ours.pid]
    tidy_up(tmp_path / "demo")
    assert ours.wait(5) == -9


def test_whoever_looks_around_in_the_folder_is_left_alone(tmp_path: Path, stack: ExitStack) -> None:
    shell = _begin(stack, _an_app(tmp_path / "demo"))
    assert processes_in(tmp_path / "demo") == []
    tidy_up(tmp_path / "demo")
    assert shell.poll() is None


def test_an_app_of_the_same_name_elsewhere_is_left_alone(tmp_path: Path, stack: ExitStack) -> None:
    other = _begin(stack, _an_app(tmp_path / "demo-of-another"), "app.py", "--port", "1")
    assert processes_in(tmp_path / "demo") == []
    assert other.poll() is None


def test_a_demo_that_tidied_up_itself_has_its_folder_left_to_it(tmp_path: Path) -> None:
    with kept(tmp_path, remove=True):
        (tmp_path / "file").touch()
    assert (tmp_path / "file").exists()


@pytest.mark.long
@pytest.mark.parametrize("remove", [True, False])
def test_a_demo_that_was_killed_is_tidied_up(tmp_path: Path, stack: ExitStack, remove: bool) -> None:
    folder = _an_app(tmp_path / "demo")
    ours = _begin(stack, folder, "app.py", "--port", "1")
    code = f"""
import os, signal
from pathlib import Path
from migsafe.demo.keeper import kept
with kept(Path({str(folder)!r}), remove={remove}):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -9
    assert ours.wait(15) == -9
    if remove:
        _until_gone(folder)
    else:
        assert (folder / "app.py").exists()


def _until_gone(folder: Path) -> None:
    import time

    deadline = time.monotonic() + 15
    while folder.exists():
        assert time.monotonic() < deadline, os.listdir(folder)
        time.sleep(0.01)
