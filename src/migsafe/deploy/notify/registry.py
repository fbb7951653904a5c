"""The kinds of receivers by their names in deploy.toml; one is imported when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from migsafe.config.nearest import did_you_mean
from migsafe.deploy.notify.message import Event, to_document
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from migsafe.deploy.notify.message import Message
    from migsafe.deploy.notify.sink import Sink
    from migsafe.deploy.redaction import Redaction
    from migsafe.deploy.tables import Table

#: The module of each, which offers `open_sink(table, environ, name, events)`.
SINKS = MappingProxyType({"webhook": "migsafe.deploy.notify.webhook", "apprise": "migsafe.deploy.notify.apprise"})

#: What the outbox has room for.
_LONGEST_NAME = 64
#: An address of nowhere (RFC 2606), for each kind.
_SOMEWHERE = MappingProxyType({"webhook": "https://migsafe.invalid/", "apprise": "json://migsafe.invalid/"})


def open_sinks(tables: Sequence[Table], environ: Mapping[str, str]) -> tuple[Sink, ...]:
    """The receivers of deploy.toml, in their order; nothing is sent yet.

    Args:
        tables: each `[[notify]]`.
        environ: the environment's variables.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong, or a variable is not set.
        EnvironmentFailedError: when a library that one needs is not there.
    """
    return _open_all(tables, lambda _: environ)


def look_at_sinks(tables: Sequence[Table], environ: Mapping[str, str]) -> str | None:
    """Whether the receivers of deploy.toml could be opened where their secrets are.

    Args:
        environ: the environment's variables; what is not set in it counts as set, for a plan is made where secrets are
            not.

    Returns:
        What is missing here, in a sentence: a library that one needs; None where nothing is.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong.
    """
    try:
        _open_all(tables, lambda kind: _AsIfSet(environ, _SOMEWHERE[kind]))
    except EnvironmentFailedError as error:
        return error.message
    return None


def secrets_of(sinks: Sequence[Sink]) -> tuple[str, ...]:
    """What of the receivers must be hidden everywhere: for `Redaction`."""
    return tuple(secret for sink in sinks for secret in sink.secrets)


def address(message: Message, sinks: Iterable[Sink], redaction: Redaction) -> tuple[tuple[str, dict[str, Any]], ...]:
    """What goes into the outbox for a message: for each receiver that wants it, its channel and the document."""
    document = to_document(message, redaction)
    return tuple((sink.name, document) for sink in sinks if sink.wants(message.event))


def _open_all(tables: Sequence[Table], environ_for: Callable[[str], Mapping[str, str]]) -> tuple[Sink, ...]:
    """
    Args:
        environ_for: the variables, for a kind.
    """
    sinks: list[Sink] = []
    for table in tables:
        sink = _open(table, environ_for)
        if sink.name in {other.name for other in sinks}:
            raise table.error("name", f"another one is called {sink.name} already", "give each its own name")
        sinks.append(sink)
    return tuple(sinks)


def _open(table: Table, environ_for: Callable[[str], Mapping[str, str]]) -> Sink:
    kind = table.choice("kind", SINKS)
    name = table.text("name", kind)
    if len(name) > _LONGEST_NAME:
        raise table.error("name", f"longer than {_LONGEST_NAME} characters")
    events = _read_events(table)
    opened = cast(
        "Callable[[Table, Mapping[str, str], str, Collection[Event]], Sink]", import_module(SINKS[kind]).open_sink
    )
    sink = opened(table, environ_for(kind), name, events)
    table.done()
    return sink


class _AsIfSet(Mapping[str, str]):
    """Variables as they are, and something else for each that is not set."""

    def __init__(self, environ: Mapping[str, str], otherwise: str) -> None:
        self._environ = environ
        self._otherwise = otherwise

    def __getitem__(self, name: str) -> str:
        return self._environ.get(name, "").strip() or self._otherwise

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


def _read_events(table: Table) -> tuple[Event, ...]:
    known = [event.value for event in Event]
    said = table.texts("events", tuple(known))
    for word in said:
        if word not in known:
            raise table.error("events", f'"{word}" is no event', did_you_mean(word, known, otherwise=", ".join(known)))
    return tuple(Event(word) for word in said)
