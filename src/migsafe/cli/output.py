"""Where a report goes: the standard output, or a file that is either the old one or the whole new one."""

from __future__ import annotations

from pathlib import Path

import click

from migsafe.atomic import write_atomically
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
