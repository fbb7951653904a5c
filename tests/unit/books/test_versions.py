"""How each tool calls a migration in its table."""

from __future__ import annotations

import pytest

from migsafe.books.dbmate import DbmateBook
from migsafe.books.diesel import DieselBook
from migsafe.books.goose import GooseBook
from migsafe.books.pop import PopBook
from migsafe.model.script import Migration


@pytest.mark.parametrize(
    ("book", "migration", "version"),
    [
        (DbmateBook, "20260101090000_users", "20260101090000"),
        (DbmateBook, "001-users", "001"),
        (DieselBook, "2026-01-01-090000_users", "20260101090000"),
        (DieselBook, "2026-01-01-090000-0000_users_and_orders", "202601010900000000"),
        (GooseBook, "00010_items", "10"),
        (GooseBook, "0_nothing", "0"),
        (PopBook, "20260101090000000001_users_email", "20260101090000000001"),
    ],
)
def test_versions(book: type[DbmateBook], migration: str, version: str) -> None:
    assert book.version_of(Migration(migration, f"{migration}.sql")) == version
