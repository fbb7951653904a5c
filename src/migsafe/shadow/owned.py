"""Folders with an owner, and the broom for those whose owner was killed.

    <place>/<prefix>xxxxxxxx/   mode 0700 when it is made
        owner                   locked (flock) while the process that made the folder lives; its pid, for people
        ...                     what the folder is for

A lock dies with its process, however that ends, and a pid can be anybody's by then: so the lock decides what is stale.
A process can be killed between any two steps: so the owner's file comes first and goes last, and a folder that has none
yet is nobody's. Whoever was about to own it, and finds it swept away, makes another.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_OWNER = "owner"
_UNNAMED = "owner.new"
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(slots=True)
class OwnedFolder:
    """A folder that this process owns; `lock` is the open, locked file, None once it is removed."""

    path: Path
    lock: int | None

    @classmethod
    def make(cls, place: Path, prefix: str) -> OwnedFolder:
        """Make a private folder of random name.

        Raises:
            OSError: when none can be made there.
        """
        while True:
            path = Path(tempfile.mkdtemp(prefix=prefix, dir=place.absolute()))
            lock = _own(path)
            if lock is not None:
                return cls(path, lock)

    def remove(self) -> None:
        """Remove it with all that is in it. Removing twice is fine."""
        _discard(self.path)
        lock, self.lock = self.lock, None
        if lock is not None:
            os.close(lock)


def sweep_folders(place: Path, prefix: str, first: Callable[[Path], None] | None = None) -> list[Path]:
    """Remove the folders of processes of this user that were killed before they could.

    Args:
        place: where they were made.
        prefix: how their names begin.
        first: what is done with each before it is removed.

    Returns:
        Those that were removed.
    """
    return [folder for folder in sorted(place.glob(f"{prefix}*")) if _sweep_one(folder, first)]


def _own(path: Path) -> int | None:
    """Make the owner's file, locked before it bears its name; None when a broom was there before."""
    try:
        lock = os.open(path / _UNNAMED, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    except FileNotFoundError:
        return None
    try:
        _take(lock)
        os.write(lock, f"{os.getpid()}\n".encode())
        (path / _UNNAMED).rename(path / _OWNER)
    except (BlockingIOError, FileNotFoundError):
        os.close(lock)
        return None
    except BaseException:
        _discard(path)
        os.close(lock)
        raise
    return lock


def _sweep_one(folder: Path, first: Callable[[Path], None] | None) -> bool:
    lock = _open_owners_file(folder)
    if lock is None:
        return _remove_nobodys(folder)
    try:
        if os.fstat(lock).st_uid != os.geteuid():
            return False
        _take(lock)
        if first is not None:
            first(folder)
        _discard(folder)
        return not folder.exists()
    except OSError:
        # Its owner lives, or has just tidied up by itself.
        return False
    finally:
        os.close(lock)


def _open_owners_file(folder: Path) -> int | None:
    for name in (_OWNER, _UNNAMED):
        with contextlib.suppress(OSError):
            return os.open(folder / name, _FLAGS)
    return None


def _remove_nobodys(folder: Path) -> bool:
    """Remove a folder whose process was killed before it made the owner's file, or after it had removed that."""
    try:
        facts = folder.lstat()
        if stat.S_IMODE(facts.st_mode) != 0o700 or os.geteuid() not in (0, facts.st_uid):
            return False
        folder.rmdir()  # which fails where anything is in it
    except OSError:
        return False
    return True


def _discard(path: Path) -> None:
    """Remove a folder; where it cannot be emptied the owner's file stays, so that a broom can try again."""
    with contextlib.suppress(OSError):
        for name in os.listdir(path):
            if name != _OWNER:
                _remove(path / name)
        if os.listdir(path) == [_OWNER]:
            (path / _OWNER).unlink()
        path.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _take(lock: int) -> None:
    """Lock an open file, or raise OSError where somebody has it locked."""
    import fcntl  # not there on Windows, where this module is imported but never used

    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
