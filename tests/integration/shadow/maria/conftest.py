"""A real MariaDB for the tests, where one is installed: one throw-away server for the whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.shadow.account import Account
from migsafe.shadow.maria.programs import find_programs
from migsafe.shadow.maria.server import ThrowawayMaria

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever uses the server, so that `-m "not server"` leaves it out."""
    for item in items:
        if "maria" in getattr(item, "fixturenames", ()) or "maria_installed" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def maria_installed() -> None:
    """Skips where there is nothing to run."""
    pytest.importorskip("pymysql", reason="PyMySQL is not installed")
    try:
        find_programs(Account.current())
    except EnvironmentFailedError as error:
        pytest.skip(error.message)


@pytest.fixture(scope="session")
def maria(maria_installed: None) -> Iterator[ThrowawayMaria]:
    """The server; a test makes nothing outside schemas of its own."""
    with ThrowawayMaria.start() as server:
        yield server
