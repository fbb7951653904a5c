"""The keys of [provider]."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migsafe.deploy.probes import Probes
from migsafe.deploy.providers.context import ProviderContext
from migsafe.deploy.providers.local.settings import is_address, is_plain_path, read_settings
from migsafe.deploy.tables import Table
from migsafe.deploy.words import Strategy
from migsafe.errors import ConfigurationError

_LEAST = {"listen": "127.0.0.1:8080", "command": ["./serve", "{port}", "{version}"]}


def _context(readiness: str = "/readyz") -> ProviderContext:
    return ProviderContext(
        folder=Path("project"),
        environment="staging",
        strategy=Strategy.ROLLING,
        probes=Probes(readiness=readiness, liveness="/livez"),
        state=Path("state"),
        environ={"PATH": "/bin", "MODE": "plain"},
    )


def _refusal(said: dict[str, Any], readiness: str = "/readyz") -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(Table.of(said), _context(readiness))
    return caught.value.message


def test_the_least() -> None:
    settings = read_settings(Table.of(_LEAST), _context())
    assert settings.address == ("127.0.0.1", 8080)
    assert (settings.replicas, settings.folder, settings.haproxy) == (1, Path("state"), None)
    assert (settings.start_s, settings.drain_s, settings.grace_s) == (60, 10, 10)
    assert (settings.strategy, settings.readiness) == (Strategy.ROLLING, "/readyz")


def test_all_of_it() -> None:
    more = {"replicas": 3, "folder": "/srv/engine", "haproxy": "/opt/haproxy", "start": "2min", "drain": "0s"}
    settings = read_settings(Table.of({**_LEAST, **more, "grace": "1s", "env": {"MODE": "loud", "N": 3}}), _context())
    assert (settings.replicas, settings.folder, settings.haproxy) == (3, Path("/srv/engine"), Path("/opt/haproxy"))
    assert (settings.start_s, settings.drain_s, settings.grace_s) == (120, 0, 1)
    assert settings.environ == {"PATH": "/bin", "MODE": "loud", "N": "3"}


def test_port_and_version_are_filled_in_once() -> None:
    said = {**_LEAST, "command": ["./serve", "--port={port}", "{x}"], "env": {"RELEASE": "r-{version}"}}
    settings = read_settings(Table.of(said), _context())
    assert settings.command_for("{port}", 8001) == ("./serve", "--port=8001", "{x}")
    assert settings.environ_for("{port}", 8001)["RELEASE"] == "r-{port}", "a version's name is no pattern"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"listen": "8080"}, '"8080" must be a host and a port'),
        ({"listen": "127.0.0.1:99999"}, "must be a host and a port"),
        ({"listen": "127.0.0.1:80\n  stats enable"}, "must be a host and a port"),
        ({"command": ["./serve", "{version}"]}, "no instance is told its port"),
        ({"command": ["./serve", "{port}"]}, "every version would start the same program"),
        ({"replicas": 0}, "replicas"),
        ({"replicas": 33}, "replicas"),
        ({"replica": 2}, "no such key"),
        ({"drain": 5}, "drain"),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, Any], message: str) -> None:
    assert message in _refusal({**_LEAST, **changed})


def test_a_probe_that_is_no_path_is_refused() -> None:
    assert 'HAProxy cannot be told to ask for "/a\' b", the readiness of [probes]' in _refusal(_LEAST, "/a' b")


@pytest.mark.parametrize("text", ["127.0.0.1:1", "[::1]:8080", "localhost:65535", "shop.example.org:80"])
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text", ["", ":80", "host", "host:", "host:0", "host:65536", "a b:80", "host:80 ", "host:80\n"]
)
def test_no_addresses(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize("text", ["/", "/readyz", "/a/b?c=d&e=%20", "/~x"])
def test_paths(text: str) -> None:
    assert is_plain_path(text)


@pytest.mark.parametrize("text", ["", "readyz", "/a b", "/a'", '/"', "/a\n", "/#", "/\\", "http://x/"])
def test_no_paths(text: str) -> None:
    assert not is_plain_path(text)
