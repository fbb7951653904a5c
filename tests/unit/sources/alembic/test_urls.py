"""Databases in URLs."""

from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.sources.alembic.urls import dialect_of_url


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("postgresql://localhost/a", Dialect.POSTGRES),
        ("postgres://localhost/a", Dialect.POSTGRES),
        ("postgresql+psycopg2://%(USER)s:%(PASSWORD)s@localhost/a", Dialect.POSTGRES),
        ("cockroachdb://localhost/a", Dialect.POSTGRES),
        ("mysql+pymysql://localhost/a", Dialect.MYSQL),
        ("mariadb://localhost/a", Dialect.MYSQL),
        ("sqlite:///a.db", Dialect.SQLITE),
        ('"sqlite://"', Dialect.SQLITE),
        ("driver://user:pass@localhost/dbname", None),
        ("oracle://localhost/a", None),
        ("{db_url}", None),
        ("%(url)s", None),
        ('""', None),
        ("", None),
        (None, None),
        ("env:postgresql", None),
    ],
)
def test_the_scheme_says_the_database(url: str | None, dialect: Dialect | None) -> None:
    assert dialect_of_url(url) is dialect
