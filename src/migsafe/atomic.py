"""Files that are either the old one or the whole new one."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(file: Path, text: str) -> None:
    """Replace `file` by one that holds `text`, at once; what is not a regular file (a pipe, /dev/stdout) is written to.

    Raises:
        OSError: when it cannot be written; the old file is then as it was.
    """
    content = text.encode("utf-8", "backslashreplace")
    if file.exists() and not file.is_file():
        file.write_bytes(content)
        return
    target = file.resolve()  # a link stays a link
    temporary = write_beside(target, content)
    try:
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_beside(target: Path, content: bytes) -> Path:
    """Write what a file is to hold into a new one beside it, which has its permissions; the caller moves it there.

    Raises:
        OSError: when it cannot be written; nothing is left then.
    """
    import tempfile  # only where a file is written

    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_mode(target))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _mode(target: Path) -> int:
    """The old file's permissions, or what a new file would get."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
