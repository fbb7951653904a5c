"""Begins a program that outlives whoever began it, and writes down which process it is before it is one.

It runs as a script of its own, in a bare Python that is there in a few milliseconds:

    launch.py IDENTITY-FILE LOG-FILE ABOUT -- PROGRAM ARGUMENT…

The process writes itself down before it becomes the program. So there is no moment at which a program runs and nobody
can find it, whoever is killed when. The file has three lines: its number, when it began, and ABOUT.
"""

from __future__ import annotations

import os
import signal
import sys

_START = 19  # of the fields behind the name: proc(5), field 22
_BECAUSE_OF_PYTHON = ("SIGPIPE", "SIGXFSZ")  # it ignores them, and what is ignored stays so in the program


def start_of(pid: int) -> str | None:
    """When a process began, so that another one which got its number later is not taken for it.

    Returns:
        A text that no other process of that number has had or will have; None when there is none, or it has ended and
        its parent has not noticed yet.
    """
    return _start_in_proc(pid) if os.path.exists("/proc/self/stat") else _start_by_ps(pid)


def _start_in_proc(pid: int) -> str | None:
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as stat, open("/proc/sys/kernel/random/boot_id") as boot:
            fields, mark = stat.read().rpartition(")")[2].split(), boot.read().strip()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{mark} {fields[_START]}"


def _start_by_ps(pid: int) -> str | None:
    """The same where there is no /proc, as on macOS; to the second."""
    import subprocess  # slow to import, and seldom needed

    try:
        answer = subprocess.run(  # noqa: S603 -- a number, and no shell
            ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    state, _, started = answer.stdout.strip().partition(" ")
    return started.strip() or None if state and state[0] != "Z" else None


def main(arguments: list[str]) -> int:
    """Begin the program, and wait until it is one.

    Returns:
        0 when it runs; 1 when there is no such program, and standard error says why.
    """
    identity, log, about, _, *command = arguments
    said, saying = os.pipe()  # the system closes it in the moment in which the program begins
    if os.fork() == 0:
        os.close(said)
        _become(command, identity, log, about, saying)
    os.close(saying)
    with os.fdopen(said, "rb") as stream:
        trouble = stream.read().decode(errors="replace")
    sys.stderr.write(trouble)
    return 1 if trouble else 0


def _become(command: list[str], identity: str, log: str, about: str, saying: int) -> None:
    """In the new process: a session of its own, written down, and then the program. It does not come back."""
    try:
        os.setsid()
        _connect_to(log)
        _write_down(identity, about)
        _forget_signals()
        os.execvp(command[0], command)  # noqa: S606 -- no shell is wanted
    except OSError as error:
        os.write(saying, f"{error.strerror}: {error.filename or command[0]}".encode())
        os.unlink(identity)
    finally:
        os._exit(127)


def _connect_to(log: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(source, target)


def _write_down(identity: str, about: str) -> None:
    new = f"{identity}.new"
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(f"{os.getpid()}\n{start_of(os.getpid())}\n{about}\n")
    os.replace(new, identity)


def _forget_signals() -> None:
    """The program begins with the usual answers to signals, whatever its parents have ignored."""
    for name in (*_BECAUSE_OF_PYTHON, "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
