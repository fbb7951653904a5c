"""People who use the shop: a program of its own, so that it measures the shop and not the demo beside it.

    python load.py PORT RATE THREADS PEOPLE

It begins when it is run, and ends when its standard input does; so it never outlives the demo. Each thread plays some
people whom nobody else plays: it gives one of them a name, reads it back, and knows which name must come, whichever
version of the shop has answered. A line of JSON comes out for each tenth of a second:

    {"at": 12.3, "good": {"v1": 18}, "failed": {}, "lost": 0, "stale": 0, "slowest": 0.004, "gap": 0.009}

`at` is on the clock of `time.monotonic`, which all processes of a machine share. `lost` were answered by no version;
`stale` by one that did not know the last name; `gap` is the longest time without a good answer that ended in it.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

_EVERY_S = 0.1
_ANSWER_WITHIN_S = 15.0
_PART = 65536
_NAMES = ("Ada Lovelace", "Grace Hopper", "Teller", "Edsger Dijkstra", "Barbara Liskov", "Tove Jansson", "Björk")


@dataclass
class Counted:
    """What a tenth of a second has seen."""

    good: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    stale: int = 0
    slowest: float = 0.0
    gap: float = 0.0


class Book:
    """Where all threads write what they have met."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = Counted()
        self._last_good: float | None = None

    def write(self, version: str | None, status: int, took: float, *, stale: bool) -> None:
        """One request, and what came of it."""
        with self._lock:
            now, moment = self._now, time.monotonic()
            now.slowest = max(now.slowest, took)
            if version is None:
                now.lost += 1
                return
            if status != 200:
                now.failed[version] += 1
                return
            now.good[version] += 1
            now.stale += stale
            if self._last_good is not None:
                now.gap = max(now.gap, moment - self._last_good)
            self._last_good = moment

    def take(self) -> dict[str, object]:
        """What was written since the last time."""
        with self._lock:
            taken, self._now = self._now, Counted()
        return {"at": time.monotonic(), **vars(taken)}


class Line:
    """One connection, kept alive, and opened again when it has broken."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, method: str, path: str, text: str = "") -> tuple[int, str | None, str]:
        """The status, the version that has answered, and what it said; 0 and None where nobody has."""
        body = text.encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        try:
            return self._exchange(head + body)
        except (OSError, ValueError, LookupError):
            self.close()
            return 0, None, ""

    def close(self) -> None:
        """Let go of it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, request: bytes) -> tuple[int, str | None, str]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_ANSWER_WITHIN_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._part()
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        while len(body) < int(headers["content-length"]):
            body += self._part()
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(first.split(" ", 2)[1]), headers.get("x-version"), body.decode().strip()

    def _part(self) -> bytes:
        assert self._socket is not None
        part = self._socket.recv(_PART)
        if not part:
            raise ConnectionResetError
        return part


class Visitor(threading.Thread):
    """One request after the other, at an even pace."""

    def __init__(self, port: int, pause: float, people: range, book: Book, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._line = Line(port)
        self._pause = pause
        self._people = people
        self._book = book
        self._over = over
        self._dice = random.Random(people.start)  # noqa: S311 -- no secret
        self._names: dict[int, str] = {}

    def run(self) -> None:
        """Until all is over."""
        self._over.wait(self._dice.random() * self._pause)  # not all at once
        due = time.monotonic()
        while not self._over.is_set():
            self._act(self._dice.choice(self._people))
            due = max(due + self._pause, time.monotonic())  # who comes late does not hurry
            self._over.wait(due - time.monotonic())
        self._line.close()

    def _act(self, person: int) -> None:
        kind = self._dice.random()
        if kind < 0.6:
            self._read(person)
        elif kind < 0.95:
            self._rename(person)
        else:
            self._ask("POST", "/users", self._dice.choice(_NAMES))

    def _read(self, person: int) -> None:
        self._ask("GET", f"/users/{person}", expected=self._names.get(person))

    def _rename(self, person: int) -> None:
        name = f"{self._dice.choice(_NAMES)}{self._dice.randrange(1000)}"
        self._names.pop(person, None)  # nobody knows what becomes of it until it is answered
        if self._ask("POST", f"/users/{person}", name):
            self._names[person] = name

    def _ask(self, method: str, path: str, text: str = "", *, expected: str | None = None) -> bool:
        began = time.monotonic()
        status, version, said = self._line.ask(method, path, text)
        stale = status == 200 and expected is not None and said != expected
        self._book.write(version, status, time.monotonic() - began, stale=stale)
        if version is None:
            self._over.wait(0.05)
        return status == 200


def _wait_for_end(over: threading.Event) -> None:
    """Whoever has begun it holds its standard input open."""
    sys.stdin.read()
    over.set()


def main(port: int, rate: float, threads: int, people: int) -> None:
    """Ask until standard input ends, and write down what comes."""
    over, book, each = threading.Event(), Book(), people // threads
    visitors = [
        Visitor(port, threads / rate, range(1 + number * each, 1 + (number + 1) * each), book, over)
        for number in range(threads)
    ]
    threading.Thread(target=_wait_for_end, args=(over,), daemon=True).start()
    for visitor in visitors:
        visitor.start()
    while not over.wait(_EVERY_S):
        sys.stdout.write(json.dumps(book.take()) + "\n")
        sys.stdout.flush()
    for visitor in visitors:
        visitor.join(_ANSWER_WITHIN_S)
    sys.stdout.write(json.dumps(book.take()) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
