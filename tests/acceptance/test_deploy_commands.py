"""`migsafe deploy` and `migsafe rollback` as a release engineer uses them, on a team's own scripts."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy_scripts import ScriptSite
from migsafe.cli.main import run
from migsafe.deploy import abort, under_way
from migsafe.deploy.turn import RolloutTurn
from migsafe.tracker.errors import TrackerBusyError
from migsafe.tracker.opening import Tracker

PRODUCTION = ("--env", "production")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop, in which v1 has the traffic, and v2's expand has run. Made once."""
    folder = tmp_path_factory.mktemp("template") / "shop"
    with pytest.MonkeyPatch.context() as patch:
        ScriptSite(folder).lay_out()
        toml = (folder / "deploy.toml").read_text()  # tests change the check's verdict, whoever has the traffic
        (folder / "deploy.toml").write_text(re.sub(r"SystemExit\([^)]*\)", "SystemExit(0)", toml))
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
    capsys.readouterr()
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 4, "one at a time"
    assert "error: the rollout of v2 on production is held\nhint: migsafe deploy resume" in capsys.readouterr().err
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


def edit(shop: Path, *changes: tuple[str, str]) -> None:
    path = shop / "deploy.toml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


NO_SOAK = ('soak = "50ms"', 'soak = "0s"')
UNWELL, UNSURE = ("SystemExit(0)", "SystemExit(1)"), ("SystemExit(0)", "SystemExit(2)")


