"""Questions over HTTP: bounded in time, in size, and in where they go."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import pytest

from loopback import Says, free_address, serving
from migsafe.deploy.web import Question, WebAwayError, ask, is_web_address, server_of


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("http://127.0.0.1:80/x", True),
        ("https://me:pass@shop.example.org", True),
        ("http://[::1]:8080/", True),
        ("ftp://shop.example.org/", False),
        ("file:///etc/passwd", False),
        ("http:///x", False),
        ("http://host:port/", False),
        ("http://host/a\r\nX: y", False),
        ("shop.example.org", False),
        ("http://[::1", False),
    ],
)
def test_what_can_be_asked(url: str, is_one: bool) -> None:
    assert is_web_address(url) is is_one


def test_only_the_server_is_shown() -> None:
    assert server_of("https://me:hush@hooks.example.org:8443/T0/secret?x=1") == "https://hooks.example.org:8443"


@pytest.mark.parametrize("status", [200, 204, 301, 404, 500])
def test_every_status_is_an_answer(status: int) -> None:
    with serving(lambda _: Says(status, headers={"X-Some": "Thing"})) as server:
        answer = ask(Question(url=server.url))
    assert (answer.status, answer.headers["x-some"]) == (status, "Thing")


def test_an_answer_is_cut_where_it_is_too_long() -> None:
    with serving(lambda _: Says(200, b"x" * 1_200_000)) as server:
        assert len(ask(Question(url=server.url)).body) == 1_000_000


def test_a_body_is_posted_and_its_fragment_is_kept_back() -> None:
    with serving(lambda _: Says(200)) as server:
        ask(Question(url=f"{server.url}/a?b=c#d", body=b"{}", headers={"Content-Type": "application/json"}))
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/a?b=c", b"{}")
    assert asked.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("says", "said"),
    [
        (Says(drops=True), "broke the connection off"),
        (Says(hangs=True), "gave no answer in 0.05 s"),
    ],
)
def test_no_answer_is_said_without_the_path(says: Says, said: str) -> None:
    with serving(lambda _: says) as server, pytest.raises(WebAwayError, match=said) as caught:
        ask(Question(url=f"{server.url}/hush", timeout_s=0.05 if says.hangs else 10))
    assert "hush" not in caught.value.message


def test_a_server_that_dribbles_its_headers_holds_nobody_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_dribble, args=(server,), daemon=True).start()
        began = time.monotonic()
        with pytest.raises(WebAwayError, match=r"gave no answer in 0\.3 s"):
            ask(Question(url=f"http://127.0.0.1:{server.getsockname()[1]}/", timeout_s=0.3))
        assert time.monotonic() - began < 2.0


def _dribble(server: socket.socket) -> None:
    """Headers that would take five seconds, a piece of them in less than any timeout of a socket."""
    connection, _ = server.accept()
    with connection, suppress(OSError):  # nobody listens any more
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(50):
            connection.sendall(b"X")
            time.sleep(0.1)


def test_a_name_that_nobody_answers_for_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20.0))
    with pytest.raises(WebAwayError, match=r"http://shop\.example\.org gave no answer in 0\.1 s"):
        ask(Question(url="http://shop.example.org/x", timeout_s=0.1))
    over.set()


def test_nobody_listens() -> None:
    with pytest.raises(WebAwayError, match="refuses connections") as caught:
        ask(Question(url=free_address()))
    assert not caught.value.is_here


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", free_address())
    with serving(lambda _: Says(200)) as server:
        assert ask(Question(url=server.url)).status == 200
