"""Six databases of one server: five go on where one cannot, with trackers of their own and with one for all."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

import pytest

from fleet_shops import CONFLICT, FleetOfShops
from migsafe.bookkeeping.place import tracker_address
from migsafe.bookkeeping.steps import Where
from migsafe.config import load_config
from migsafe.errors import ConfigurationError, EnvironmentFailedError, ExitCode, UsageError
from migsafe.fleet.answers import answer_of
from migsafe.fleet.directory import ask_directory
from migsafe.fleet.outcome import Fate, FleetOutcome
from migsafe.fleet.reading import read_roster
from migsafe.fleet.run import Manners, rehearse_fleet, run_fleet
from migsafe.fleet.status import Standing, read_fleet_status
from migsafe.fleet.trackers import upgrade_trackers
from migsafe.model.phase import Phase
from migsafe.runner.run import RunOptions
from migsafe.tracker.facts import Author
from migsafe.tracker.upgrade import upgrade_tracker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from migsafe.config import Config
    from migsafe.fleet.status import FleetStatus

pytestmark = pytest.mark.server

ME = Author(actor="mira", host="laptop")


@dataclass
class Round:
    """A fleet, and where its trackers are."""

    fleet: FleetOfShops
    config: Config

    def options(self) -> RunOptions:
        where = Where(environment="production", create=True)
        return RunOptions(phase=Phase.EXPAND, release="1.0", url="", where=where, accept="a test")

    def run(self, **manners: bool) -> tuple[FleetOutcome, list[str]]:
        said: list[str] = []
        roster = read_roster(self.fleet.file)
        told = Manners(**manners)
        return run_fleet(roster, self.options(), self.config, ME, say=said.append, manners=told), said

    def status(self) -> FleetStatus:
        return read_fleet_status(read_roster(self.fleet.file), self.config, environment="production")


@pytest.fixture
def fleet(tmp_path: Path, make_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> FleetOfShops:
    made = FleetOfShops.open(tmp_path / "shop", [make_database("") for _ in range(6)], first=2)
    monkeypatch.setenv("TENANT_URL", made.address)
    monkeypatch.chdir(made.folder)
    for name in [name for name in os.environ if name.startswith("MIGSAFE_")]:
        monkeypatch.delenv(name)
    return made


@pytest.fixture
def beside(fleet: FleetOfShops) -> Round:
    """A tracker in each database."""
    config = load_config(None)
    told = upgrade_trackers(read_roster(fleet.file), config, ME, on_progress=lambda done, whole: None)
    assert (told.changed, told.failed) == (6, ())
    return Round(fleet, config)


@pytest.fixture
def in_one_file(fleet: FleetOfShops) -> Round:
    """One tracker for all."""
    config = load_config(None, options={"tracker": "sqlite:tracker.db"})
    upgrade_tracker(tracker_address(config), ME)
    return Round(fleet, config)


@pytest.mark.parametrize("tracker", ["beside", pytest.param("in_one_file", marks=pytest.mark.long)])
def test_one_that_fails_holds_up_nobody_in_its_ring(tracker: str, request: pytest.FixtureRequest) -> None:
    round_: Round = request.getfixturevalue(tracker)
    fleet = round_.fleet
    sick = fleet.names[3]
    fleet.told(sick, CONFLICT)

    found, said = round_.run()
    assert found.counts == {Fate.DONE: 5, Fate.FAILED: 1}
    assert (found.exit_code, [one.target for one in found.failed]) == (ExitCode.ENVIRONMENT, [sick])
    assert [fleet.has_goose(name, 2) for name in fleet.names] == [name != sick for name in fleet.names]
    assert said[:2] == [f"{place + 1}/6 first: {fleet.names[place]}: done" for place in range(2)]
    assert any(f" everybody: {sick}: failed: " in line and "already exists" in line for line in said)

    seen = round_.status()
    assert [line.databases for line in seen.rings] == [2, 4]
    assert seen.rings[0].phases[Phase.EXPAND] == {Standing.DONE: 2}
    assert seen.rings[1].phases[Phase.EXPAND] == {Standing.DONE: 3, Standing.FAILED: 1}
    assert [name for name, _ in seen.failed] == [sick]

    fleet.told(sick, "drop table orders")
    again, _ = round_.run()
    assert again.counts == {Fate.DONE: 1, Fate.NOTHING: 5}
    assert round_.status().rings[1].phases[Phase.EXPAND] == {Standing.DONE: 4}


@pytest.mark.long
def test_the_next_ring_waits_for_a_failure(in_one_file: Round) -> None:
    fleet = in_one_file.fleet
    fleet.told(fleet.names[0], CONFLICT)
    found, _ = in_one_file.run()
    assert found.counts == {Fate.DONE: 1, Fate.FAILED: 1, Fate.LEFT: 4}
    assert [target.name for target in found.left] == list(fleet.names[2:])
    found, _ = in_one_file.run(go_on=True)
    assert found.counts == {Fate.DONE: 4, Fate.NOTHING: 1, Fate.FAILED: 1}


def test_a_ring_ends_where_that_is_asked_for(in_one_file: Round) -> None:
    fleet = in_one_file.fleet
    fleet.told(fleet.names[0], CONFLICT)
    found, _ = in_one_file.run(stop_on_failure=True)
    assert found.counts == {Fate.FAILED: 1, Fate.LEFT: 5}
    assert not fleet.has_goose(fleet.names[1], 1)


def test_a_rehearsal_asks_all_and_writes_nothing(beside: Round) -> None:
    fleet = beside.fleet
    fleet.told(fleet.names[0], "create table migrations_of_old (id int); create table goose_db_version (id int)")
    found = rehearse_fleet(read_roster(fleet.file), beside.options(), beside.config, ME)
    answers = Counter(answer_of(one) for one in found.settled)
    assert sorted(answers.values()) == [1, 5], "a failure in the first ring keeps nobody from being asked"
    assert any(line.startswith("would run 00001_orders") for line in max(answers, key=answers.__getitem__))
    assert not any(fleet.ask(name, "select 1 where to_regclass('orders') is not null") for name in fleet.names)
    assert not any(line.phases for line in beside.status().rings)


@pytest.mark.long
def test_databases_that_are_away_are_said_and_counted(beside: Round) -> None:
    fleet = beside.fleet
    fleet.write(("first", fleet.names[:1], 1), ("everybody", [*fleet.names[1:3], "nowhere"], 2))
    found, _ = beside.run()
    assert found.counts == {Fate.DONE: 3, Fate.FAILED: 1}
    seen = beside.status()
    assert [(line.databases, line.away) for line in seen.rings] == [(1, 0), (3, 1)]
    assert [name for name, _ in seen.away] == ["nowhere"]
    fleet.write(("first", ["nowhere"], 1))
    with pytest.raises(EnvironmentFailedError, match="nowhere"):
        beside.status()


def test_who_stops_it_leaves_the_rest(in_one_file: Round) -> None:
    """The first line of all says that the first database is through; nothing is begun behind it."""
    stop, roster = Event(), read_roster(in_one_file.fleet.file)
    found = run_fleet(roster, in_one_file.options(), in_one_file.config, ME, say=lambda line: stop.set(), stop=stop)
    assert found.counts == {Fate.DONE: 1, Fate.LEFT: 5}
    assert (found.interrupted, found.exit_code) == (True, ExitCode.INTERRUPTED)


def test_names_come_from_a_database(make_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    setup = "create table tenants as select 'tenant_' || n as name, n > 1 as active from generate_series(1, 3) n"
    monkeypatch.setenv("DIRECTORY_URL", make_database(setup))
    ask = "select name from tenants where active order by 1"
    assert ask_directory("env:DIRECTORY_URL", ask, "file: ring 1") == ("tenant_2", "tenant_3")
    for query, words in (
        ("select name from tenants where false", "finds no database"),
        ("select 7", "finds 7; its first column"),
        ("select null::text", "finds None"),
        ("select 'a' union all select 'a'", "finds a twice"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            ask_directory("env:DIRECTORY_URL", query, "file: ring 1")
    with pytest.raises(EnvironmentFailedError, match="read-only transaction"):
        ask_directory("env:DIRECTORY_URL", "delete from tenants returning name", "file: ring 1")


def test_a_tracker_for_all_is_told_once(in_one_file: Round) -> None:
    roster = read_roster(in_one_file.fleet.file)
    with pytest.raises(UsageError, match="one tracker for all of the fleet"):
        upgrade_trackers(roster, in_one_file.config, ME, on_progress=lambda done, whole: None)
