"""Addresses as people say them."""

from __future__ import annotations

import pytest

from migsafe.errors import ExitCode, UsageError
from migsafe.postgres.address import names_database, on_database, resolve_address, spell_database

SECRET = "hunter2"


def resolve(text: str, **environ: str) -> str:
    return resolve_address(text, option="--url", environ=environ)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("shop", "service=shop"),
        ("shop-prod.eu", "service=shop-prod.eu"),
        ("postgresql://app@db:5433/shop", "postgresql://app@db:5433/shop"),
        ("postgres://db/shop", "postgresql://db/shop"),
        ("postgresql+psycopg://app@db/shop", "postgresql://app@db/shop"),
        ("  postgresql:///shop ", "postgresql:///shop"),
        ("host=db dbname=shop", "host=db dbname=shop"),
        ("postgresql:///shop?host=/var/run/postgresql", "postgresql:///shop?host=/var/run/postgresql"),
    ],
)
def test_what_is_said_and_meant(said: str, meant: str) -> None:
    assert resolve(said) == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (f"postgresql+asyncpg://app:{SECRET}@db/shop", f"postgresql://app:{SECRET}@db/shop"),
        ("shop", "service=shop"),
    ],
)
def test_a_variable_may_hold_a_password(value: str, meant: str) -> None:
    assert resolve("env:DATABASE_URL", DATABASE_URL=value) == meant


@pytest.mark.parametrize(
    "said",
    [
        f"postgresql://app:{SECRET}@db/shop",
        f"postgres+psycopg2://app:{SECRET}@db/shop",
        f"postgresql://db/shop?password={SECRET}",
        f"host=db password={SECRET}",
        f"host=db password='{SECRET}'",
        f"host=db sslpassword={SECRET}",
        f"postgresql://app:{SECRET}@@db/shop",
        f"mysql://app:{SECRET}@db/shop",
        f"postgresql://app:{SECRET}%zz@db/shop",
        f"host=db pasword={SECRET}",
    ],
)
def test_a_password_is_refused_and_never_repeated(said: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(said)
    assert SECRET not in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_variable_that_holds_nonsense_is_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        resolve("env:DB", DB=f"postgresql://app:{SECRET}%zz@db/shop")
    assert SECRET not in f"{caught.value.message} {caught.value.hint}"
    assert "DB" in caught.value.message


@pytest.mark.parametrize("said", ["env:DB", "env:", "env:EMPTY"])
def test_a_variable_that_is_not_set(said: str) -> None:
    with pytest.raises(UsageError, match="not set"):
        resolve(said, EMPTY=" ")


def test_another_database_is_named() -> None:
    with pytest.raises(UsageError, match="of mysql, not of Postgres"):
        resolve("env:DB", DB="mysql://db/shop")


def test_the_same_server_with_another_database() -> None:
    dsn = on_database(f"postgresql://app:{SECRET}@db:5433/shop?sslmode=require", "other")
    assert spell_database(dsn) == "other on db"
    assert "sslmode=require" in dsn
    assert "port=5433" in dsn


@pytest.mark.parametrize(
    ("dsn", "names"),
    [("host=db", False), ("service=x", True), ("postgresql://db/shop", True), ("postgresql://db", False)],
)
def test_whether_an_address_names_a_database(dsn: str, names: bool) -> None:
    assert names_database(dsn) is names


@pytest.mark.parametrize(
    ("dsn", "spelt"),
    [
        (f"postgresql://app:{SECRET}@db.example.org:5433/shop", "shop on db.example.org"),
        ("host=/var/run/postgresql dbname=shop", "shop"),
        ("service=shop", "the service shop"),
        ("service=shop dbname=other", "other"),
        ("host=db", "the database on db"),
    ],
)
def test_a_database_for_people(dsn: str, spelt: str) -> None:
    assert spell_database(dsn) == spelt
