"""A small web server on 127.0.0.1 whose answers a test says beforehand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Asked:
    """What came in; headers by their names in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Says:
    """What goes out; `hangs` holds it back until the server ends, `drops` breaks the connection off."""

    status: int = 200
    body: bytes | str = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False


@dataclass
class Loopback:
    """A server that runs.

    Attributes:
        asked: all that came in.
    """

    url: str
    asked: list[Asked]
    _arrived: threading.Condition

    def wait_for(self, number: int, deadline_s: float = 10.0) -> list[Asked]:
        """All that came in, once there are so many."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.asked) >= number, deadline_s), f"only {self.asked}"
            return list(self.asked)


@contextmanager
def serving(answer: Callable[[Asked], Says]) -> Iterator[Loopback]:
    """A server for the time of a test."""
    asked: list[Asked] = []
    arrived = threading.Condition()
    ends = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            question = Asked(self.command, self.path, headers, self.rfile.read(length))
            with arrived:
                asked.append(question)
                arrived.notify_all()
            self._say(answer(question))

        def _say(self, says: Says) -> None:
            if says.hangs:
                ends.wait()
            if says.hangs or says.drops:
                self.close_connection = True
                return
            body = says.body.encode() if isinstance(says.body, str) else says.body
            self.send_response(says.status)
            for name, value in says.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield Loopback(f"http://127.0.0.1:{server.server_port}", asked, arrived)
    finally:
        ends.set()
        server.shutdown()
        server.server_close()


def free_address() -> str:
    """An address at which nobody listens."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"
