"""`kind = "apprise"`: mail, chat, SMS and a hundred more, through Apprise (`pip install 'migsafe-toolkit[notify]'`).

Keys: `url` (`env:NAME`, or an address without a secret, such as `json://host/`), `events` (all).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from migsafe.deploy.notify.message import plain_text
from migsafe.deploy.notify.sink import DELIVERED, Sent
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from migsafe.deploy.notify.message import Event
    from migsafe.deploy.tables import Table

_BAD = frozenset({"hold", "abort", "rolled-back", "lock-stolen"})
_GOOD = frozenset({"done"})


def open_sink(table: Table, environ: Mapping[str, str], name: str, events: Collection[Event]) -> AppriseSink:
    """The receiver that one `[[notify]]` describes.

    Raises:
        ConfigurationError: when a variable is not set, or Apprise knows no such address.
        EnvironmentFailedError: when Apprise is not installed.
    """
    address = table.address("url")
    url = address.resolve(environ)
    library = _library()
    with _silence():
        receiver = library.Apprise()
        known = receiver.add(url)
    if not known:
        raise table.error("url", "Apprise knows no such address", "its list: https://github.com/caronc/apprise/wiki")
    if address.variable is None and any(_holds_secret(one) for one in receiver):
        raise table.error("url", "it holds a token or a password, and the file is committed", "url = env:NAME")
    return AppriseSink(name, url, receiver, events)


class AppriseSink:
    """One receiver of Apprise. It sees all failures alike, so each is tried again."""

    def __init__(self, name: str, url: str, receiver: Any, events: Collection[Event]) -> None:
        self._name = name
        self._url = url
        self._receiver = receiver
        self._events = frozenset(events)

    @property
    def name(self) -> str:
        """As deploy.toml calls it."""
        return self._name

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be seen anywhere."""
        return (self._url,)

    def wants(self, event: Event) -> bool:
        """Whether it is to be told of such an event."""
        return event in self._events

    def send(self, document: Mapping[str, Any]) -> Sent:
        """One try; Apprise's own timeouts are 4 seconds to connect and 4 to read."""
        title = f"migsafe: {document['event']} in {document['environment']}"
        try:
            with _silence():
                done = self._receiver.notify(
                    title=title, body=plain_text(document), notify_type=_kind(document["event"])
                )
        except Exception as error:  # a plugin of somebody else's, of which there are a hundred
            return Sent(result="retry", why=f"Apprise failed: {type(error).__name__}")
        return DELIVERED if done else Sent(result="retry", why="Apprise could not deliver it")


def _holds_secret(service: Any) -> bool:
    """Whether a part of an address is one that Apprise itself hides where it shows addresses."""
    return bool(service.url(privacy=True) != service.url(privacy=False))


def _kind(event: str) -> str:
    return "failure" if event in _BAD else "success" if event in _GOOD else "info"


def _library() -> Any:
    try:
        import apprise
    except ImportError:
        raise EnvironmentFailedError(
            "Apprise is not installed, and deploy.toml has a [[notify]] of its kind",
            hint="pip install 'migsafe-toolkit[notify]', or use kind = \"webhook\"",
        ) from None
    return apprise


@contextmanager
def _silence() -> Iterator[None]:
    """Without Apprise's own log lines, which may hold addresses with their tokens."""
    logger = logging.getLogger("apprise")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
