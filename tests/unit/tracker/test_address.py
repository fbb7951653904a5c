"""Where a tracker may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.errors import UsageError
from migsafe.tracker.address import read_address

SECRET = "postgresql://app:s3cret@db.example.org/shop"


@pytest.mark.parametrize(
    ("said", "file"),
    [
        ("sqlite:migsafe/tracker.db", "migsafe/tracker.db"),
        ("sqlite:///migsafe/tracker.db", "migsafe/tracker.db"),
        ("sqlite:////srv/tracker", "/srv/tracker"),
        ("tracker.sqlite", "tracker.sqlite"),
        (" a/b.db ", "a/b.db"),
    ],
)
def test_files(said: str, file: str) -> None:
    assert read_address(said).file == Path(file)


@pytest.mark.parametrize(
    ("said", "dsn"),
    [
        ("tracker", "service=tracker"),
        ("postgresql+psycopg://app@db/shop", "postgresql://app@db/shop"),
        ("host=/run dbname=x.db", "host=/run dbname=x.db"),
    ],
)
def test_postgres(said: str, dsn: str) -> None:
    assert (read_address(said).dsn, read_address(said).file) == (dsn, None)


def test_a_variable_may_name_either() -> None:
    environ = {"A": "sqlite:x.db", "B": SECRET}
    assert read_address("env:A", environ=environ).file == Path("x.db")
    address = read_address("env:B", environ=environ)
    assert address.dsn == SECRET
    assert (address.shown, address.said) == ("shop on db.example.org", "env:B")


@pytest.mark.parametrize("said", [SECRET, "env:NOBODY", "mysql://db/shop", "sqlite:", "sqlite::memory:"])
def test_refusals(said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_address(said, environ={})
    assert "s3cret" not in f"{refused.value.message}{refused.value.hint}"