def test_a_rehearsal_that_was_not_well_is_none(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(shop, NO_SOAK, UNWELL)
    assert run(["deploy", "rehearse", "--release", "v2", *PRODUCTION]) == 5
    assert engine(shop) == ("v1", "v2", 0)
    capsys.readouterr()
    assert run(["deploy", "plan", "--release", "v2", *PRODUCTION]) == 0
    assert "the way back was never tried here" in capsys.readouterr().out


def test_going_back_needs_nothing_that_only_watches_or_tells(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody goes back on a machine that has none of the secrets of the one that has deployed."""
    edit(shop, NO_SOAK, UNSURE)
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    with (shop / "deploy.toml").open("a") as file:
        file.write('\n[[notify]]\nname = "chat"\nkind = "webhook"\nurl = "env:NOT_SET_HERE"\n')
        file.write('\n[[check]]\nname = "rate"\nkind = "prometheus"\nurl = "env:NOT_SET_EITHER"\nquery = "1"\n')
    assert run(["deploy", "resume", *PRODUCTION]) == 2, "forward it needs them"
    capsys.readouterr()
    assert run(["deploy", "abort", *PRODUCTION, "--reason", "checkout fails"]) == 0
    assert "nobody is told of it: deploy.toml:" in capsys.readouterr().err
    assert engine(shop) == ("v1", "v2", 0)


def test_going_back_does_not_wait_for_who_writes_to_the_tracker(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new version is promoted, so that the engine alone does not tell where the traffic was."""
    edit(shop, NO_SOAK, UNSURE)
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    both = {"v1": 2, "v2": 2}
    (shop / "site.json").write_text(json.dumps({"stable": "v2", "candidate": "v1", "weight": 0, "instances": both}))

    waited: list[tuple[str, str | None, int]] = []

    def busy(*_: object, **__: object) -> None:
        waited.append(engine(shop))
        raise TrackerBusyError("somebody else is writing")

    monkeypatch.setattr(Tracker, "writing", busy)
    assert run(["deploy", "abort", *PRODUCTION, "--reason", "checkout fails"]) == 0
    assert engine(shop) == ("v1", "v2", 0)
    assert waited[0] == ("v1", "v2", 0), "the traffic was back before anybody was waited for"


def test_who_says_where_to_waits_for_no_tracker(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = {"v1": 2, "v2": 2}
    (shop / "site.json").write_text(json.dumps({"stable": "v2", "candidate": "v1", "weight": 0, "instances": both}))
    run(["deploy", "abort", *PRODUCTION, "--reason", "checkout fails", "--to", "v1"])
    assert capsys.readouterr().err.startswith("command is told to send all traffic to v1\n")
    assert engine(shop) == ("v1", "v2", 0)


def last(shop: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    assert run(["deploy", "status", *PRODUCTION, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)["deployments"][0]


@pytest.mark.long
@pytest.mark.parametrize("theirs", [UNSURE, UNWELL])
def test_the_reason_of_a_person_stands_though_a_coordinator_was_quicker(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], theirs: tuple[str, str]
) -> None:
    """It goes on while the abort is on its way, sees that the traffic is back, or a failure of its own, and says so."""
    edit(shop, NO_SOAK, UNSURE)
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    take = abort.take_rollout_turn

    def after_another(*args: Any, **options: Any) -> RolloutTurn:
        monkeypatch.setattr(abort, "take_rollout_turn", take)
        if theirs == UNWELL:
            site = json.loads((shop / "site.json").read_text())
            (shop / "site.json").write_text(json.dumps({**site, "weight": 5}))
            edit(shop, ("SystemExit(2)", "SystemExit(1)"))
        assert run(["deploy", "resume", *PRODUCTION]) == 5
        return take(*args, **options)

    monkeypatch.setattr(abort, "take_rollout_turn", after_another)
    assert run(["deploy", "abort", *PRODUCTION, "--reason", "checkout is slow", "--by", "mira"]) == 0
    assert "v2 on production: aborted: checkout is slow" in capsys.readouterr().out
    found = last(shop, capsys)
    why = "checkout is slow" if theirs == UNSURE else "checkout is slow; well: exit 1"
    assert (found["status"], found["reason"][: len(why)]) == ("aborted", why)
    assert run(["history", "--env", "production"]) == 0
    assert "checkout is slow" in capsys.readouterr().out


@pytest.mark.long
def test_a_reason_that_could_not_be_written_down_is_given_again(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tracker was away, and the coordinator found the traffic sent back by it did not know whom."""
    edit(shop, NO_SOAK, UNSURE)
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    with monkeypatch.context() as away:
        away.setenv("MIGSAFE_TRACKER", "sqlite:nowhere.db")
        assert run(["deploy", "abort", *PRODUCTION, "--reason", "checkout is slow"]) == 0
    assert run(["deploy", "resume", *PRODUCTION]) == 5
    assert last(shop, capsys)["reason"] == "all traffic is at v1 already: it was sent back"
    assert run(["deploy", "abort", *PRODUCTION, "--reason", "checkout is slow"]) == 0
    assert last(shop, capsys)["reason"] == "checkout is slow"
    assert run(["deploy", "abort", *PRODUCTION, "--reason", "once more"]) == 4, "it has its reason"


def test_who_has_waited_plans_by_what_is_so_then(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While v3 waits for its turn, v2 comes out."""
    take = under_way.take_rollout_turn

    def after_another(*args: Any, **options: Any) -> RolloutTurn:
        monkeypatch.setattr(under_way, "take_rollout_turn", take)
        assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 0
        return take(*args, **options)

    monkeypatch.setattr(under_way, "take_rollout_turn", after_another)
    assert run(["deploy", "run", "--release", "v3", *PRODUCTION, "--wait-for-turn", "60"]) == 0
    assert engine(shop) == ("v3", None, 0)


def test_another_strategy_than_it_was_begun_with(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(shop, NO_SOAK, UNSURE)
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    edit(shop, ('strategy = "canary"', 'strategy = "blue-green"'), ('["canary"]', '["canary", "blue-green"]'))
    edit(shop, ("steps = [5, 50, 100]\n", ""))
    capsys.readouterr()
    assert run(["deploy", "resume", *PRODUCTION]) == 4
    assert "was begun as canary, and deploy.toml says blue-green" in capsys.readouterr().err


def test_a_rollback_looks_where_the_traffic_is(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tracker says v1, and somebody has sent it all to v2 by hand."""
    (shop / "site.json").write_text(
        json.dumps({"stable": "v2", "candidate": None, "weight": 0, "instances": {"v2": 2}})
    )
    assert run(["rollback", *PRODUCTION, "--to", "v1", "--reason", "slow"]) == 5
    assert "x verify  the engine shows v2 alone, not all traffic at v1" in capsys.readouterr().out


def test_a_rollback_after_one_that_went_back_by_itself(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(shop, NO_SOAK, UNWELL)
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    edit(shop, ("SystemExit(1)", "SystemExit(0)"))
    capsys.readouterr()
    assert run(["rollback", *PRODUCTION, "--reason", "is it back?"]) == 0
    assert "+ route   all traffic is at v1" in capsys.readouterr().out


def test_what_was_given_up_runs_on_until_it_is_ended(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(shop, NO_SOAK, UNWELL)
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    capsys.readouterr()
    assert run(["deploy", "status", *PRODUCTION, "--format", "json"]) == 0
    before = json.loads(capsys.readouterr().out)
    assert before["next"] == (
        "v2 still runs, without traffic, until the next rollout; "
        "migsafe deploy abort --env production --retire --reason WHY ends it"
    )
    assert run(["deploy", "abort", *PRODUCTION, "--reason", "tidy up"]) == 4, "nothing is under way"
    assert engine(shop) == ("v1", "v2", 0)
    assert run(["deploy", "abort", *PRODUCTION, "--reason", "tidy up", "--retire"]) == 0
    assert engine(shop) == ("v1", None, 0)
    capsys.readouterr()
    assert run(["deploy", "status", *PRODUCTION, "--format", "json"]) == 0
    after = json.loads(capsys.readouterr().out)
    assert after["next"] is None
    assert after["deployments"] == before["deployments"], "how the rollout ended stays as it was"
    assert run(["status", *PRODUCTION, "--format", "json"]) == 0
    (here,) = json.loads(capsys.readouterr().out)["environments"]
    assert {one["release"]: one["status"] for one in here["rollouts"]} == {"v2": "rolled_back", "v1": "deployed"}


def test_a_tracker_that_goes_away_leaves_the_traffic_where_it_is(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(shop, NO_SOAK, ("raise SystemExit(0)", "__import__('pathlib').Path('tracker.db').unlink(missing_ok=True)"))
    edit(shop, ("[deploy]\n", '[deploy]\ntracker_back_within = "0s"\n'))
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    said = capsys.readouterr().out
    assert said.startswith("v2 on production: held: the tracker was not back within 0.0 s: ")
    assert "v1 95 %, v2 5 %: it stays so, and nobody watches it any more" in said
    assert "migsafe deploy resume --env production goes on when the tracker is back; " in said
    assert "migsafe deploy abort --env production --reason WHY --to v1 goes back without it" in said
    assert "migsafe deploy status" not in said, "it needs the tracker"
    assert engine(shop) == ("v1", "v2", 5)


def test_a_rollback_of_the_schema_ends_what_would_keep_it(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(shop, NO_SOAK, UNWELL)
    assert run(["deploy", "run", "--release", "v2", *PRODUCTION]) == 5
    edit(shop, ("SystemExit(1)", "SystemExit(0)"))
    capsys.readouterr()
    run(["rollback", *PRODUCTION, "--reason", "never mind", "--backward", "--url", "host=/nowhere dbname=shop"])
    assert "+ route   all traffic is at v1; v2 has ended" in capsys.readouterr().out
    assert engine(shop) == ("v1", None, 0)


def test_what_migsafe_has_not_started_it_does_not_end(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = engine(shop)
    assert run(["deploy", "stop", *PRODUCTION, "--yes"]) == 4
    assert (
        "error: migsafe did not start what runs there: command did\nhint: nothing was ended" in capsys.readouterr().err
    )
    assert engine(shop) == before


def test_a_tracker_that_refuses_keeps_no_traffic(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "site.json").write_text(
        json.dumps({"stable": "v1", "candidate": "v2", "weight": 20, "instances": {"v1": 2, "v2": 2}})
    )
    monkeypatch.setenv("MIGSAFE_TRACKER", "sqlite:nowhere.db")
    assert run(["deploy", "abort", *PRODUCTION, "--reason", "all is on fire"]) == 0
    assert "the tracker could not be told" in capsys.readouterr().out
    assert engine(shop) == ("v1", "v2", 0)


@pytest.mark.parametrize(
    "words",
    [
        "deploy plan",
        "deploy run",
        "deploy rehearse",
        "deploy resume",
        "deploy abort",
        "deploy status",
        "deploy stop",
        "rollback",
    ],
)
def test_every_command_shows_how_it_is_used(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words.split(), "--help"]) == 0
    said = capsys.readouterr().out
    assert f" migsafe {words} " in said.partition("Examples:")[2]
    assert "Exit codes:" in said
