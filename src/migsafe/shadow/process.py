"""The server's process: which one it is, and how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

_POLL_S = 0.002
_PATIENCE_S = 5.0


def server_pid(data: Path) -> int | None:
    """The pid of the server that runs on a data folder, or None when none does.

    A pid file can outlive its server, and its pid can be another program's by then: so the process must also work in
    that very folder.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if _works_on(pid, data) else None


def is_ready(data: Path) -> bool:
    """Whether the server takes connections: the eighth line of its pid file says so (src/include/utils/pidfile.h)."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def end_process(pid: int) -> None:
    """End a server that is not our child, at once (SIGQUIT: its data is thrown away), harder when it does not obey."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if _gone_within(pid, _PATIENCE_S):
            return


def end_child(process: subprocess.Popen[bytes]) -> None:
    """End a server that is our child, and collect it. Ending twice is fine."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_S)


def _works_on(pid: int, data: Path) -> bool:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")).resolve() == data.resolve()
    except FileNotFoundError:
        return False if Path("/proc/self").exists() else _names_folder(pid, data)
    except OSError:
        return False


def _names_folder(pid: int, data: Path) -> bool:
    """The same question where there is no /proc, as on macOS: the server's command line names its data folder."""
    try:
        answer = subprocess.run(  # noqa: S603  # a list of arguments and no shell
            ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return str(data) in answer.stdout


def _gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if _is_zombie(pid):
            return True
        time.sleep(_POLL_S)
    return False


def _is_zombie(pid: int) -> bool:
    """Whether it has ended and only waits for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
