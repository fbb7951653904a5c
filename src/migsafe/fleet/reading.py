"""A fleet's file.

    url = "env:TENANT_URL"            # its value has {target}: postgresql://app@db.example.org/{target}

    [[ring]]
    name = "first"
    targets = ["tenant_001"]

    [[ring]]
    name = "large"
    targets = [{name = "acme", url = "env:ACME_URL"}]

    [[ring]]
    name = "everybody"
    concurrency = 8
    query = "select name from tenants where active order by name"
    at = "env:DIRECTORY_URL"

What a query names and an earlier ring has already is left out there.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any

from migsafe.config.nearest import did_you_mean
from migsafe.errors import ConfigurationError, PathNotFoundError
from migsafe.fleet.directory import ask_directory
from migsafe.fleet.roster import FleetTarget, Ring, Roster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    #: Takes an address and a query, and gives names.
    Ask = Callable[[str, str, str], tuple[str, ...]]

_TOP, _TARGET = ("url", "ring"), ("name", "url")
_RING = ("name", "concurrency", "url", "targets", "query", "at")
_MOST = 64
#: So long is a name in the tracker.
_LONGEST = 128


def read_roster(path: Path, *, ask: Ask = ask_directory) -> Roster:
    """Read a fleet's file, and ask the databases that it takes names from.

    Args:
        ask: gives the names that a query finds at an address; its third argument is the place in the file.

    Raises:
        PathNotFoundError: when there is none.
        ConfigurationError: when it says something that cannot be, with its place.
        EnvironmentFailedError: when a database that has names cannot be asked.
    """
    table = _read(path)
    _refuse_unknown(table, _TOP, str(path))
    rings = table.get("ring", [])
    if not isinstance(rings, list) or not rings:
        raise ConfigurationError(f"{path} has no ring", hint='[[ring]] with name = "…" and targets = ["…"]')
    read: list[Ring] = []
    for place, one in enumerate(rings, start=1):
        taken = frozenset(target.name for ring in read for target in ring.targets)
        read.append(_ring(one, table.get("url"), f"{path}: ring {place}", taken, ask))
    _refuse_twice((ring.name for ring in read), f"{path}: two rings are called")
    _refuse_twice((target.name for ring in read for target in ring.targets), f"{path}: two databases are called")
    return Roster(tuple(read))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PathNotFoundError(f"{path} does not exist") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None


def _ring(value: Any, url: Any, where: str, taken: frozenset[str], ask: Ask) -> Ring:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where} is no table", hint="[[ring]]")
    _refuse_unknown(value, _RING, where)
    name = _text(value.get("name"), f"{where}: name")
    where = f"{where} ({name})"
    concurrency = value.get("concurrency", 1)
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or not 1 <= concurrency <= _MOST:
        raise ConfigurationError(f"{where}: concurrency is {concurrency!r}; it is a number from 1 to {_MOST}")
    url = value.get("url", url)
    targets = _queried(value, url, where, taken, ask) if "query" in value else _listed(value, url, where)
    return Ring(name, targets, concurrency)


def _listed(value: Mapping[str, Any], url: Any, where: str) -> tuple[FleetTarget, ...]:
    if "at" in value:
        raise ConfigurationError(f"{where}: at says where a query is asked, and there is no query")
    targets = value.get("targets")
    if not isinstance(targets, list) or not targets:
        raise ConfigurationError(f"{where} has no targets", hint='targets = ["…"], or query = "…" and at = "…"')
    return tuple(_target(one, url, where) for one in targets)


def _queried(
    value: Mapping[str, Any], url: Any, where: str, taken: frozenset[str], ask: Ask
) -> tuple[FleetTarget, ...]:
    if "targets" in value:
        raise ConfigurationError(f"{where} has targets and a query", hint="make two rings of it")
    query, at = _text(value["query"], f"{where}: query"), _text(value.get("at"), f"{where}: at")
    names = ask(at, query, where)
    return tuple(_target(name, url, where) for name in names if name not in taken)


def _target(value: Any, url: Any, where: str) -> FleetTarget:
    if isinstance(value, dict):
        _refuse_unknown(value, _TARGET, where)
        url, value = value.get("url", url), value.get("name")
    name = _text(value, f"{where}: the name of a database")
    if len(name) > _LONGEST:
        raise ConfigurationError(f"{where}: the name {name[:20]}… has more than {_LONGEST} characters")
    return FleetTarget(name, _text(url, f"{where}: the url of {name}"))


def _text(value: Any, what: str) -> str:
    if value is None:
        raise ConfigurationError(f"{what} is missing")
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{what} is {value!r}; it is a text")
    return value.strip()


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigurationError(f'{where}: unknown key "{key}"', hint=did_you_mean(key, known))


def _refuse_twice(names: Iterable[str], words: str) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ConfigurationError(f"{words} {name}")
