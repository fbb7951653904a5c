"""A real Postgres for the tests: one throw-away server for the whole run, a fresh database for each test."""

from __future__ import annotations

import sys
from itertools import count
from typing import TYPE_CHECKING

import pytest

from migsafe.shadow.server import ThrowawayServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    MakeDatabase = Callable[[str], str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever uses the server, so that `-m "not server"` leaves it out."""
    for item in items:
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[ThrowawayServer]:
    """The server; one for all tests, so a test makes nothing outside a database of its own."""
    if sys.platform == "win32":
        pytest.skip("the throw-away Postgres listens on a Unix socket, which this platform's build does not have")
    with ThrowawayServer.start() as server:
        yield server


@pytest.fixture(scope="session")
def template_of(postgres_server: ThrowawayServer) -> Callable[[str], str]:
    """Names a template database for a setup script; each script runs once."""
    names: dict[str, str] = {}

    def template(setup_sql: str) -> str:
        if setup_sql not in names:
            name = f"template_{next(_numbers)}"
            postgres_server.create_database(name)
            with postgres_server.connect(name) as session:
                session.execute(setup_sql)
            names[setup_sql] = name
        return names[setup_sql]

    return template


@pytest.fixture
def make_database(postgres_server: ThrowawayServer, template_of: Callable[[str], str]) -> Iterator[MakeDatabase]:
    """Makes fresh databases, as often as a test asks: takes a setup script, gives a connection string."""
    made: list[str] = []

    def make(setup_sql: str = "") -> str:
        made.append(f"test_{next(_numbers)}")
        return postgres_server.create_database(made[-1], template_of(setup_sql) if setup_sql else None)

    yield make
    for name in made:
        postgres_server.drop_database(name)


@pytest.fixture
def database(make_database: MakeDatabase) -> str:
    """The connection string of a fresh, empty database."""
    return make_database("")


_numbers = count()
