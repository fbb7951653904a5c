"""Runs in the project's own interpreter, below the executor of each tool: the pipe, and what a connection is told.

One file that needs nothing but the standard library (Python 3.8 or later); executors load it by its path. JSON objects
come in on standard input, one a line, and go out on what standard output was at the start:

    {"do": "stand", "proof": "select …", "rules": "select …"}                              what is applied; reads only
    {"do": "run", "direction": "up", "migration": "…", "proof": "select …", "rules": "select …"}
    {"do": "cancel"}                                                                        while the other one runs

    {"ready": "1.20.1"}                            once, after the job
    {"connected": 4711}                            the process of the server that a new connection has
    {"sent": "ALTER …", "alone": false}            a statement, just before it is sent; alone: it commits by itself
    {"stood": {…}}  {"done": {…}}  {"failed": {…}}  {"refused": "why", "hint": "what to do" or null, "order": false}

`proof` is a question that only the database that is meant answers with true; `rules` sets what a session is run by.
When standard input ends, whoever started this has died, and this process ends too, in the middle of whatever it does:
the server rolls its transaction back.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

#: How this process ends when whoever started it has.
ORPHANED = 75

#: A line on standard error where a migration begins, so that what it prints is known from what was printed before.
MARK = "\x01"

#: Statements that are told one by one; a data migration may send millions.
MOST_TOLD = 1000
LONGEST_TOLD = 10_000

#: What libpq and its kin take from their environment for what an address does not say (PostgreSQL 18 manual, 32.15).
_LIBPQ = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
_MISLEADING = ("PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGOPTIONS", "PGPASSFILE", "PGTARGETSESSIONATTRS")

#: Held by every connection of every tool that is run like this, so that the next run knows when the last one is over:
#: "migsafe" and "tool", shortened.
TOGETHER = "select pg_catalog.pg_try_advisory_lock_shared(1835558758, 1953460076)"
#: The server looks once in a second whether its client still lives (since 14; not on every platform).
_LOOK_AFTER_CLIENT = "select pg_catalog.set_config('client_connection_check_interval', '1s', false)"
_SERVER_PROCESS = "select pg_catalog.pg_backend_pid()"

_COMMENTS = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_CONCURRENTLY = re.compile(
    _COMMENTS + r"(?:(?:create\s+(?:unique\s+)?|drop\s+)index\s+concurrently\b"
    r"|reindex\s*(?:\([^)]*\)\s*)?(?:index|table|schema|database)\s+concurrently\b"
    r"|reindex\s*\([^)]*\bconcurrently\b)",
    re.IGNORECASE | re.DOTALL,
)
_VALIDATE = re.compile(_COMMENTS + r"alter\s+table\b.*\bvalidate\s+constraint\b", re.IGNORECASE | re.DOTALL)
_ENDS = re.compile(_COMMENTS + r"(?:commit|end)\b", re.IGNORECASE | re.DOTALL)
_ONLY_READS = re.compile(_COMMENTS + r"(?:select|show|set|reset|explain)\b", re.IGNORECASE | re.DOTALL)

_NO_TIMEOUTS = (
    "select pg_catalog.set_config('lock_timeout', '0', false), pg_catalog.set_config('statement_timeout', '0', false)"
)
_NO_STATEMENT_TIMEOUT = "select pg_catalog.set_config('statement_timeout', '0', false)"


class Refused(BaseException):
    """Nothing may be run. No `Exception`, so that code which goes on after errors does not go on after this."""

    def __init__(self, reason: str, hint: str | None = None, *, order: bool = False) -> None:
        """
        Args:
            order: it is not its turn; all else is right.
        """
        super().__init__(reason)
        self.answer = {"refused": reason, "hint": hint, "order": order}


class Channel:
    """Requests in, answers out; a thread reads, so that a request to stop is heard while a migration runs."""

    def __init__(self) -> None:
        # A terminal's Ctrl-C reaches this process too, but whoever started it decides what is done about it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._in = os.fdopen(os.dup(0), encoding="utf-8")
        os.dup2(2, 1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - stays open as long as the process lives
        sys.stdout = sys.stderr
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._speaking = threading.Lock()
        self.on_cancel: Callable[[], None] = lambda: None
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in self._in:
                request = json.loads(line)
                if request.get("do") == "cancel":
                    self.on_cancel()
                else:
                    self._requests.put(request)
        os._exit(ORPHANED)

    def next(self) -> dict[str, Any]:
        """The next request; without one, the process ends."""
        return self._requests.get()

    def say(self, message: dict[str, Any]) -> None:
        """One message."""
        sys.stderr.flush()
        with self._speaking:
            self._out.write(json.dumps(message) + "\n")
            self._out.flush()


def serve(channel: Channel, start: Callable[[dict[str, Any]], Any]) -> None:
    """Answer requests, of which the first is the job that makes the tool.

    Args:
        start: makes the tool: an object with a `version`, and `answer(request)`.
    """
    tool: Any = None
    while True:
        request = channel.next()
        try:
            if tool is None:
                tool = start(request)
                answer: dict[str, Any] = {"ready": tool.version}
            else:
                answer = tool.answer(request)
        except Refused as refused:
            answer = refused.answer
        channel.say(answer)


class Sessions:
    """What every connection of the tool goes through before it may be used.

    Attributes:
        refusal: the first refusal since `renew`; whoever catches it goes no further.
    """

    def __init__(self, channel: Channel, hint: str) -> None:
        """
        Args:
            hint: what to do where the tool means another database.
        """
        self._channel = channel
        self._hint = hint
        self._proof = self._rules = ""
        self._connection: Any = None
        self._canceled = False
        self.refusal: Refused | None = None
        channel.on_cancel = self._cancel

    def renew(self, request: dict[str, Any]) -> None:
        """What holds for the next request."""
        self._proof, self._rules = request["proof"], request["rules"]
        self._canceled = False
        self.refusal = None

    def open(self, connection: Any) -> None:
        """Prove and prepare a connection of the driver's that is new; it is in no transaction afterwards."""
        self.prove(connection)
        if not first_value(connection, TOGETHER):
            self.refuse("another run of migsafe is at this database", "wait until it has ended")
        connection.commit()
        try:
            ask(connection, _LOOK_AFTER_CLIENT)
            connection.commit()
        except Exception:  # a server that cannot look goes on with its statement, and says so when it is at its end
            connection.rollback()

    def prove(self, connection: Any) -> None:
        """See that a connection is on the database that is meant, and set its rules; its transaction goes on."""
        if not first_value(connection, self._proof):
            self.refuse("it connects to another database than the one that is meant: nothing was run", self._hint)
        process = first_value(connection, _SERVER_PROCESS)
        announced = announced_process(connection)
        if announced is not None and announced != process:
            self.refuse("it connects through a pooler: nothing was run", "give the server's own address")
        ask(connection, self._rules)
        self._connection = connection
        self._channel.say({"connected": process})

    def refuse(self, reason: str, hint: str | None = None) -> None:
        """Stop here.

        Raises:
            Refused: always.
        """
        refused = Refused(reason, hint)
        self.refusal = self.refusal or refused
        raise refused

    def check_canceled(self) -> None:
        """Send nothing more once somebody wants it to end.

        Raises:
            InterruptedError: somebody does.
        """
        if self._canceled:
            raise InterruptedError("canceled")

    @contextlib.contextmanager
    def patience(self, connection: Any, statement: str) -> Iterator[None]:
        """Let a statement wait that must not be cut off, and set the rules again after it.

        `lock_timeout` would also cut off CONCURRENTLY's waits for old snapshots, and leave an invalid index behind.
        """
        longer = patience_for(statement)
        if longer is None:
            yield
            return
        ask(connection, longer)
        try:
            yield
        finally:
            with contextlib.suppress(Exception):  # in a failed transaction, which takes the setting back by itself
                ask(connection, self._rules)

    def _cancel(self) -> None:
        """Called by the thread that listens."""
        self._canceled = True
        cancel = getattr(self._connection, "cancel", None)
        if cancel is not None:
            with contextlib.suppress(Exception):  # the statement may be over by now
                cancel()


