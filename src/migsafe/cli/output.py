"""Where a report goes: the standard output, or a file that is either the old one or the whole new one."""

from __future__ import annotations

import os
from pathlib import Path

import click

from migsafe.cli.errors import close_stdout
from migsafe.errors import PathNotFoundError, UsageError


def emit(text: str, file: Path | None) -> None:
    """Write a report.

    A reader that has gone (`| head`) changes nothing about what was found, so it is no error.

    Raises:
        OSError: when the file cannot be written.
    """
    if file is not None:
        write_atomically(file, text)
        return
    try:
        click.echo(text, nl=False, color=True)  # colour was decided by whoever rendered the text
    except OSError as error:
        close_stdout()  # what is still buffered would fail again when the interpreter ends, with a status of its own
        if not isinstance(error, BrokenPipeError):
            raise


def check_target(file: Path | None) -> None:
    """Say that a file cannot be written before the work, not after it.

    Raises:
        PathNotFoundError: when its folder does not exist.
        UsageError: when it is a folder.
    """
    if file is None:
        return
    if not file.absolute().parent.is_dir():
        raise PathNotFoundError(f"--output: no folder {file.parent}")
    if file.is_dir():
        raise UsageError(f"--output: {file} is a folder")


def write_atomically(file: Path, text: str) -> None:
    """Replace `file` by one that holds `text`, at once; what is not a regular file (a pipe, /dev/stdout) is written to.

    Raises:
        OSError: when it cannot be written; the old file is then as it was.
    """
    import tempfile  # only where a file is written

    content = text.encode("utf-8", "backslashreplace")
    if file.exists() and not file.is_file():
        file.write_bytes(content)
        return
    target = file.resolve()  # a link stays a link
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    """The old file's permissions, or what a new file would get."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
