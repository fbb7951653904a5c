"""The project's interpreter with its own tool in it: started when it is needed, asked, heard, and ended."""

from __future__ import annotations

import time
from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING, Any

from migsafe.errors import EnvironmentFailedError, ExitCode, MigsafeError
from migsafe.sources.executing.child import MARK
from migsafe.sources.executing.values import Sent, StepFailed, Stood, stood
from migsafe.sources.rendering.talk import Talk, Worker, started

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migsafe.model.script import Direction

#: How long the project's code may take to be imported, in seconds, and to say what is applied.
TIME_LIMIT = 300.0
#: How long a tool that was told to stop may take, in seconds; then its process is ended.
_GRACE = 5.0
#: How often somebody who waits looks whether it was told to stop, in seconds.
_LOOK = 0.5


class NotNextError(MigsafeError):
    """A migration cannot be run as the next one."""

    exit_code = ExitCode.REFUSED


class ToolDiedError(EnvironmentFailedError):
    """The tool's process has ended while it was at work: what it has left can be seen only in the database."""


class ToolProcess:
    """One tool of one project on one database.

    Attributes:
        backend: the server's process that the tool's last connection has; None as long as it has none.
    """

    def __init__(self, tool: str, worker: Worker, job: Mapping[str, Any], *, time_limit: float = TIME_LIMIT) -> None:
        """
        Args:
            tool: what the tool is called, for messages.
            job: what its executor is told first; it may hold a password, and so is no argument of the program.
            time_limit: seconds that anything but a migration may take.
        """
        self._tool = tool
        self._worker = worker
        self._job = job
        self._time_limit = time_limit
        self._running = ExitStack()
        self._talk: Talk | None = None
        self._canceled_at: float | None = None
        self._ending = Lock()
        self.backend: int | None = None

    def stand(self, proof: str, rules: str) -> Stood:
        """What is applied; nothing is written.

        Args:
            proof: a question that only the database that is meant answers with true.
            rules: a statement that sets what the tool's session is run by.

        Raises:
            EnvironmentFailedError: the interpreter cannot be started, the project's code fails, or it would reach
                another database.
        """
        self._canceled_at = None
        answer = self._asked({"do": "stand", "proof": proof, "rules": rules}, limit=self._time_limit)
        return stood(answer["stood"])

    def run(
        self,
        direction: Direction,
        migration: str,
        *,
        proof: str,
        rules: str,
        on_statement: Callable[[Sent], object] | None = None,
    ) -> Stood | StepFailed:
        """Run one direction of one migration, for as long as it takes.

        Args:
            on_statement: called just before a statement is sent, by the thread that waits here; only for the first
                thousand of a migration.

        Raises:
            NotNextError: others would have to be run with it.
            ToolDiedError: the process has ended meanwhile.
            EnvironmentFailedError: nothing was run, for one of the reasons of `stand`.
        """
        self._canceled_at = None
        request = {"do": "run", "direction": direction.value, "migration": migration, "proof": proof, "rules": rules}
        answer = self._asked(request, limit=None, on_statement=on_statement)
        return StepFailed(**answer["failed"]) if "failed" in answer else stood(answer["done"])

    @property
    def is_running(self) -> bool:
        """Whether the interpreter is there."""
        return self._talk is not None

    def cancel(self) -> None:
        """Stop the migration that another thread waits for: its statement is canceled, then its process ended."""
        self._canceled_at = time.monotonic()
        talk = self._talk
        if talk is not None:
            talk.send({"do": "cancel"})

    def close(self) -> None:
        """End the interpreter. It is started again when it is asked again; closing twice is fine."""
        with self._ending:
            self._talk = None
            self.backend = None
            self._running.close()

    def output(self) -> str:
        """The end of what the tool has printed since the last migration began, in one line."""
        return _since_mark(self._talk.last_words()) if self._talk is not None else ""

    def _asked(
        self, request: Mapping[str, Any], *, limit: float | None, on_statement: Callable[[Sent], object] | None = None
    ) -> dict[str, Any]:
        if self._talk is None:
            self._talk = self._running.enter_context(started(self._worker))
            self._talk.send(self._job)
            try:
                self._answer(self._talk, self._time_limit, None)
            except EnvironmentFailedError:
                self.close()
                raise
        self._talk.send(request)
        try:
            return self._answer(self._talk, limit, on_statement)
        except MigsafeError:
            raise
        except BaseException:  # Ctrl-C, or what `on_statement` raises: nobody waits for the answer that is to come
            self.close()
            raise

    def _answer(self, talk: Talk, limit: float | None, on_statement: Callable[[Sent], object] | None) -> dict[str, Any]:
        """The answer to the last request; what comes before it is passed on."""
        until = None if limit is None else time.monotonic() + limit
        while True:
            message = self._heard(talk, until)
            if "connected" in message:
                self.backend = message["connected"]
            elif "sent" in message:
                if on_statement is not None:
                    on_statement(Sent(message["sent"], message["alone"]))
            elif "refused" in message:
                error = NotNextError if message["order"] else EnvironmentFailedError
                raise error(f"{self._tool}: {message['refused']}", hint=message["hint"])
            else:
                return message

    def _heard(self, talk: Talk, until: float | None) -> dict[str, Any]:
        while True:
            try:
                message: dict[str, Any] | None = talk.next(_LOOK)
            except TimeoutError:
                self._see_whether_to_end(talk, until)
                continue
            except ValueError:
                message = None
            if message is None:
                raise self._died(talk)
            return message

    def _see_whether_to_end(self, talk: Talk, until: float | None) -> None:
        now = time.monotonic()
        if self._canceled_at is not None and now > self._canceled_at + _GRACE:
            talk.kill()
        if until is not None and now > until:
            self.close()
            reason = f"{self._tool} has not answered within {self._time_limit:.0f} s"
            raise EnvironmentFailedError(reason, hint="does its code wait for something?")

    def _died(self, talk: Talk) -> ToolDiedError:
        words = _since_mark(talk.last_words()).rpartition(" / ")[2]
        status = talk.exit_code()
        self.close()
        return ToolDiedError(f"the process of the project's {self._tool} has ended: {words or f'exit status {status}'}")


def _since_mark(words: str) -> str:
    return words.rpartition(MARK)[2].removeprefix(" / ")
