"""The programs that work in a server's folder: which they are, and how they end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

_POLL_S = 0.005
_PATIENCE_S = 5.0
_PROC = Path("/proc")

#: Nobody else's program is ever ended, even where it looks at the folder.
_PROGRAMS = frozenset({"postgres", "initdb", "mariadbd"})


def end_child(process: subprocess.Popen[bytes]) -> None:
    """End a server that is our child, at once (SIGQUIT: its data is thrown away), and collect it. Twice is fine."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_S)


def end_all_in(folder: Path) -> None:
    """End the programs of a server that work in a folder, whoever started them: the server, initdb, their children.

    Those that were started on the folder end on SIGQUIT together with those that they have started themselves; so they
    also give back the system's shared memory, which stays behind after SIGKILL. That is for what does not obey.
    """
    for pid, started_on_it in _programs_in(folder).items():
        if started_on_it:
            _send(pid, signal.SIGQUIT)
    if _empty_within(folder, _PATIENCE_S):
        return
    for pid in _programs_in(folder):
        _send(pid, signal.SIGKILL)
    _empty_within(folder, _PATIENCE_S)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _empty_within(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _programs_in(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _programs_in(folder: Path) -> dict[int, bool]:
    """The programs that work in a folder: by pid, whether their command line names it."""
    return _from_proc(folder) if (_PROC / "self").exists() else _from_ps(folder)


def _from_proc(folder: Path) -> dict[int, bool]:
    found = {}
    for name in os.listdir(_PROC):
        if not name.isdigit():
            continue
        # What has ended meanwhile, or waits for its parent to notice, has no folder and no command line.
        with contextlib.suppress(OSError):
            if (_PROC / name / "comm").read_text().strip() in _PROGRAMS:
                named = os.fsencode(folder) + b"/" in (_PROC / name / "cmdline").read_bytes()
                if named or _is_within(os.readlink(_PROC / name / "cwd"), folder):
                    found[int(name)] = named
    return found


def _is_within(path: str, folder: Path) -> bool:
    return f"{path}/".startswith(f"{folder.resolve()}/")


def _from_ps(folder: Path) -> dict[int, bool]:
    """The same where there is no /proc, as on macOS: only of those whose command line names the folder."""
    try:
        answer = subprocess.run(
            ["/bin/ps", "-axo", "pid=,ucomm=,command="], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    found = {}
    for line in answer.stdout.splitlines():
        pid, program, command = line.split(None, 2)
        if program in _PROGRAMS and f"{folder}/" in command:
            found[int(pid)] = True
    return found
