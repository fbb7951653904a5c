"""haproxy.cfg."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migsafe.deploy.providers.local.configuration import ServerLine, configuration, shape
from migsafe.deploy.providers.local.settings import LocalSettings

_GOLDEN = Path(__file__).parents[5] / "fixtures" / "deploy" / "local" / "haproxy.cfg"
_SETTINGS = LocalSettings(
    listen="127.0.0.1:8080",
    command=("./serve", "--port", "{port}", "--version", "{version}"),
    folder=Path("engine"),
    readiness="/readyz?deep=1",
    directory=Path(),
)
_SERVERS = [
    ServerLine(name="blue-1", port=20001, weight=19),
    ServerLine(name="blue-2", port=20002, weight=19),
    ServerLine(name="green-1", port=20003, weight=1),
    ServerLine(name="green-2"),
]


def test_the_configuration(update: bool) -> None:
    text = configuration(_SETTINGS, _SERVERS)
    if update:
        _GOLDEN.write_text(text)
    assert text == _GOLDEN.read_text()


def test_weights_and_ports_are_no_part_of_its_shape() -> None:
    moved = [replace(one, port=30000, weight=7) for one in _SERVERS]
    assert shape(_SETTINGS, moved) == shape(_SETTINGS, _SERVERS)


@pytest.mark.parametrize(
    "changed",
    [
        replace(_SETTINGS, listen="127.0.0.1:8081"),
        replace(_SETTINGS, readiness="/ready"),
        replace(_SETTINGS, drain_s=5),
    ],
)
def test_what_cannot_be_changed_while_it_runs_is(changed: LocalSettings) -> None:
    assert shape(changed, _SERVERS) != shape(_SETTINGS, _SERVERS)


def test_another_number_of_servers_is_another_shape() -> None:
    assert shape(_SETTINGS, _SERVERS[:2]) != shape(_SETTINGS, _SERVERS)
