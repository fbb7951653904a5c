"""HAProxy's runtime API: a socket in the engine's folder, one line of commands for each connection."""

from __future__ import annotations

import os
import socket
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "admin.sock"
_PATIENCE_S = 5.0
_PART = 65536
_LONGEST_PATH = 100  # the system takes 104 or 108 bytes
_HARMLESS = ("no need to change", "changed from")


class EngineAwayError(EnvironmentFailedError):
    """HAProxy does not run, or does not answer."""


class RuntimeSocket:
    """The socket of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ask(self, *commands: str) -> str:
        """The answer to some commands, which HAProxy takes one right after the other.

        Raises:
            EngineAwayError: when nobody answers.
        """
        try:
            with self._connection() as connection:
                connection.sendall(("; ".join(commands) + "\n").encode("ascii"))
                return b"".join(iter(lambda: connection.recv(_PART), b"")).decode("utf-8", "replace")
        except OSError as error:
            raise EngineAwayError(f"HAProxy does not answer in {self._folder}: {error.strerror or error}") from None

    def order(self, *commands: str) -> None:
        """Have something changed.

        Raises:
            EngineAwayError: when nobody answers.
            EnvironmentFailedError: when HAProxy refuses one of the commands; those beside it may have been done.
        """
        for line in self.ask(*commands).splitlines() if commands else ():
            if line.strip() and not any(word in line for word in _HARMLESS):
                raise EnvironmentFailedError(f"HAProxy refuses: {line.strip()}")

    @contextmanager
    def _connection(self) -> Iterator[socket.socket]:
        with closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.settimeout(_PATIENCE_S)
            with self._short_path() as path:
                connection.connect(path)
            yield connection

    @contextmanager
    def _short_path(self) -> Iterator[str]:
        """The socket's path; where it is longer than the system takes, by way of the folder's descriptor (Linux)."""
        whole = str(self._folder / NAME)
        if len(os.fsencode(whole)) <= _LONGEST_PATH:
            yield whole
            return
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            yield f"/proc/self/fd/{folder}/{NAME}"
        finally:
            os.close(folder)
