"""Commands of migsafe in processes that can be killed anywhere: one process imports everything, and forks for each.

Points are the moments just before and just after each commit, or those before each statement on Postgres too. A child
that is told a number ends itself by SIGKILL when it comes to that point: nothing is closed, flushed or rolled back.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code; None where it was killed.
        points: how many points it came to.
        output: what it printed, both streams.
    """

    code: int | None
    points: int
    output: str


class Forks:
    """Runs commands, each in a fresh fork of a process that has imported everything."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        variables: Mapping[str, str],
        *,
        kill_at: int | None = None,
        every_statement: bool = False,
    ) -> Ended:
        """Run one command to its end, or to the point where it is killed.

        Args:
            every_statement: each statement on Postgres is a point, too.
        """
        report = self._folder / "report"
        job = {
            "arguments": list(arguments),
            "folder": str(folder),
            "variables": dict(variables),
            "kill_at": kill_at,
            "every_statement": every_statement,
            "report": str(report),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        points = int(report.read_text()) if answer["code"] is not None else kill_at or 0
        return Ended(answer["code"], points, Path(f"{report}.out").read_text())


@contextmanager
def forks(folder: Path) -> Iterator[Forks]:
    """The process that imports everything; it ends with the context."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(Path(__file__))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Forks(process, folder)
    finally:
        process.communicate(timeout=30)


class _Points:
    """Counts points, and ends the process at one of them."""

    def __init__(self, kill_at: int | None, *, every_statement: bool) -> None:
        self.count = 0
        self._kill_at = kill_at
        self._every_statement = every_statement

    def pass_by(self) -> None:
        self.count += 1
        if self.count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Stand around the commits of both drivers, and before the statements of Postgres."""
        import psycopg
        from sqlalchemy.engine.default import DefaultDialect

        commit, execute, sqlite_commit = psycopg.Connection.commit, psycopg.Connection.execute, DefaultDialect.do_commit

        def watched_commit(connection: Any) -> None:
            self.pass_by()
            commit(connection)
            self.pass_by()

        def watched_execute(connection: Any, *arguments: Any, **options: Any) -> Any:
            if self._every_statement:
                self.pass_by()
            return execute(connection, *arguments, **options)

        def watched_sqlite(dialect: Any, connection: Any) -> None:
            self.pass_by()
            sqlite_commit(dialect, connection)
            self.pass_by()

        psycopg.Connection.commit = watched_commit  # type: ignore[method-assign]  # watched on purpose
        psycopg.Connection.execute = watched_execute  # type: ignore[assignment,method-assign]  # watched on purpose
        DefaultDialect.do_commit = watched_sqlite  # type: ignore[method-assign]  # watched on purpose


def _serve() -> None:
    """For each line, a child; its end is said in a line."""
    from importlib import import_module

    from migsafe.cli.main import run

    for late in (
        "cli.run",
        "runner.run",
        "runner.repair",
        "tracker.upgrade",
    ):  # what a command imports when it needs it
        import_module(f"migsafe.{late}")
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _be_the_command(job, run)
        _, status = os.waitpid(child, 0)
        code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        sys.stdout.write(json.dumps({"code": code}) + "\n")
        sys.stdout.flush()


def _be_the_command(job: Mapping[str, Any], run: Any) -> None:
    out = os.open(f"{job['report']}.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.chdir(job["folder"])
    os.environ.update(job["variables"])
    points = _Points(job["kill_at"], every_statement=job["every_statement"])
    points.watch()
    code = run(job["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    Path(job["report"]).write_text(str(points.count))
    os._exit(int(code))


if __name__ == "__main__":
    _serve()
