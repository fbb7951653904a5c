"""One question over HTTP, with a bounded time, a bounded answer and no redirect to anybody else.

Errors name the server and never the path: the path of a webhook is a secret.
"""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What is read of an answer, in bytes.
_LONGEST = 1_000_000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}


class WebAwayError(EnvironmentFailedError):
    """There was no answer.

    Attributes:
        is_here: the fault is on this side (a name that nobody resolves), and says nothing of the server.
    """

    def __init__(self, message: str, *, is_here: bool = False) -> None:
        super().__init__(message)
        self.is_here = is_here


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        url: with user and password, where the server wants them; they go into a header.
        body: makes it a POST.
        timeout_s: for all of it, in seconds.
        follows: go where the same server sends; nobody else is ever followed.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_s: float = 10.0
    follows: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status.

    Attributes:
        headers: by their names in small letters.
        seconds: from the first to the last byte.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    seconds: float

    @property
    def text(self) -> str:
        """The body; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


def ask(question: Question) -> Answer:
    """Ask once.

    Raises:
        WebAwayError: when there is no answer in time, or none that is HTTP.
    """
    came: SimpleQueue[Answer | Exception] = SimpleQueue()
    # What asks may wait where no timeout of a socket counts: for a name, or for headers that come byte by byte.
    threading.Thread(target=_put_answer, args=(question, came), name="web", daemon=True).start()
    try:
        answer = came.get(timeout=question.timeout_s)
    except Empty:
        raise _late(question, question.url) from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _put_answer(question: Question, came: SimpleQueue[Answer | Exception]) -> None:
    try:
        came.put(_ask(question))
    except Exception as error:  # whatever it is, who asked is told
        came.put(error)


def _ask(question: Question) -> Answer:
    began = time.monotonic()
    url = question.url
    for _ in range(_MOST_REDIRECTS + 1):
        answer = _ask_once(question, url, began)
        target = _target(url, answer) if question.follows else None
        if target is None:
            return answer
        url = target
    raise WebAwayError(f"{server_of(question.url)} redirects in a circle")


def is_web_address(url: str) -> bool:
    """Whether something can be asked there: http or https, and a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0 and url.isprintable()
    except ValueError:
        return False


def server_of(url: str) -> str:
    """`https://host:port` of an address, which can be shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _ask_once(question: Question, url: str, began: float) -> Answer:
    from http.client import HTTPException
    from urllib.request import Request

    parts = urlsplit(url)
    headers = {"User-Agent": "migsafe", **_login(parts), **question.headers}
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    try:
        request = Request(bare, data=question.body, headers=headers)  # noqa: S310 -- the opener knows http and https only
        with _opener(parts.hostname or "").open(request, timeout=_left(question, began)) as response:
            body = _read(response, question, began)
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(status=response.status, body=body, headers=found, seconds=time.monotonic() - began)
    except (OSError, HTTPException, ValueError) as error:
        raise _away(error, url, question) from None


def _opener(host: str) -> Any:
    """An opener that gives every answer as it is, and reads neither files nor FTP."""
    from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler

    opener = OpenerDirector()
    own = host in ("localhost", "::1") or host.startswith("127.")
    for handler in (ProxyHandler({} if own else None), HTTPHandler(), HTTPSHandler()):
        opener.add_handler(handler)
    return opener


def _read(response: Any, question: Question, began: float) -> bytes:
    """The body, as far as it is read; a server that sends a byte now and then does not hold anybody up."""
    pieces: list[bytes] = []
    length = 0
    while length < _LONGEST and (piece := response.read1(65_536)):
        pieces.append(piece)
        length += len(piece)
        _left(question, began)
    return b"".join(pieces)[:_LONGEST]


def _left(question: Question, began: float) -> float:
    left = question.timeout_s - (time.monotonic() - began)
    if left <= 0:
        raise TimeoutError
    return left


def _login(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def _target(url: str, answer: Answer) -> str | None:
    """Where an answer sends, on the same server; None where it sends nowhere, or to somebody else."""
    location = answer.headers.get("location")
    if not location or answer.status not in _REDIRECTS:
        return None
    try:
        target = urljoin(url, location)
        return target if _server(urlsplit(url)) == _server(urlsplit(target)) else None
    except ValueError:
        return None


def _server(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _away(error: Exception, url: str, question: Question) -> WebAwayError:
    import socket

    server = server_of(url)
    reason = getattr(error, "reason", error)  # urllib wraps what the socket said
    if isinstance(reason, TimeoutError):
        return _late(question, url)
    if isinstance(reason, socket.gaierror):
        return WebAwayError(f"{server}: nobody here knows that name", is_here=True)
    if isinstance(reason, ConnectionRefusedError):
        return WebAwayError(f"{server} refuses connections")
    if isinstance(reason, ConnectionError):
        return WebAwayError(f"{server} broke the connection off")
    said = getattr(reason, "verify_message", None) or getattr(reason, "strerror", None) or type(reason).__name__
    return WebAwayError(f"{server}: {said}")


def _late(question: Question, url: str) -> WebAwayError:
    return WebAwayError(f"{server_of(url)} gave no answer in {question.timeout_s:g} s")
