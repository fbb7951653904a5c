"""A program that is spoken to line by line: JSON objects to its standard input, others from its standard output."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from migsafe.errors import EnvironmentFailedError

#: How long a worker that has nothing more to say may take to end, in seconds.
_GRACE = 5.0

_LAST_LINES = 5

#: A worker writes no files beside the project's; one run of it says what the next one says: sets in the same order too.
_STEADY = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "PYTHONHASHSEED": "0"}


@dataclass(frozen=True)
class Worker:
    """A program to speak to.

    Attributes:
        command: the program and its arguments.
        folder: where it is run.
        environment: variables besides those of this process.
    """

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class Talk:
    """The two pipes of a running worker; a thread reads, so that waiting can end."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError, OSError):  # closed while reading
            for line in self._process.stdout:
                self._lines.put(line)
        self._lines.put(b"")

    def send(self, value: Mapping[str, Any]) -> None:
        """One line to the worker; one that has died is noticed when it is listened to."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(json.dumps(value).encode() + b"\n")
            self._process.stdin.flush()

    def next(self, seconds: float) -> Any:
        """The next message; None when the worker has ended.

        Raises:
            TimeoutError: it said nothing for so long.
            ValueError: what it said is no message.
        """
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if not line:
            return None
        return json.loads(line)

    def kill(self) -> None:
        """End the worker at once; in any thread."""
        self._process.kill()

    def last_words(self) -> str:
        """The end of what the worker wrote to its standard error, in one line."""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return " / ".join(line.strip() for line in lines[-_LAST_LINES:])

    def exit_code(self) -> int | None:
        """With what the worker, which has closed its output, ended; None when it has not yet."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_GRACE)
        return None


@contextmanager
def started(worker: Worker) -> Iterator[Talk]:
    """Start a worker; it has ended when the context does.

    Raises:
        EnvironmentFailedError: it cannot be started.
    """
    environment = {**_inherited(), **_STEADY, **worker.environment}
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is the project's own interpreter, without a shell
                worker.command,
                cwd=worker.folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise EnvironmentFailedError(
                f"{worker.command[0]} cannot be started: {reason}", hint="name another interpreter with --python"
            ) from None
        with process:
            try:
                yield Talk(process, errors)
            finally:
                process.kill()


def _inherited() -> dict[str, str]:
    """This process's environment; the folders of PYTHONPATH stay the same though the worker runs in another one."""
    environment = dict(os.environ)
    if folders := environment.get("PYTHONPATH"):
        environment["PYTHONPATH"] = os.pathsep.join(os.path.abspath(one) for one in folders.split(os.pathsep) if one)
    return environment
