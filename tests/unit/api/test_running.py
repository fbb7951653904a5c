"""What is refused before a database is asked; on a server, the commands go the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe import api
from migsafe.config import Config, load_config
from migsafe.errors import (
    ConfigurationError,
    EnvironmentFailedError,
    NoMigrationsError,
    PathNotFoundError,
    UsageError,
)
from migsafe.model.phase import Phase
from migsafe.tracker.errors import UnknownNameError
from run_shops import SHOP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHERE = api.Where(environment="production")
#: The file of a fleet whose databases are not there.
FLEET = 'url = "env:TENANT"\n[[ring]]\nname = "first"\ntargets = ["a", "b"]\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One without migrations; `env:GONE` is a database that is not there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GONE", "host=/nowhere dbname=gone")
    monkeypatch.setenv("TENANT", "host=/nowhere dbname={target}")
    return tmp_path


@pytest.fixture
def shop(folder: Path) -> Config:
    """A project with migrations, and its tracker in a file."""
    config = load_config(start=SHOP, options={"paths": (str(SHOP),), "tracker": f"sqlite:{folder}/tracker.db"})
    api.tracker_upgrade(config)
    return config


def options(phase: Phase | None = Phase.EXPAND) -> api.RunOptions:
    return api.RunOptions(phase=phase, release="1.0", url="env:GONE", where=WHERE)


def step(name: str) -> api.RepairOptions:
    return api.RepairOptions(step=name, url="env:GONE", where=WHERE, reason="a test")


CALLS = [
    lambda config: api.run_phase(options(), config),
    lambda config: api.rehearse_phase(options(), config),
    lambda config: api.repair_step(step("00003_note"), config),
]


@pytest.mark.parametrize("call", CALLS)
def test_without_migrations_nothing_is_run(call: Callable[[Config], object], folder: Path) -> None:
    with pytest.raises(NoMigrationsError):
        call(Config(paths=(str(folder),)))


@pytest.mark.parametrize("call", CALLS)
def test_a_database_that_is_away_ends_it(call: Callable[[Config], object], shop: Config) -> None:
    with pytest.raises(EnvironmentFailedError):
        call(shop)


def test_what_is_not_here_is_not_repaired(shop: Config) -> None:
    with pytest.raises(UnknownNameError, match='no migration "00009_nothing"'):
        api.repair_step(step("00009_nothing"), shop)


def test_a_fleet_is_read_and_its_rings_are_its_own(folder: Path, shop: Config) -> None:
    file = folder / "fleet.toml"
    file.write_text(FLEET)
    roster = api.read_fleet(file)
    assert [target.name for target in roster] == ["a", "b"]
    lines: list[str] = []
    outcome = api.run_fleet(roster, options(), shop, manners=api.Manners(stop_on_failure=True), say=lines.append)
    assert outcome.problem is not None
    assert lines
    asked: list[tuple[int, int]] = []
    assert not api.rehearse_fleet(roster, options(), shop, progress=lambda *so_far: asked.append(so_far)).left
    assert asked[-1] == (2, 2)
    with pytest.raises(PathNotFoundError):
        api.read_fleet(folder / "none.toml")
    file.write_text("")
    with pytest.raises(ConfigurationError, match="has no ring"):
        api.read_fleet(str(file))


def test_the_tracker_of_all_tells_of_a_fleet(folder: Path, shop: Config) -> None:
    file = folder / "fleet.toml"
    file.write_text(FLEET)
    found = api.fleet_status(api.read_fleet(file), shop)
    assert (found.databases, found.changes, found.away) == (2, (), ())


def test_a_backfill_is_one_of_a_plan(shop: Config) -> None:
    asked = api.BackfillRequest(change="nothing", url="env:GONE", where=WHERE, options=api.BackfillOptions(workers=2))
    for call in (api.backfill, api.rehearse_backfill):
        with pytest.raises(UsageError, match="there is no plan of nothing"):
            call(asked, shop)
    with pytest.raises(EnvironmentFailedError):
        api.pause_backfills("env:GONE", WHERE, shop, reason="a sale")


def test_nobody_goes_back_on_a_database_that_is_away(shop: Config) -> None:
    said = api.BackwardOptions(to="1.0", url="env:GONE", where=WHERE)
    for call in (api.go_back, api.rehearse_backward):
        with pytest.raises(EnvironmentFailedError):
            call(said, shop)


def test_what_is_adopted_is_of_a_project(folder: Path) -> None:
    asked = api.Adopt(where=WHERE, url="env:GONE", dry_run=True)
    with pytest.raises(NoMigrationsError):
        api.adopt(asked, Config(paths=(str(folder),)))
