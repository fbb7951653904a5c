from __future__ import annotations

import pytest

from migsafe.errors import UsageError
from migsafe.mysql.address import Address, is_mysql, resolve_address


def test_an_address_says_account_and_server() -> None:
    found = resolve_address("mysql://ann%40x@db.example.org:3307", option="--shadow-url", environ={})
    assert found == Address("ann@x", "db.example.org", 3307)


def test_a_socket_and_certificates_are_parameters() -> None:
    text = "mariadb+pymysql://ann@/?unix_socket=/run/my.sock&ssl_ca=/etc/ca.pem"
    found = resolve_address(text, option="--shadow-url", environ={})
    assert (found.socket, found.ssl_ca, found.host) == ("/run/my.sock", "/etc/ca.pem", "localhost")


def test_a_password_comes_from_a_variable_and_is_not_shown() -> None:
    environ = {"DB": "mysql://ann:s%3Ccret@h", "MYSQL_PWD": "other"}
    found = resolve_address("env:DB", option="--shadow-url", environ=environ)
    assert found.password == "s<cret"
    assert "s<cret" not in repr(found)
    assert resolve_address("mysql://ann@h", option="--shadow-url", environ=environ).password == "other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mysql://ann:secret@h", "--shadow-url holds a password"),
        ("postgresql://ann@h", "--shadow-url is no address of MySQL or MariaDB"),
        ("localhost", "--shadow-url is no address of MySQL or MariaDB"),
        ("mysql://h/shop", "--shadow-url names no user"),
        ("mysql://ann@h:many", "--shadow-url is no address of a database"),
        ("mysql://ann@h?pool=3", "--shadow-url has the parameter pool"),
        ("env:NONE", "the environment variable NONE is not set"),
        ("env:", "the environment variable without a name is not set"),
        ("env:PG", "--shadow-url: the variable PG is no address"),
    ],
)
def test_what_cannot_be_used_is_refused_without_its_password(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        resolve_address(text, option="--shadow-url", environ={"PG": "postgresql://ann:secret@h"})
    assert message in raised.value.message
    assert "secret" not in f"{raised.value.message} {raised.value.hint}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mysql://a@b", True),
        ("MariaDB+x://a@b", True),
        ("postgresql://a@b", False),
        ("mysql.example.org", False),
        ("shop", False),
    ],
)
def test_addresses_of_mysql_are_known(text: str, expected: bool) -> None:
    assert is_mysql(text) is expected
