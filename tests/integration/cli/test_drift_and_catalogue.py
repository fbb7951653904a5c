"""The two commands on a real database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.cli.main import run
from migsafe.postgres.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.shadow.server import ThrowawayServer

MIGRATIONS = Path(__file__).parents[3] / "fixtures" / "drift" / "migrations"


@pytest.fixture
def shop(make_database: Callable[[str], str], postgres_server: ThrowawayServer, monkeypatch: pytest.MonkeyPatch) -> str:
    dsn = make_database("\n".join(file.read_text() for file in sorted(MIGRATIONS.iterdir())))
    monkeypatch.setenv("DB", dsn)
    monkeypatch.setenv("MIGSAFE_SHADOW_URL", "env:SHADOW")
    monkeypatch.setenv("SHADOW", postgres_server.dsn())
    return dsn


@pytest.mark.usefixtures("shop")
def test_no_drift(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drift", str(MIGRATIONS), "--url", "env:DB", "--min-severity", "info"]) == 0
    assert capsys.readouterr().out.startswith("no drift between")


def test_drift(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    with connect(shop, autocommit=True) as session:
        session.execute("DROP INDEX users_org_id_idx; ALTER TABLE users ALTER email DROP NOT NULL")
    assert run(["drift", str(MIGRATIONS), "--url", "env:DB", "--quiet"]) == 1
    assert (
        capsys.readouterr()
        .out.splitlines()[0]
        .endswith("it is nullable in " + _name(shop) + ", and NOT NULL by the migrations")
    )


def test_a_database_and_models_in_one_report(
    shop: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(MIGRATIONS.parent)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    with connect(shop, autocommit=True) as session:
        session.execute("DROP VIEW big_orders")
    assert run(["drift", str(MIGRATIONS), "--url", "env:DB", "--models", "shop_models:Base"]) == 1
    out = capsys.readouterr().out
    assert f"view public.big_orders is not in {_name(shop)}" in out
    assert f"and shop_models:Base and {_name(shop)} (" in out


def test_a_throw_away_server_is_started_where_none_is_given(
    shop: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MIGSAFE_SHADOW_URL")
    assert run(["drift", str(MIGRATIONS), "--url", "env:DB"]) == 0
    assert "migrations applied to Postgres" in capsys.readouterr().out


@pytest.mark.usefixtures("shop")
def test_the_list_of_a_database_is_that_of_its_migrations_but_for_expressions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["catalogue", str(MIGRATIONS)]) == 0
    replayed = capsys.readouterr().out.splitlines()
    assert run(["catalogue", "--url", "env:DB"]) == 0
    real = capsys.readouterr().out.splitlines()
    assert len(real) == len(replayed)
    differing = [(one.strip(), other.strip()) for one, other in zip(replayed, real, strict=True) if one != other]
    assert differing == [
        (
            "constraint orders_total_check check (total >= 0)",
            "constraint orders_total_check check (total >= (0)::numeric)",
        ),
        (
            "column role public.role not null default 'reader'",
            "column role public.role not null default 'reader'::role",
        ),
    ]


def _name(dsn: str) -> str:
    return dsn.partition("dbname=")[2].split()[0]
