"""What people write down of their requests."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter

import pytest

from migsafe.demo.load import Book, Line


def test_a_book_counts_by_version_and_kind() -> None:
    book = Book()
    book.write("v1", 200, 0.01, stale=False)
    book.write("v1", 200, 0.03, stale=True)
    book.write("v2", 500, 0.02, stale=False)
    book.write("v2", 404, 0.02, stale=False)
    book.write(None, 0, 0.5, stale=False)
    taken = book.take()
    assert (taken["good"], taken["failed"]) == (Counter(v1=2), Counter(v2=2))
    assert (taken["lost"], taken["stale"], taken["slowest"]) == (1, 1, 0.5)
    assert json.loads(json.dumps(taken))["good"] == {"v1": 2}


def test_what_was_taken_is_not_taken_again_but_a_gap_goes_on() -> None:
    book = Book()
    book.write("v1", 200, 0.01, stale=False)
    assert book.take()["gap"] == 0.0
    book.write("v1", 200, 0.01, stale=False)
    again = book.take()
    assert again["good"] == Counter(v1=1)
    assert isinstance(again["gap"], float)
    assert again["gap"] > 0


def test_an_answer_is_read_whatever_pieces_it_comes_in() -> None:
    with Answering(b"HTTP/1.1 200 OK\r\nX-Version: v2\r\nConte", b"nt-Length: 7\r\n\r\nTo", b"ve J\n") as port:
        line = Line(port)
        assert line.ask("GET", "/users/1") == (200, "v2", "Tove J")
        line.close()


@pytest.mark.parametrize("broken", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nTo", b"nonsense\r\n\r\n"])
def test_what_is_no_answer_is_a_lost_request(broken: bytes) -> None:
    with Answering(broken) as port:
        assert Line(port).ask("GET", "/users/1") == (0, None, "")


def test_where_nobody_listens_the_request_is_lost() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert Line(nobody.getsockname()[1]).ask("GET", "/") == (0, None, "")


class Answering:
    """A server that sends some bytes to one connection, and closes it."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._listening.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            connection.recv(65536)
            for part in self._parts:
                connection.sendall(part)
