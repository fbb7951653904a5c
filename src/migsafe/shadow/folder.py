"""The folder of one throw-away server, and the broom for those whose owner was killed.

    <base>/migsafe-xxxxxxxx/    mode 0700, owned by the server's account: who cannot enter cannot connect
        owner                   locked (flock) while the process that made the folder lives; its pid, for people
        data/                   the server's data
        socket/                 its Unix socket
        shims/                  stand-ins for extensions
        log                     what the server says

A lock dies with its process, however that ends, and a pid can be anybody's by then: so the lock decides what is stale.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.shadow.process import end_process, server_pid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.shadow.account import Account

_PREFIX = "migsafe-"
_MEMORY = Path("/dev/shm")  # noqa: S108  # the folders made there are private and of random name

#: Free bytes that a file system in memory must have to be preferred: an empty server takes 40 MB.
_MEMORY_NEEDED = 1 << 30

#: sun_path holds 104 bytes on macOS and 108 on Linux, the final zero among them.
_SOCKET_PATH_BYTES = 103
_SOCKET_NAME = "socket/.s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """The folder of one server; `lock` is the open, locked file."""

    path: Path
    lock: int

    @property
    def data(self) -> Path:
        """The server's data."""
        return self.path / "data"

    @property
    def socket(self) -> Path:
        """The folder of its socket."""
        return self.path / "socket"

    @property
    def shims(self) -> Path:
        """Stand-ins for extensions."""
        return self.path / "shims"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.path / "log"

    @classmethod
    def make(cls, account: Account, base: Path | None = None) -> ServerFolder:
        """Make a private folder for one server.

        Args:
            account: who will own it.
            base: where; a file system in memory with room when left out, else the temporary folder.

        Raises:
            EnvironmentFailedError: when no place has a path short enough for a socket, or none can be written to.
        """
        for place in [base] if base is not None else _bases():
            path = _private_folder(place) if account.can_enter(place) else None
            if path is None:
                continue
            folder = cls(path, _lock(path / "owner"))
            try:
                folder.socket.mkdir(mode=0o700)
                account.own(folder.socket)
                account.own(path)
            except BaseException:
                folder.remove()
                raise
            return folder
        raise EnvironmentFailedError(
            "no folder for a throw-away Postgres: none can be written to, or their paths are too long for a socket",
            hint="set TMPDIR to a short path that can be written to",
        )

    def remove(self) -> None:
        """Remove it with all that is in it. Removing twice is fine."""
        shutil.rmtree(self.path, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.close(self.lock)


def sweep(base: Path | None = None) -> list[Path]:
    """End the servers and remove the folders of processes of this user that were killed before they could.

    Args:
        base: where to look; every place that `ServerFolder.make` uses when left out.

    Returns:
        The folders that were removed.
    """
    places = [base] if base is not None else _bases()
    return [folder for place in places for folder in sorted(place.glob(_PREFIX + "*")) if _sweep_one(folder)]


def _sweep_one(folder: Path) -> bool:
    try:
        lock = os.open(folder / "owner", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if os.fstat(lock).st_uid != os.geteuid():
            return False
        _take(lock)
        pid = server_pid(folder / "data")
        if pid is not None:
            end_process(pid)
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
    except OSError:
        # Its owner lives, or has just tidied up by itself.
        return False
    finally:
        os.close(lock)


def _bases() -> list[Path]:
    return [place for place in dict.fromkeys(_candidates()) if place.is_dir()]


def _candidates() -> Iterator[Path]:
    if _has_room(_MEMORY):
        yield _MEMORY
    yield Path(tempfile.gettempdir())
    yield Path("/tmp")  # noqa: S108  # where TMPDIR is too long; the folders made there are private and of random name


def _has_room(place: Path) -> bool:
    try:
        return shutil.disk_usage(place).free >= _MEMORY_NEEDED
    except OSError:
        return False


def _private_folder(place: Path) -> Path | None:
    try:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place.absolute()))
    except OSError:
        return None
    if len(os.fsencode(path / _SOCKET_NAME)) > _SOCKET_PATH_BYTES:
        path.rmdir()
        return None
    return path


def _lock(path: Path) -> int:
    """Make the owner's file, locked from the first moment that a broom can see it under its name."""
    unnamed = path.with_suffix(".new")
    lock = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    _take(lock)
    os.write(lock, f"{os.getpid()}\n".encode())
    unnamed.rename(path)
    return lock


def _take(lock: int) -> None:
    """Lock an open file, or raise OSError where somebody has it locked."""
    import fcntl  # not there on Windows, where this module is imported but never used

    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
