"""The team's own programs: no shell, places that are filled in, and a time after which all that they began is ended.

What a program prints goes to files and not through pipes: one that leaves a server running in the background has ended
when it has ended itself, whoever still holds its output.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from migsafe.deploy.process_end import wait_for_end
from migsafe.deploy.redaction import Redaction
from migsafe.deploy.tables import REQUIRED
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migsafe.deploy.tables import Table

#: `{version}`; braces around anything else, as in JSON, are left alone.
_PLACE = re.compile(r"\{([a-z_]+)\}")
#: Variables whose values are hidden in what a program says.
_SECRET_VARIABLE = re.compile(r"SECRET|TOKEN|PASSW|CREDENTIAL|API_?KEY|PRIVATE", re.IGNORECASE)
_MOST_OUTPUT = 1024 * 1024
_LAST_WORDS = 4096
_LONGEST_LINE = 300
#: How long a program may tidy up once its time is over, in seconds.
_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where programs run.

    Attributes:
        folder: they are started in it, and a program with a relative path is looked for from here.
        environ: what they inherit.
        timeout_s: how long one may take.
    """

    folder: Path
    environ: Mapping[str, str]
    timeout_s: float


def read_program(table: Table, key: str, places: Iterable[str]) -> tuple[str, ...]:
    """A program and its arguments.

    Args:
        places: what may stand in braces.

    Raises:
        ConfigurationError: when the key is missing or no list of texts, or names a place that there is not.
    """
    words = table.command(key, REQUIRED)
    known = sorted(places)
    for name in (name for word in words for name in _PLACE.findall(word)):
        if name not in known:
            shown = ", ".join(f"{{{one}}}" for one in known) or "none"
            raise table.error(key, f"{{{name}}} is no place that is filled in", f"known: {shown}")
    return words


def optional_program(table: Table, key: str, places: Iterable[str]) -> tuple[str, ...] | None:
    """A program and its arguments, or None where the key is not there."""
    return read_program(table, key, places) if table.has(key) else None


def fill(words: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """Each place with its value; what a value holds is never filled in again."""
    return [_PLACE.sub(lambda match: values.get(match[1], match[0]), word) for word in words]


def find_program(name: str, surroundings: Surroundings) -> str | None:
    """Where a program is: by PATH, or from the folder if it is said with a slash; None where there is none."""
    if os.sep in name or "/" in name:
        path = surroundings.folder / name
        return str(path) if path.is_file() and os.access(path, os.X_OK) else None
    return shutil.which(name, path=surroundings.environ.get("PATH"))


def run_program(called: str, words: Iterable[str], values: Mapping[str, str], surroundings: Surroundings) -> str:
    """Run a program to its end, and give what it printed.

    Args:
        called: what people call it, for messages: the key of deploy.toml.
        values: of the places; each is also a variable, `MIGSAFE_VERSION` for `version`.

    Raises:
        EnvironmentFailedError: when it is not there, takes too long, ends with another status than 0, or prints more
            than a mebibyte. All that it started is ended with it where its time is over.
    """
    filled = fill(words, values)
    program = find_program(filled[0], surroundings)
    if program is None:
        raise EnvironmentFailedError(
            f"{called}: there is no program {filled[0]}",
            hint=f"a name is looked for on PATH, a path from {surroundings.folder}; and it must be executable",
        )
    environ = {**surroundings.environ, **{f"MIGSAFE_{name.upper()}": value for name, value in values.items()}}
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
        process = _start(called, [program, *filled[1:]], surroundings.folder, environ, (printed, said))
        _wait(called, process, surroundings.timeout_s)
        if process.returncode != 0:
            raise _failure(called, process.returncode, last_line(said, environ))
        return _output(called, printed)


def last_line(said: IO[bytes], environ: Mapping[str, str]) -> str:
    """The last line of a file that is not empty, fit to be shown: without secrets and control characters."""
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - _LAST_WORDS))
    lines = [line for line in said.read().decode("utf-8", "replace").splitlines() if line.strip()]
    secrets = (value for name, value in environ.items() if _SECRET_VARIABLE.search(name))
    text = Redaction(secrets).line(lines[-1]) if lines else ""
    return text if len(text) <= _LONGEST_LINE else f"{text[: _LONGEST_LINE - 1]}…"


def _start(
    called: str, words: list[str], folder: Path, environ: Mapping[str, str], output: tuple[IO[bytes], IO[bytes]]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - no shell; the words are those of the committed file
            words,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output[0],
            stderr=output[1],
            start_new_session=True,  # a group of its own, which can be ended as one
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in a word
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise EnvironmentFailedError(f"{called}: {words[0]} cannot be started: {reason.lower()}") from None


def _wait(called: str, process: subprocess.Popen[bytes], timeout_s: float) -> None:
    try:
        wait_for_end(process, timeout_s)
    except subprocess.TimeoutExpired:
        _end_group(process)
        raise EnvironmentFailedError(
            f"{called} took longer than {timeout_s:g} s and was ended",
            hint="look at what it did; a longer time is `timeout` in deploy.toml",
        ) from None
    except BaseException:  # whoever waits is told to stop at once: nothing is left running
        _end_group(process)
        raise


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
        process.wait()
        return
    _signal_group(process.pid, signal.SIGTERM)
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    finally:
        _signal_group(process.pid, signal.SIGKILL)  # whoever of them did not listen
        process.wait()


def _signal_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS says the second of a group of zombies
        os.killpg(pid, number)


def _failure(called: str, status: int, said: str) -> EnvironmentFailedError:
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
    return EnvironmentFailedError(f"{called} {how}: {said}" if said else f"{called} {how} without a word")


def _output(called: str, printed: IO[bytes]) -> str:
    if printed.seek(0, os.SEEK_END) > _MOST_OUTPUT:
        raise EnvironmentFailedError(f"{called} printed more than a mebibyte", hint="it is to print one JSON document")
    printed.seek(0)
    try:
        return printed.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise EnvironmentFailedError(f"{called} printed what is not UTF-8") from None
