"""`migsafe deploy` and `migsafe rollback` as a release engineer uses them, on a team's own scripts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deploy_scripts import ScriptSite
from migsafe.cli.main import run

PRODUCTION = ("--env", "production")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop, in which v1 has the traffic, and v2's expand has run. Made once."""
    folder = tmp_path_factory.mktemp("template") / "shop"
    with pytest.MonkeyPatch.context() as patch:
        ScriptSite(folder).lay_out()
        patch.chdir(folder)
        patch.setenv("MIGSAFE_TRACKER", "sqlite:tracker.db")
        for words in ScriptSite.BEGINNING:
            assert run(list(words)) == 0
    return folder


@pytest.fixture
def shop(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(template, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MIGSAFE_TRACKER", "sqlite:tracker.db")
    return folder


def engine(shop: Path) -> tuple[str, str | None, int]:
    said = json.loads((shop / "site.json").read_text())
    return said["stable"], said["candidate"], said["weight"]


def test_a_release_goes_out_and_its_standing_is_told(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION, "--by", "mira"]) == 0
    said = capsys.readouterr()
    assert said.out == "v2 on production: done\n"
    assert "3/8 v2 gets 5 % of the traffic, watched for 0.1 s" in said.err
    assert engine(shop) == ("v2", None, 0)
    assert run(["deploy", "status", *PRODUCTION]) == 0
    shown = capsys.readouterr().out
    assert "production: the engine shows v2 alone" in shown
    assert "no. 1  v1 → v2  canary on command  done  (by mira, " in shown
    assert "next:" not in shown


def test_before_its_expand_nothing_moves(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["record", "00002_add_full_name", *PRODUCTION, "--status", "reverted"]) == 0
    capsys.readouterr()
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 4
    assert (
        "v2 cannot go out yet: 00002_add_full_name of expand has not run on production/main" in capsys.readouterr().err
    )
    assert engine(shop) == ("v1", None, 0)


def test_an_engine_that_is_not_as_the_tracker_says(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "site.json").write_text(
        json.dumps({"stable": "v0", "candidate": None, "weight": 0, "instances": {"v0": 2}})
    )
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 4
    said = capsys.readouterr().err
    assert "the engine's stable version is v0, the tracker's v1" in said
    assert "migsafe release mark v0 --env production --status deployed" in said


def test_a_check_that_fails_sends_it_back(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = (shop / "deploy.toml").read_text()
    (shop / "deploy.toml").write_text(
        toml.replace('soak = "50ms"', 'soak = "0s"').replace("SystemExit(0)", "SystemExit(1)")
    )
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION, "--format", "json"]) == 5
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["status"]) == ("migsafe.deployment/1", "aborted")
    assert told["back_ms"] is not None
    assert engine(shop) == ("v1", "v2", 0)
    assert run(["deploy", "resume", *PRODUCTION]) == 4
    assert "no rollout is under way on production; the last one, of v2, is aborted" in capsys.readouterr().err


def test_held_then_aborted_by_a_person(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = (shop / "deploy.toml").read_text()
    (shop / "deploy.toml").write_text(
        toml.replace('soak = "50ms"', 'soak = "0s"').replace("SystemExit(0)", "SystemExit(2)")
    )
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    assert engine(shop) == ("v1", "v2", 5)
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 4, "one at a time"
    capsys.readouterr()
    assert run(["deploy", "status", *PRODUCTION]) == 0
    assert "next: migsafe deploy resume --env production goes on" in capsys.readouterr().out
    assert run(["deploy", "abort", *PRODUCTION, "--reason", "nobody can tell", "--retire"]) == 0
    assert "v2 on production: aborted: nobody can tell" in capsys.readouterr().out
    assert engine(shop) == ("v1", None, 0)


@pytest.mark.long
def test_somebody_else_at_the_engine_is_told_and_undone_for_a_reason(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = (shop / "deploy.toml").read_text()
    (shop / "deploy.toml").write_text(
        toml.replace('soak = "50ms"', 'soak = "0s"').replace("SystemExit(0)", "SystemExit(2)")
    )
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    site = json.loads((shop / "site.json").read_text())
    (shop / "site.json").write_text(json.dumps({**site, "weight": 33}))
    (shop / "deploy.toml").write_text((shop / "deploy.toml").read_text().replace("SystemExit(2)", "SystemExit(0)"))
    capsys.readouterr()
    assert run(["deploy", "resume", *PRODUCTION]) == 5
    assert "v2 has 33 % of the traffic, where 0 % was left and 5 % is wanted" in capsys.readouterr().out
    assert run(["deploy", "resume", *PRODUCTION]) == 4
    assert '--reassert "why"' in capsys.readouterr().err
    assert run(["deploy", "resume", *PRODUCTION, "--reassert", "it was a slip"]) == 0
    assert engine(shop) == ("v2", None, 0)


def test_the_way_back_is_rehearsed_and_remembered(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deploy", "rehearse", "--release", "v2", *PRODUCTION]) == 0
    assert engine(shop) == ("v1", "v2", 0)
    capsys.readouterr()
    assert run(["deploy", "plan", "--release", "v2", *PRODUCTION]) == 0
    assert "the way back was never tried" not in capsys.readouterr().out


@pytest.mark.long
def test_a_rollback_brings_the_release_before_out_again(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 0
    capsys.readouterr()
    assert run(["rollback", *PRODUCTION, "--reason", "slow", "--dry-run"]) == 0
    assert "v2 has the traffic, and v1 must be brought out again" in capsys.readouterr().out
    assert engine(shop) == ("v2", None, 0)
    assert run(["rollback", *PRODUCTION, "--reason", "slow"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in said] == [["+", "detect"], ["+", "route"], ["+", "verify"], ["-", "schema"]]
    assert engine(shop) == ("v1", None, 0)


@pytest.mark.long
def test_below_the_floor_the_nearest_safe_release_is_named(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 0
    assert run(["deploy", "run", "--release", "v3", *PRODUCTION]) == 0
    floor = ["release", "floor", "v2", *PRODUCTION, "--reason", "the contract has run"]
    assert run(floor) == 0
    capsys.readouterr()
    assert run(["rollback", *PRODUCTION, "--to", "v1", "--reason", "slow"]) == 4
    said = capsys.readouterr().err
    assert "v1 does not work on the schema as it is now" in said
    assert "the nearest that does: --to v2" in said
    assert engine(shop) == ("v3", None, 0)


def test_backward_needs_a_database_and_wellness(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rollback", *PRODUCTION, "--reason", "slow", "--backward"]) == 2
    assert "--backward needs the database" in capsys.readouterr().err


def test_who_has_no_tracker_learns_so_before_anything_moves(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGSAFE_TRACKER", "sqlite:nowhere.db")
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 4
    assert engine(shop) == ("v1", None, 0)


def test_without_the_tracker_the_traffic_goes_back_all_the_same(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "site.json").write_text(
        json.dumps({"stable": "v1", "candidate": "v2", "weight": 20, "instances": {"v1": 2, "v2": 2}})
    )
    monkeypatch.setenv("AWAY", "host=/nowhere dbname=tracker")
    monkeypatch.setenv("MIGSAFE_TRACKER", "env:AWAY")
    assert run(["deploy", "abort", *PRODUCTION, "--reason", "all is on fire"]) == 0
    assert "the tracker could not be told" in capsys.readouterr().out
    assert engine(shop) == ("v1", "v2", 0)
