"""The runtime API, on a socket that answers as HAProxy does."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from migsafe.deploy.providers.local.socket import NAME, EngineAwayError, RuntimeSocket
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Answer the next connection with a text; the list fills with what was asked."""
    monkeypatch.chdir(tmp_path)  # the system takes no long paths for sockets

    def answer(text: str) -> list[str]:
        heard: list[str] = []
        server = socket.socket(socket.AF_UNIX)
        server.bind(NAME)
        server.listen()

        def serve() -> None:
            with server, server.accept()[0] as connection:
                heard.append(connection.recv(4096).decode())
                connection.sendall(text.encode())

        threading.Thread(target=serve, daemon=True).start()
        return heard

    return answer


def test_several_commands_go_in_one_line(answering: Callable[[str], list[str]], tmp_path: Path) -> None:
    heard = answering("one\n\ntwo\n\n")
    assert RuntimeSocket(tmp_path).ask("show info", "show stat") == "one\n\ntwo\n\n"
    assert heard == ["show info; show stat\n"]


@pytest.mark.parametrize(
    "reply",
    ["\n\n", "", "\nno need to change the addr, port changed from '1' to '18081' by 'stats socket command'\n\n"],
)
def test_an_order_that_was_followed_says_nothing(
    answering: Callable[[str], list[str]], tmp_path: Path, reply: str
) -> None:
    answering(reply)
    RuntimeSocket(tmp_path).order("set weight app/blue-1 5")


@pytest.mark.parametrize(
    "reply", ["No such server.\n\n", "\nAbsolute weight can only be between 0 and 256 inclusive.\n\n"]
)
def test_a_refusal_is_told(answering: Callable[[str], list[str]], tmp_path: Path, reply: str) -> None:
    answering(reply)
    with pytest.raises(EnvironmentFailedError, match=f"HAProxy refuses: {reply.strip()[:-1]}"):
        RuntimeSocket(tmp_path).order("set weight app/blue-1 3000")


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(EngineAwayError, match="HAProxy does not answer in "):
        RuntimeSocket(tmp_path).ask("show info")


def test_nothing_to_order_asks_nobody(tmp_path: Path) -> None:
    RuntimeSocket(tmp_path).order()


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="a long path is reached by way of /proc")
def test_a_path_that_is_too_long_for_the_system(
    answering: Callable[[str], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("long" * 40)
    deep.mkdir()
    monkeypatch.chdir(deep)
    answering("here\n")
    assert RuntimeSocket(deep).ask("show info") == "here\n"
