"""Ten runs on one database at the same moment, each a process: one runs, and everything is done once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from migsafe.errors import ExitCode
from run_benches import Bench
from run_crowds import Ended, at_once

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeDatabase

pytestmark = [
    pytest.mark.server,
    pytest.mark.endurance,
    pytest.mark.skipif(sys.platform == "win32", reason="it needs fork"),
]

CROWD = 10
#: Whoever runs a step says so when it begins.
BEGUN = "1/2 00001_orders (expand)"


@pytest.fixture(params=["beside", "apart"])
def bench(
    request: pytest.FixtureRequest, tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    told = "env:SHOP_URL" if request.param == "beside" else f"sqlite:{tmp_path}/tracker.db"
    return Bench.open(tmp_path / "shop", make_database(""), monkeypatch, tracker=told)


def crowd(bench: Bench, *more: str) -> list[Ended]:
    """Ten times `migsafe run expand`, at once."""
    words = ["run", "expand", "--release", "1.0", "--env", "production", "--url", "env:SHOP_URL", "--create-env"]
    told = ["--accept", "a test", "--tracker", bench.shop.tracker, "--by", "mira"]
    return at_once(CROWD, [*words, *told, *more], bench.shop.folder, {"SHOP_URL": bench.shop.dsn})


def everything_was_done_once(bench: Bench) -> None:
    assert bench.ask("select array_agg(what) from journal") == ["first orders"]
    assert bench.ask("select array_agg(version_id order by id) from goose_db_version") == [0, 1, 2]
    assert bench.statuses() == {"00001_orders": "done", "00002_first_orders": "done"}
    with bench.tracker.reading() as ledger:
        ran = [event for event in ledger.events() if event.kind == "run"]
    assert len(ran) == 4, "each of two steps was begun once, and came to its end once"


def test_one_runs_and_the_others_are_refused(bench: Bench) -> None:
    ended = crowd(bench)
    assert sum(BEGUN in one.said for one in ended) == 1
    for one in ended:
        if BEGUN in one.said or one.code == ExitCode.CLEAN:
            assert one.code == ExitCode.CLEAN, one
            assert BEGUN in one.said or one.out[0].startswith("nothing to run"), one
            continue
        assert one.code == ExitCode.REFUSED, one
        assert one.said[0].startswith("error: production/main is taken: "), one
        assert "mira" in one.said[0], one
        assert len(one.said) == 2, "the error, and what to do about it"
    everything_was_done_once(bench)


@pytest.mark.long
def test_those_who_wait_find_nothing_left(bench: Bench) -> None:
    ended = crowd(bench, "--wait-for-turn", "100")
    assert [one.code for one in ended] == [ExitCode.CLEAN] * CROWD, ended
    assert sum(BEGUN in one.said for one in ended) == 1
    assert sum(one.out[0].startswith("nothing to run") for one in ended) == CROWD - 1
    everything_was_done_once(bench)
