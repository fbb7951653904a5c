"""`kind = "webhook"`: a POST of the JSON document, signed.

Keys: `url` (`env:NAME`, or an address without a secret), `secret` (`env:NAME`; without it nothing is signed),
`timeout` (5s), `events` (all). A Slack incoming webhook takes it as it is: it reads `text`.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any

from migsafe.deploy.notify.message import encode
from migsafe.deploy.notify.sink import DELIVERED, Sent
from migsafe.deploy.web import Answer, Question, WebAwayError, ask, is_web_address, server_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from migsafe.deploy.notify.message import Event
    from migsafe.deploy.tables import Table

SIGNATURE = "Migsafe-Signature"
#: Answers that say "later" (RFC 9110, 6585, 8470); 5xx beside them.
_LATER = frozenset({408, 425, 429})
#: A receiver may ask for an hour, and not for ever.
_LONGEST_WAIT_S = 3_600.0


def open_sink(table: Table, environ: Mapping[str, str], name: str, events: Collection[Event]) -> Webhook:
    """The receiver that one `[[notify]]` describes.

    Raises:
        ConfigurationError: when a key is wrong, or a variable is not set.
    """
    url = table.address("url").resolve(environ)
    if not is_web_address(url):
        raise table.error("url", "must be an address that begins with http:// or https://")
    secret = table.secret("secret", None)
    key = None if secret is None else secret.resolve(environ)
    return Webhook(name, url, key, timeout_s=table.duration_s("timeout", 5.0), events=events)


class Webhook:
    """One receiver."""

    def __init__(
        self,
        name: str,
        url: str,
        secret: str | None,
        *,
        timeout_s: float,
        events: Collection[Event],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            secret: the key of the signature; None signs nothing.
            timeout_s: for one try, in seconds.
            events: those that it is told of.
            clock: seconds since 1970, for the signature.
        """
        self._name = name
        self._url = url
        self._secret = secret
        self._timeout_s = timeout_s
        self._events = frozenset(events)
        self._clock = clock

    @property
    def name(self) -> str:
        """As deploy.toml calls it."""
        return self._name

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be seen anywhere."""
        return tuple(one for one in (self._url, self._secret) if one)

    def wants(self, event: Event) -> bool:
        """Whether it is to be told of such an event."""
        return event in self._events

    def send(self, document: Mapping[str, Any]) -> Sent:
        """One try."""
        body = encode(document)
        headers = {"Content-Type": "application/json; charset=utf-8", "Migsafe-Event-Id": str(document["id"])}
        if self._secret is not None:
            headers[SIGNATURE] = sign(body, self._secret, at=int(self._clock()))
        try:
            answer = ask(Question(url=self._url, headers=headers, body=body, timeout_s=self._timeout_s, follows=False))
        except WebAwayError as error:
            return Sent(result="retry", why=error.message)
        return _judged(answer, server_of(self._url))


def sign(body: bytes, secret: str, *, at: int) -> str:
    """The signature's header: `t=SECONDS,v1=HEX`, HMAC-SHA256 of `SECONDS.BODY`.

    The time is signed too, so that a receiver can drop what somebody has recorded and sends again.

    Args:
        at: seconds since 1970.
    """
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def _judged(answer: Answer, server: str) -> Sent:
    status = answer.status
    if 200 <= status < 300:
        return DELIVERED
    if 300 <= status < 400:
        return Sent(
            result="refused", why=f"{server} answers {status}: a redirect, which a signed message never follows"
        )
    if status in _LATER or status >= 500:
        return Sent(result="retry", why=f"{server} answers {status}", wait_s=_retry_after(answer))
    return Sent(result="refused", why=f"{server} answers {status}")


def _retry_after(answer: Answer) -> float | None:
    """The seconds that a receiver asks for; its other form, a date, is left to the usual pause."""
    said = answer.headers.get("retry-after", "").strip()
    return min(float(said), _LONGEST_WAIT_S) if said.isascii() and said.isdigit() else None
