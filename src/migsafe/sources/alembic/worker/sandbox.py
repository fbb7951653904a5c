"""What a revision may not do while it is rendered: reach the network, start programs, change files."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any

_FORBIDDEN = {
    "socket.connect": "to open a network connection",
    "socket.sendto": "to send over the network",
    "socket.bind": "to listen on the network",
    "socket.getaddrinfo": "to look up a host",
    "socket.gethostbyname": "to look up a host",
    "subprocess.Popen": "to start a program",
    "os.system": "to start a program",
    "os.exec": "to start a program",
    "os.posix_spawn": "to start a program",
    "os.spawn": "to start a program",
    "os.fork": "to start a process",
    "os.forkpty": "to start a process",
    "pty.spawn": "to start a program",
    "os.remove": "to delete a file",
    "os.rename": "to rename a file",
    "os.mkdir": "to make a folder",
    "os.rmdir": "to delete a folder",
    "os.link": "to link a file",
    "os.symlink": "to link a file",
    "os.truncate": "to change a file",
    "os.chmod": "to change a file",
    "os.chown": "to change a file",
    "os.kill": "to send a signal",
    "sqlite3.connect": "to open a database of its own",
}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class ForbiddenError(PermissionError):
    """A revision has tried what it may not; the message says what."""


def close_sandbox() -> None:
    """Forbid it from here on, for the rest of the process."""
    sys.dont_write_bytecode = True
    tempfile.gettempdir()  # finds its folder by writing a file, once
    sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        _watch_open(*arguments[:3])
    elif event in _FORBIDDEN and not (event == "sqlite3.connect" and arguments == (":memory:",)):
        raise ForbiddenError(f"it tries {_FORBIDDEN[event]}, which is refused while migrations are rendered")


def _watch_open(path: object, mode: str | None, flags: int) -> None:
    if path == os.devnull:
        return
    writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(flags & _WRITES)
    if writes:
        raise ForbiddenError("it tries to write a file, which is refused while migrations are rendered")
