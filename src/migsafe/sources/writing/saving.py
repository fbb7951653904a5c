"""Files onto the disk, all or none."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.atomic import write_beside
from migsafe.errors import EnvironmentFailedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.sources.writing.new import WrittenFile

_MARK = b"\xef\xbb\xbf"


def save(files: Sequence[WrittenFile]) -> None:
    """Write files: all of them, or nothing is left behind.

    Everything is written beside its place first and then moved there. A new file is never put over another, and one
    that is replaced must still be what it was when the change was planned; it keeps its mode and its byte order mark.

    Raises:
        UsageError: a new file is there already, a replaced one has changed, or two are to stand in one place.
        EnvironmentFailedError: the disk refuses.
    """
    if len({file.path for file in files}) != len(files):
        raise UsageError("two of the files would stand in one place")
    befores = [_checked(file) for file in files]
    try:
        with ExitStack() as undo:
            staged = [_staged(file, before, undo) for file, before in zip(files, befores, strict=True)]
            for file, temporary, before in zip(files, staged, befores, strict=True):
                _put(temporary, file, before, undo)
            undo.pop_all()
    except FileExistsError as error:
        raise UsageError(f"{error.filename2 or error.filename} is there already") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EnvironmentFailedError(f"{error.filename} cannot be written: {reason}") from error


def _checked(file: WrittenFile) -> bytes | None:
    """The bytes that a file replaces; None for a new one."""
    if file.was is None:
        if os.path.lexists(file.path):
            raise UsageError(f"{file.path} is there already")
        return None
    try:
        before = file.path.read_bytes()
    except OSError:
        raise UsageError(f"{file.path} is gone since it was read") from None
    if before.removeprefix(_MARK) != file.was.encode():
        raise UsageError(f"{file.path} has changed since it was read", hint="run the command again")
    return before


def _staged(file: WrittenFile, before: bytes | None, undo: ExitStack) -> Path:
    """The file's content beside its place."""
    _make_folder(file.path.parent, undo)
    mark = _MARK if before is not None and before.startswith(_MARK) else b""
    temporary = write_beside(file.path, mark + file.text.encode())
    undo.callback(temporary.unlink, missing_ok=True)
    return temporary


def _put(temporary: Path, file: WrittenFile, before: bytes | None, undo: ExitStack) -> None:
    """Move a file to its place; a link cannot be made over another file, unlike a renaming."""
    if before is not None:
        os.replace(temporary, file.path)
        undo.callback(file.path.write_bytes, before)
        return
    try:
        os.link(temporary, file.path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with file.path.open("xb") as stream:
            stream.write(temporary.read_bytes())
    undo.callback(file.path.unlink, missing_ok=True)
    temporary.unlink()


def _make_folder(folder: Path, undo: ExitStack) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir()
        undo.callback(_remove_if_empty, one)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
