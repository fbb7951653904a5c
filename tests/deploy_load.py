"""Live load on a front door: threads with connections kept alive, each answer remembered with its version and time.

    with Load.on("127.0.0.1", 8080, threads=4) as load:
        load.wait_for(1000)
        provider.shift("v2", 5)
    assert not load.lost

It ends by itself: after `most` requests, after `seconds`, or when the block is left.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ANSWER_WITHIN_S = 10.0
_MOST_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """One request and what came of it.

    Attributes:
        at: when it was sent, on the clock of `time.monotonic`.
        took: in seconds.
        status: 0 when no answer came.
        version: what X-Version said; None when no version of the application answered.
        why: what went wrong on the way, if anything.
    """

    at: float
    took: float
    status: int
    version: str | None = None
    why: str = ""

    @property
    def is_lost(self) -> bool:
        """No application has answered: the connection broke, or the proxy itself said an error."""
        return self.version is None

    @property
    def is_good(self) -> bool:
        """Answered by an application, and without an error."""
        return self.version is not None and self.status < 500


class LoadLateError(AssertionError):
    """What was waited for did not come about in time."""


@dataclass
class Load:
    """Requests that go on beside the test, and what they have met so far.

    Attributes:
        most: requests altogether, over all threads.
        seconds: after these it ends.
        pause_s: between two requests of one thread; 0 asks as fast as answers come.
    """

    host: str
    port: int
    path: str = "/"
    threads: int = 4
    most: int = 200_000
    seconds: float = 60.0
    pause_s: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _workers: list[threading.Thread] = field(default_factory=list)

    @classmethod
    def on(cls, host: str, port: int, **options: object) -> Load:
        """Load on an address; the options are the attributes."""
        return cls(host, port, **options)  # type: ignore[arg-type]  # each is checked by its own annotation

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to ask."""
        until = time.monotonic() + self.seconds
        for _ in range(self.threads):
            worker = threading.Thread(target=self._ask_until, args=(until,), daemon=True)
            self._workers.append(worker)
            worker.start()

    def stop(self) -> None:
        """Ask no more, and wait for the answers that are still to come."""
        self._over.set()
        for worker in self._workers:
            worker.join(_ANSWER_WITHIN_S + 1)

    def wait_for(self, more: int, *, within: float = 30.0) -> None:
        """Wait until so many further requests have been answered.

        Raises:
            LoadLateError: when that takes longer than `within` seconds, or the load has ended by its own limits.
        """
        goal = len(self.answers) + more
        self.wait_until(lambda: len(self.answers) >= goal, within=within)

    def wait_until(self, holds: Callable[[], bool], *, within: float = 30.0) -> None:
        """Wait until something holds, while requests go on.

        Raises:
            LoadLateError: when it does not within so many seconds, or the load has ended by its own limits.
        """
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline or not any(worker.is_alive() for worker in self._workers):
                raise LoadLateError(f"not so after {len(self.answers)} requests, {len(self.lost)} of them lost")
            self._over.wait(0.002)

    def since(self, start: int) -> Sequence[Answer]:
        """The answers from a number on: `mark = len(load.answers)`, then `load.since(mark)`."""
        return self.answers[start:]

    @property
    def lost(self) -> list[Answer]:
        """Requests that no application has answered."""
        return [one for one in list(self.answers) if one.is_lost]

    @property
    def versions(self) -> Counter[str]:
        """How often each version has answered."""
        return versions_in(list(self.answers))

    def share_of(self, version: str, start: int = 0) -> float:
        """The share of a version in per cent of what was answered, from a number on."""
        seen = versions_in(self.since(start))
        return 100 * seen[version] / max(1, seen.total())

    def slowest(self, per_cent: float = 99.0) -> float:
        """The time in seconds under which so many per cent of the answers stay."""
        times = sorted(one.took for one in list(self.answers))
        return times[min(len(times) - 1, int(len(times) * per_cent / 100))] if times else 0.0

    def longest_gap(self) -> float:
        """The longest time in seconds in which no good answer came."""
        came = sorted(one.at + one.took for one in list(self.answers) if one.is_good)
        return max((later - earlier for earlier, later in pairwise(came)), default=0.0)

    def _ask_until(self, until: float) -> None:
        line = _Line(self.host, self.port, self.path)
        while not self._over.is_set() and time.monotonic() < until and len(self.answers) < self.most:
            answer = line.ask()
            self.answers.append(answer)
            pause = self.pause_s or (0.01 if answer.is_lost else 0)
            if pause:
                self._over.wait(pause)
        line.close()


def versions_in(answers: Sequence[Answer]) -> Counter[str]:
    """How often each version has answered in these."""
    return Counter(one.version for one in answers if one.version is not None)


def ask(host: str, port: int, path: str = "/") -> Answer:
    """One request on a connection of its own."""
    line = _Line(host, port, path)
    try:
        return line.ask()
    finally:
        line.close()


class _Line:
    """One connection, kept alive, opened again when it has broken."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._address = (host, port)
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("ascii")
        self._socket: socket.socket | None = None

    def ask(self) -> Answer:
        began = time.monotonic()
        try:
            status, version, closes = self._exchange()
        except (OSError, ValueError) as error:
            self.close()
            return Answer(began, time.monotonic() - began, 0, why=f"{type(error).__name__}: {error}")
        if closes:
            self.close()
        why = "" if version is not None else f"the proxy answered {status}"
        return Answer(began, time.monotonic() - began, status, version, why)

    def close(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _exchange(self) -> tuple[int, str | None, bool]:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_ANSWER_WITHIN_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(self._request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        status, headers = _read_head(head)
        length = headers.get("content-length")
        while length is not None and len(body) < int(length):
            body += self._receive()
        closes = length is None or headers.get("connection", "").lower() == "close"
        return status, headers.get("x-version"), closes

    def _receive(self) -> bytes:
        assert self._socket is not None
        part = self._socket.recv(_MOST_BYTES)
        if not part:
            raise ConnectionResetError("closed before the answer was complete")
        return part


def _read_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split(" ", 2)[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}