class Statements:
    """What a migration sends, told as it is sent.

    Attributes:
        count: how many.
        last: the last one.
        committed: something may stay although the migration fails.
    """

    def __init__(self, channel: Channel) -> None:
        sys.stderr.write(MARK + "\n")
        self._channel = channel
        self.count = 0
        self.last: str | None = None
        self.committed = False

    def tell(self, statement: str, *, alone: bool) -> None:
        """One statement, just before it is sent.

        Args:
            alone: no transaction is open, so that it commits by itself.
        """
        self.count += 1
        self.last = statement
        if _ENDS.match(statement) or (alone and not _ONLY_READS.match(statement)):
            self.committed = True
        if self.count <= MOST_TOLD:
            self._channel.say({"sent": statement[:LONGEST_TOLD], "alone": alone})


def patience_for(statement: str) -> str | None:
    """What to set before a statement that must not be cut off; None for any other."""
    if _CONCURRENTLY.match(statement):
        return _NO_TIMEOUTS
    return _NO_STATEMENT_TIMEOUT if _VALIDATE.match(statement) else None


def ask(connection: Any, question: str) -> Any:
    """The first row of an answer, by the driver's own cursor."""
    cursor = connection.cursor()
    try:
        cursor.execute(question)
        return cursor.fetchone()
    finally:
        cursor.close()


