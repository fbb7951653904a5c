"""A small web application, which keeps the names of people in Postgres.

    SHOP_DATABASE="dbname=shop" python app.py --port 8001 --version v1

    GET  /users/7      the name of somebody
    POST /users/7      gives somebody the name that is sent
    POST /users        somebody new, by the name that is sent
    GET  /readyz       whether it can take requests: it reaches its database, and is not about to end
    GET  /livez        whether it lives

At SIGTERM it takes no more requests, answers those that it has, and ends.
"""

from __future__ import annotations

import argparse
import os
import queue
import signal
import socket
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CONNECTIONS = 4


class Version(Protocol):
    """A file in `versions`: what a release of the shop sends to its database, and how it writes a name on its page."""

    READS: str
    RENAMES: str
    ADDS: str

    @staticmethod
    def shows(name: str) -> str: ...


class Pool:
    """A few connections that all requests share."""

    def __init__(self, address: str, version: str) -> None:
        self._address = address
        self._name = f"shop {version}"  # so that anybody who looks at the database sees which release is at work
        self._idle: queue.LifoQueue[psycopg.Connection | None] = queue.LifoQueue()
        for _ in range(_CONNECTIONS):
            self._idle.put(None)

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """One of them; it is opened when it is used for the first time, and anew when it has broken."""
        held = self._idle.get()
        try:
            if held is None or held.broken:
                held = psycopg.connect(self._address, autocommit=True, application_name=self._name)
            yield held
        finally:
            self._idle.put(held)

    def close(self) -> None:
        """End those that nobody uses."""
        with suppress(queue.Empty):
            while True:
                held = self._idle.get_nowait()
                if held is not None:
                    held.close()


class Shop(ThreadingHTTPServer):
    """The server: it knows which connections wait for a request, so that it can let go of those when it ends."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, port: int, version: str, pool: Pool) -> None:
        self.version = version
        self.sql = cast("Version", import_module(f"versions.{version}"))
        self.pool = pool
        self.ending = False
        self.lock = threading.Lock()
        self.waiting: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Answers)

    def end(self) -> None:
        """Take no more requests; those that are being answered are answered."""
        self.ending = True
        self.shutdown()
        with self.lock:
            for connection in self.waiting:
                with suppress(OSError):  # the other side has just gone
                    connection.shutdown(socket.SHUT_RDWR)


class Answers(BaseHTTPRequestHandler):
    """One connection, with as many requests as come over it."""

    server: Shop
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        """Wait for a request where the end of the server can interrupt it."""
        with self.server.lock:
            self.server.waiting.add(self.connection)
            if self.server.ending:
                self.close_connection = True
                return
        try:
            super().handle_one_request()
        except ConnectionError:  # the other side has gone away
            self.close_connection = True

    def parse_request(self) -> bool:
        """A request has come: from here on nothing interrupts its answer."""
        with self.server.lock:
            self.server.waiting.discard(self.connection)
        return super().parse_request()

    def finish(self) -> None:
        """The connection is over."""
        with self.server.lock:
            self.server.waiting.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        """A name, or one of the two probes."""
        if self.path == "/livez":
            self.answer(200, "alive")
        elif self.path == "/readyz":
            self.answered(self.readiness)
        else:
            self.answered(self.look_up)

    def do_POST(self) -> None:
        """A new name, of somebody who is there or of somebody new."""
        sent = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.answered(lambda: self.write(sent))

    def answered(self, act: Callable[[], tuple[int, str]]) -> None:
        """What an act comes to; an error in it is a 500, as in any framework."""
        try:
            status, text = act()
        except Exception as error:  # nobody else would say it
            status, text = 500, f"{type(error).__name__}: {error}"
        self.answer(status, text)

    def readiness(self) -> tuple[int, str]:
        """Whether it reaches its database; the schema's revision is none of its business."""
        with self.server.pool.connection() as connection:
            connection.execute("SELECT 1")
        return (503, "ending") if self.server.ending else (200, "ready")

    def look_up(self) -> tuple[int, str]:
        """Somebody's name."""
        with self.server.pool.connection() as connection:
            row = connection.execute(self.server.sql.READS, (self.person,)).fetchone()
        return (404, "nobody") if row is None else (200, self.server.sql.shows(row[0]))

    def write(self, name: str) -> tuple[int, str]:
        """A name to keep; it is shown as it was kept."""
        with self.server.pool.connection() as connection:
            if self.path == "/users":
                connection.execute(self.server.sql.ADDS, ("somebody@example.org", name))
            else:
                connection.execute(self.server.sql.RENAMES, (name, self.person))
        return 200, self.server.sql.shows(name)

    @property
    def person(self) -> int:
        """The number in the path."""
        return int(self.path.rpartition("/")[2])

    def answer(self, status: int, text: str) -> None:
        """Send one line of text, and which version has written it."""
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("X-Version", self.server.version)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if self.server.ending:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a load would fill the disk."""


def main() -> None:
    parser = argparse.ArgumentParser(description="A small web application.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--version", required=True)
    options = parser.parse_args()
    pool = Pool(os.environ["SHOP_DATABASE"], options.version)
    shop = Shop(options.port, options.version, pool)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=shop.end).start())
    shop.serve_forever(poll_interval=0.02)
    shop.server_close()  # waits for the requests that are being answered
    pool.close()


if __name__ == "__main__":
    main()
