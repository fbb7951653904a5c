"""Sees to it that nothing of a demo is left, however the demo ends: a process of its own that outlives it.

    python -m migsafe.demo.keeper FOLDER REMOVE

It waits at its standard input, which only the demo holds open. Where that ends without the word that all is tidy, the
demo was killed: then whatever works in its folder is ended, its Postgres too, and the folder is removed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIDY = b"tidy"
_POLL_S = 0.02
_KILL_WITHIN_S = 5.0
_KEEPER_WITHIN_S = 10.0
_PROC = Path("/proc")
_DEAF_TO = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")


@contextmanager
def kept(folder: Path, *, remove: bool) -> Iterator[None]:
    """Have somebody who tidies up after this process, if it cannot itself.

    Args:
        folder: in which all processes of the demo work.
        remove: it goes with them.
    """
    keeper = subprocess.Popen(  # noqa: S603 -- no shell, and our own module
        [sys.executable, "-P", "-m", __name__, str(folder), "remove" if remove else "leave"],
        cwd=Path("/"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in the terminal is not for it
    )
    assert keeper.stdin is not None
    try:
        yield
        with suppress(OSError):
            keeper.stdin.write(_TIDY)
    finally:
        with suppress(OSError):
            keeper.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            keeper.wait(_KEEPER_WITHIN_S)


def tidy_up(folder: Path) -> None:
    """End whatever works in a folder of a demo: the engine in its own order first, then all that is left."""
    from migsafe.demo.site import engine_of
    from migsafe.errors import MigsafeError

    with suppress(MigsafeError, OSError):  # it may not be there yet, or half written
        engine_of(folder / "deploy.toml").engine.stop()
    deadline = time.monotonic() + _KILL_WITHIN_S
    while (found := processes_in(folder)) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_S)


def processes_in(folder: Path) -> list[int]:
    """The engine's processes that work in a folder; only where there is /proc."""
    found, ours = [], _command_lines()
    for name in os.listdir(_PROC) if (_PROC / "self").exists() else ():
        with suppress(OSError):  # it has just ended, or is somebody else's
            if name.isdigit() and _works_in(_PROC / name, folder.resolve(), ours):
                found.append(int(name))
    return found


def _command_lines() -> tuple[bytes, ...]:
    """How the command lines of those look that are ours; somebody's shell may be in the same folder, to look around."""
    from migsafe.deploy.providers.local import launch  # with its package it costs more than the keeper needs to begin

    return b"\0app.py\0--port\0", b"\0-f\0haproxy.cfg\0", b"\0" + os.fsencode(launch.__file__) + b"\0"


def _works_in(process: Path, folder: Path, ours: tuple[bytes, ...]) -> bool:
    command = (process / "cmdline").read_bytes()
    return any(one in command for one in ours) and Path(os.readlink(process / "cwd")).is_relative_to(folder)


def main(folder: Path, *, remove: bool) -> None:
    """Wait for the demo's end, and tidy up unless it has."""
    for name in _DEAF_TO:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    if sys.stdin.buffer.read() == _TIDY:
        return
    import shutil

    from migsafe.shadow.folder import sweep

    tidy_up(folder)
    sweep()  # servers whose demo, or whatever else had started them, is dead
    if remove:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), remove=sys.argv[2] == "remove")
