"""The folder of one throw-away server, and the broom for those whose owner was killed.

<base>/migsafe-xxxxxxxx/    owned (`shadow/owned.py`); mode 0700 and of the server's account: who cannot enter
    data/                   cannot connect
    socket/                 its Unix socket
    shims/                  stand-ins for extensions
    log                     what the server says
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.shadow.owned import OwnedFolder, sweep_folders
from migsafe.shadow.process import end_all_in

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
    """The folder of one server."""

    owned: OwnedFolder

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.owned.path

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
            owned = _private_folder(place) if account.can_enter(place) else None
            if owned is None:
                continue
            folder = cls(owned)
            try:
                folder.socket.mkdir(mode=0o700)
                account.own(folder.socket)
                account.own(folder.path)
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
        self.owned.remove()


def sweep(base: Path | None = None) -> list[Path]:
    """End the servers and remove the folders of processes of this user that were killed before they could.

    Args:
        base: where to look; every place that `ServerFolder.make` may ever have used when left out.

    Returns:
        The folders that were removed.
    """
    places = [base] if base is not None else list(dict.fromkeys((_MEMORY, *_temporary())))
    return [folder for place in places for folder in sweep_folders(place, _PREFIX, end_all_in)]


def _bases() -> list[Path]:
    places = [_MEMORY] if _has_room(_MEMORY) else []
    return [place for place in dict.fromkeys((*places, *_temporary())) if place.is_dir()]


def _temporary() -> Iterator[Path]:
    yield Path(tempfile.gettempdir())
    yield Path("/tmp")  # noqa: S108  # where TMPDIR is too long; the folders made there are private and of random name


def _has_room(place: Path) -> bool:
    try:
        return shutil.disk_usage(place).free >= _MEMORY_NEEDED
    except OSError:
        return False


def _private_folder(place: Path) -> OwnedFolder | None:
    try:
        owned = OwnedFolder.make(place, _PREFIX)
    except OSError:
        return None
    if len(os.fsencode(owned.path / _SOCKET_NAME)) > _SOCKET_PATH_BYTES:
        owned.remove()
        return None
    return owned
