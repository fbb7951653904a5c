"""`kind = "command"`: a program of the team's own; its exit status is the verdict: 0 pass, 1 fail, 2 unknown.

Keys: `command` (a list: a program and its arguments; no shell reads it; `{candidate}`, `{stable}`, `{weight}`,
`{seconds}`, `{environment}` are filled in), `timeout` (10s).
Its last line of output is shown. The same values stand in `MIGSAFE_CANDIDATE` and so on.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from math import ceil
from typing import IO, TYPE_CHECKING

from migsafe.deploy.checks.anew import AskedAnew
from migsafe.deploy.checks.context import judged_version
from migsafe.deploy.checks.judging import Judgement
from migsafe.deploy.process_end import wait_for_end
from migsafe.deploy.programs import Surroundings, fill, find_program, last_line, read_program
from migsafe.deploy.verdict import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.checks.context import CheckContext
    from migsafe.deploy.tables import Table
    from migsafe.deploy.verdict import Check, Window

_PLACES = ("candidate", "stable", "weight", "seconds", "environment")
_RESULTS = {0: Result.PASS, 1: Result.FAIL, 2: Result.INCONCLUSIVE}


def open_check(table: Table, context: CheckContext) -> Check:
    """The check that one `[[check]]` describes; nothing is run yet.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong.
    """
    name, words = table.text("name"), read_program(table, "command", _PLACES)
    surroundings = Surroundings(context.folder, context.environ, table.duration_s("timeout", 10.0))
    table.done()
    return CommandCheck(name, words, surroundings, context.environment)


class CommandCheck(AskedAnew):
    """Runs a program in the folder of deploy.toml, in a process group of its own."""

    def __init__(self, name: str, words: tuple[str, ...], surroundings: Surroundings, environment: str) -> None:
        """
        Args:
            surroundings: after its time all of the program's group is killed.
            environment: its name.
        """
        super().__init__(name)
        self._words = words
        self._surroundings = surroundings
        self._environment = environment
        self._guard = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._closed = False

    def _judge(self, window: Window) -> Judgement:
        values = _values(window, self._environment)
        with tempfile.TemporaryFile() as output:
            return self._run(fill(self._words, values), values, output)

    def close(self) -> None:
        """Kill what still runs, and start nothing any more."""
        with self._guard:
            self._closed = True
            if self._running is not None:
                _kill(self._running)

    def _run(self, words: list[str], values: Mapping[str, str], output: IO[bytes]) -> Judgement:
        program = find_program(words[0], self._surroundings)
        if program is None:
            return Judgement(Result.INCONCLUSIVE, f"there is no program {words[0]} that can be executed")
        try:
            process = self._start([program, *words[1:]], values, output)
        except (OSError, ValueError) as error:  # ValueError: a NUL in a word
            said = (getattr(error, "strerror", None) or str(error)).lower()
            return Judgement(Result.INCONCLUSIVE, f"{words[0]} cannot be started: {said}")
        if process is None:
            return Judgement(Result.INCONCLUSIVE, "the deployment has ended")
        try:
            status = wait_for_end(process, self._surroundings.timeout_s)
        except subprocess.TimeoutExpired:
            self._end(process)
            return Judgement(Result.INCONCLUSIVE, f"killed: no answer in {self._surroundings.timeout_s:g} s")
        except BaseException:  # whoever waits is told to stop at once: nothing is left running
            self._end(process)
            raise
        self._forget()
        return _judgement(status, last_line(output, self._surroundings.environ))

    def _start(self, words: list[str], values: Mapping[str, str], output: IO[bytes]) -> subprocess.Popen[bytes] | None:
        """A process; None once the check is closed. Into a file, for a pipe may be held open by a grandchild."""
        variables = {f"MIGSAFE_{name.upper()}": value for name, value in values.items()}
        with self._guard:
            if self._closed:
                return None
            self._running = subprocess.Popen(  # noqa: S603 -- a list of words, and no shell
                words,
                cwd=self._surroundings.folder,
                env={**self._surroundings.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            return self._running

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        _kill(process)
        process.wait()
        self._forget()

    def _forget(self) -> None:
        with self._guard:
            self._running = None


def _values(window: Window, environment: str) -> dict[str, str]:
    return {
        "candidate": judged_version(window) or "",
        "stable": window.stable or "",
        "weight": str(window.weight),
        "seconds": str(ceil(window.seconds)),
        "environment": environment,
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """A process, and all that it has started and that has not left its group."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:  # Windows has no groups of this kind
            process.kill()


def _judgement(status: int, said: str) -> Judgement:
    result = _RESULTS.get(status, Result.INCONCLUSIVE)
    if status < 0:
        return Judgement(result, f"ended by signal {-status}" + (f": {said}" if said else ""))
    known = f"exit {status}" if status in _RESULTS else f"exit {status}, which is neither 0, 1 nor 2"
    return Judgement(result, f"{known}: {said}" if said else known)
