"""Databases with rows and a tracker, made once for each script and copied for each test."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from backfill_sites import Field, field_at
from migsafe.postgres.connection import connect
from tracker_books import Book

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.shadow.server import ThrowawayServer

    MakeField = Callable[[str], Field]

_numbers = count()


@pytest.fixture(scope="session")
def book_template(postgres_server: ThrowawayServer) -> Callable[[str], str]:
    """Names a template database for a setup script, with a tracker beside its tables."""
    names: dict[str, str] = {}

    def template(setup: str) -> str:
        if setup not in names:
            name = f"backfill_template_{next(_numbers)}"
            dsn = postgres_server.create_database(name)
            with connect(dsn, autocommit=True) as session:
                session.execute(setup)
            Book("env:T", environ={"T": dsn}).furnish()
            names[setup] = name
        return names[setup]

    return template


@pytest.fixture
def make_field(postgres_server: ThrowawayServer, book_template: Callable[[str], str]) -> Iterator[MakeField]:
    """Makes a database with the tracker in it."""
    made: list[str] = []

    def make(setup: str) -> Field:
        made.append(f"backfill_{next(_numbers)}")
        dsn = postgres_server.create_database(made[-1], book_template(setup))
        with connect(dsn, autocommit=True) as session:  # a copy is another database, and this one is meant
            session.query(
                "update migsafe.migsafe_meta set v = split_part(v, '/', 1) || '/' || current_database()"
                " where k = 'identity' returning v"
            )
        return field_at(dsn)

    yield make
    for name in made:
        postgres_server.drop_database(name)
