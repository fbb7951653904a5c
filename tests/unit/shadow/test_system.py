"""Postgres' programs of an operating system, played by scripts that say a version."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from migsafe.shadow import system
from migsafe.shadow.account import Account

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs are played by shell scripts")


@pytest.fixture
def account() -> Account:
    return Account(uid=0, gid=0, switched=False)


@pytest.fixture(autouse=True)
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of one folder, in which nothing is."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, version: str, *, initdb: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program(folder / "postgres", f"postgres (PostgreSQL) {version}")
    if initdb:
        program(folder / "initdb", "initdb")
    return folder


def program(path: Path, says: str) -> None:
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


def versions(account: Account, root: Path) -> list[str]:
    return [binaries.version for binaries in system.system_binaries(account, root)]


def test_the_newest_comes_first_wherever_it_is(account: Account, tmp_path: Path) -> None:
    install(tmp_path / "usr/lib/postgresql/9.6/bin", "9.6.24")
    install(tmp_path / "usr/lib/postgresql/15/bin", "15.18")
    install(tmp_path / "usr/pgsql-17/bin", "17.11")
    install(tmp_path / "opt/homebrew/opt/postgresql@16/bin", "16.15")
    assert versions(account, tmp_path) == ["17.11", "16.15", "15.18"]


def test_what_cannot_be_used_hides_nothing(account: Account, tmp_path: Path) -> None:
    install(tmp_path / "usr/lib/postgresql/18/bin", "18.6", initdb=False)
    install(tmp_path / "usr/lib/postgresql/17/bin", "not to be read")
    install(tmp_path / "usr/lib/postgresql/16/bin", "16.15")
    assert versions(account, tmp_path) == ["16.15"]


def test_programs_on_path_and_of_pg_config_come_last_and_once(
    account: Account, tmp_path: Path, empty_path: Path
) -> None:
    install(tmp_path / "usr/lib/postgresql/15/bin", "15.18")
    elsewhere = install(tmp_path / "opt/postgres/bin", "18.6")
    (empty_path / "postgres").symlink_to(elsewhere / "postgres")
    program(empty_path / "pg_config", str(elsewhere))
    assert versions(account, tmp_path) == ["15.18", "18.6"]


def test_a_pg_config_that_fails(account: Account, tmp_path: Path, empty_path: Path) -> None:
    (empty_path / "pg_config").write_text("#!/bin/sh\nexit 1\n")
    (empty_path / "pg_config").chmod(0o755)
    assert versions(account, tmp_path) == []


def test_nothing_is_found_where_nothing_is(account: Account, tmp_path: Path) -> None:
    assert versions(account, tmp_path) == []
