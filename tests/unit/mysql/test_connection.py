from __future__ import annotations

import sys

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.mysql.address import Address
from migsafe.mysql.connection import connect, parse_version, quote_identifier


@pytest.mark.parametrize(
    ("text", "product", "version"),
    [
        ("8.0.36", "MySQL", "8.0.36"),
        ("8.4.0-commercial", "MySQL", "8.4.0"),
        ("10.11.6-MariaDB-1:10.11.6+maria~deb12", "MariaDB", "10.11.6"),
        ("5.5.5-10.5.4-MariaDB", "MariaDB", "10.5.4"),
        ("?", "MySQL", "0.0.0"),
    ],
)
def test_servers_say_their_version(text: str, product: str, version: str) -> None:
    found = parse_version(text)
    assert (found.product, str(found)) == (product, version)


def test_identifiers_cannot_end_their_quotes() -> None:
    assert quote_identifier("a`b") == "`a``b`"


def test_a_missing_driver_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(EnvironmentFailedError) as raised:
        connect(Address("ann"))
    assert raised.value.message.startswith("PyMySQL is not installed")
    assert raised.value.hint == "pip install 'migsafe-toolkit[mysql]'"


def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    pytest.importorskip("pymysql")
    with pytest.raises(EnvironmentFailedError) as raised:
        connect(Address("ann", "127.0.0.1", port=1, password="secret"))
    assert raised.value.message.startswith("cannot connect to MySQL")
    assert "secret" not in raised.value.message
