"""How the driver spells an address, and what it takes from errors; the rest of it needs a server."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from sqlalchemy import make_url

from migsafe.sources.alembic import driver

SOCKET = {"host": "/run/my sockets", "port": "5432", "user": "postgres", "password": "", "dbname": "migsafe_0"}
HOST = {
    "host": "db.example.org",
    "port": "6543",
    "user": "a/b",
    "password": "p@:%",
    "dbname": "x y",
    "sslmode": "require",
}


@pytest.mark.parametrize("name", ["psycopg", "psycopg2", "asyncpg"])
def test_a_socket_stands_in_the_query(name: str) -> None:
    url = make_url(driver._spelt(name, SOCKET))
    assert (url.drivername, url.host, url.username, url.password) == (f"postgresql+{name}", None, "postgres", None)
    assert url.database == "migsafe_0"
    assert url.query == {"host": "/run/my sockets", "port": "5432"}


def test_pg8000_names_the_socket_s_file() -> None:
    assert make_url(driver._spelt("pg8000", SOCKET)).query == {"unix_sock": "/run/my sockets/.s.PGSQL.5432"}


def test_every_part_of_an_address_is_quoted() -> None:
    url = make_url(driver._spelt("psycopg", HOST))
    assert (url.username, url.password, url.host, url.port, url.database) == (
        "a/b",
        "p@:%",
        "db.example.org",
        6543,
        "x y",
    )
    assert url.query == {"sslmode": "require"}
    assert not make_url(driver._spelt("asyncpg", HOST)).query


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+asyncpg://x/y", "asyncpg"),
        ("postgresql+psycopg_async://x/y", "psycopg"),
        ("sqlite:///x.db", None),
        ("mysql+pymysql://x/y", None),
        (None, None),
        ("", None),
    ],
)
def test_the_driver_that_a_url_names(url: str | None, expected: str | None) -> None:
    assert driver._driver_of(url) == expected


def test_a_url_without_a_driver_means_sqlalchemy_s_own() -> None:
    assert driver._driver_of("postgresql://x/y") in {"psycopg", "psycopg2"}


def test_the_environment_names_no_other_database(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGSERVICE", "PGPASSWORD", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "SHOP_URL"):
        monkeypatch.setenv(name, "elsewhere")
    driver._announce(["SHOP_URL"], SOCKET, "postgresql://here")
    assert {name: value for name, value in os.environ.items() if value == "elsewhere"} == {}
    assert (os.environ["PGHOST"], os.environ["SHOP_URL"]) == ("/run/my sockets", "postgresql://here")
    assert "PGPASSWORD" not in os.environ


def test_the_server_s_words_are_found_in_each_driver_s_errors() -> None:
    assert driver._said_by_server(SimpleNamespace(diag=SimpleNamespace(message_primary="no table"))) == "no table"
    assert driver._said_by_server(Exception({"C": "42P01", "M": "no table"})) == "no table"
    assert driver._said_by_server(Exception("<class 'asyncpg.X'>: no table\nHINT: …")) == "no table"


def test_of_an_error_the_first_line_is_said() -> None:
    assert driver._last_line(KeyError("X")) == "KeyError: 'X'"
    assert driver._last_line(ValueError("one\ntwo")) == "ValueError: one"