def first_value(connection: Any, question: str) -> Any:
    """The first value of the first row; None without one."""
    row = ask(connection, question)
    return None if row is None else row[0]


def announced_process(connection: Any) -> int | None:
    """The server's process as it was announced when the connection was made, by which a pooler is known.

    None where the driver does not keep it.
    """
    for owner, name in (
        (getattr(connection, "info", None), "backend_pid"),
        (connection, "get_backend_pid"),
        (getattr(connection, "driver_connection", None) or connection, "get_server_pid"),
    ):
        found = getattr(owner, name, None)
        if found is not None:
            process = found() if callable(found) else found
            return process if isinstance(process, int) else None
    return None


def announce(address: dict[str, str], variables: list[str], url: str) -> None:
    """Say the address to whoever asks the environment for it."""
    for variable in _MISLEADING:
        os.environ.pop(variable, None)
    for parameter, variable in _LIBPQ.items():
        os.environ.pop(variable, None)
        if address.get(parameter):
            os.environ[variable] = address[parameter]
    for variable in variables:
        os.environ[variable] = url
    os.environ["MIGSAFE_RUNS_THIS"] = "1"  # hooks of migsafe in the project leave the record to the runner


def spelt(address: dict[str, str], scheme: str = "postgresql") -> str:
    """An address as libpq writes it; the folder of a socket is quoted into the host's place."""
    from urllib.parse import quote, urlencode

    user = quote(address["user"], safe="")
    if address.get("password"):
        user += ":" + quote(address["password"], safe="")
    host = address["host"]
    place = f"[{host}]" if ":" in host else quote(host, safe="")
    query = urlencode({key: value for key, value in address.items() if key.startswith("ssl")})
    url = f"{scheme}://{user}@{place}:{address['port']}/{quote(address['dbname'], safe='')}"
    return f"{url}?{query}" if query else url


def first_line(error: BaseException) -> str:
    """What the last part of a traceback says first."""
    said = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()
    return said[0] if said else type(error).__name__


def line_in(error: BaseException, path: str) -> int | None:
    """The line of a file in which an error came up; None where it did not."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((one.lineno for one in reversed(frames) if one.filename == path), None)
