"""Commands of migsafe in processes that can be killed anywhere: one process imports everything, and forks for each.

Points are the moments just before and just after each commit, be it COMMIT or a statement that commits by itself; with
`every_statement` those before each statement, too. A child that is told a number ends itself by SIGKILL when it comes
to that point: nothing is closed, flushed or rolled back. One that is told a time is ended by its parent.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_CHANGES = re.compile(
    r"(?:\s|--[^\n]*\n)*(?:alter|analyze|call|cluster|create|delete|do|drop|insert|refresh|reindex|truncate|update|vacuum)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code; None where it was killed.
        points: how many points it came to.
        output: what it printed, both streams.
        seconds: how long it took.
    """

    code: int | None
    points: int
    output: str
    seconds: float = 0.0


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
        kill_after: float | None = None,
        every_statement: bool = False,
    ) -> Ended:
        """Run one command to its end, or to the point where it is killed.

        Args:
            kill_at: the point at which it is killed; never when None.
            kill_after: seconds after which it is killed; never when None.
            every_statement: each statement is a point, too.
        """
        report = self._folder / "report"
        job = {
            "arguments": list(arguments),
            "folder": str(folder),
            "variables": dict(variables),
            "kill_at": kill_at,
            "kill_after": kill_after,
            "every_statement": every_statement,
            "report": str(report),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        points = int(report.read_text()) if answer["code"] is not None else kill_at or 0
        return Ended(answer["code"], points, Path(f"{report}.out").read_text(), answer["seconds"])


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
        """Stand around the commits of both drivers, and before their statements."""
        import psycopg
        from sqlalchemy.engine.default import DefaultDialect

        commit, execute = psycopg.Connection.commit, psycopg.Cursor.execute
        dialect_commit, dialect_execute = DefaultDialect.do_commit, DefaultDialect.do_execute

        def watched_commit(connection: Any) -> None:
            self.pass_by()
            commit(connection)
            self.pass_by()

        def watched_execute(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
            commits = cursor.connection.autocommit and _changes(query)
            if commits or self._every_statement:
                self.pass_by()
            answer = execute(cursor, query, *arguments, **options)
            if commits:
                self.pass_by()
            return answer

        def watched_file_commit(dialect: Any, connection: Any) -> None:
            if dialect.name != "sqlite":  # its driver's commit is watched already
                return dialect_commit(dialect, connection)
            self.pass_by()
            dialect_commit(dialect, connection)
            return self.pass_by()

        def watched_file_execute(dialect: Any, cursor: Any, *arguments: Any) -> None:
            if self._every_statement and dialect.name == "sqlite":
                self.pass_by()
            dialect_execute(dialect, cursor, *arguments)

        psycopg.Connection.commit = watched_commit  # type: ignore[method-assign]  # watched on purpose
        psycopg.Cursor.execute = watched_execute  # type: ignore[assignment,method-assign]  # watched on purpose
        DefaultDialect.do_commit = watched_file_commit  # type: ignore[method-assign]  # watched on purpose
        DefaultDialect.do_execute = watched_file_execute  # type: ignore[assignment,method-assign]  # watched on purpose


def _changes(query: Any) -> bool:
    """Whether a statement leaves something behind when it commits by itself."""
    return _CHANGES.match(query.decode() if isinstance(query, bytes) else str(query)) is not None


def _serve() -> None:
    """For each line, a child; its end is said in a line."""
    from importlib import import_module

    from migsafe.cli.main import run

    for late in (
        "backfill.engine",
        "cli.run",
        "contracts.keeping",
        "runner.run",
        "runner.repair",
        "tracker.upgrade",
    ):  # what a command imports when it needs it
        import_module(f"migsafe.{late}")
    for line in sys.stdin:
        job = json.loads(line)
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _be_the_command(job, run)
        status = _wait_for(child, None if job["kill_after"] is None else began + job["kill_after"])
        code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        sys.stdout.write(json.dumps({"code": code, "seconds": time.monotonic() - began}) + "\n")
        sys.stdout.flush()


def _wait_for(child: int, deadline: float | None) -> int:
    """How a child ended; by SIGKILL where it has not by the deadline."""
    if deadline is not None:
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


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
