"""A drop that is cleared by what a tracker has recorded, from the first mark to the lint of a pull request."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from migsafe.cli.main import run
from migsafe.tracker import opening
from release_stories import STORIES, TODAY, build, tell

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not on the machine")

CHANGE = "users-name-to-full-name"
WHERE = ("--env", "production")


def say(*words: str, code: int = 0) -> None:
    assert run(words) == code, " ".join(words)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The story of a column that nobody uses any more, before anybody has recorded anything."""
    build(STORIES / "still-in-use" / "green", tmp_path)
    (tmp_path / "state.json").unlink()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(opening, "now", lambda: TODAY)
    for name in [name for name in os.environ if name.startswith("MIGSAFE_")]:
        monkeypatch.delenv(name)
    return tmp_path


def drop(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], int]:
    """What lint says of the drop: findings, and how many evidence has cleared."""
    (project / "state.json").unlink(missing_ok=True)
    say("state", "export", "--output", "state.json")
    report = tell(project, monkeypatch)
    return [one.rule for one in report.findings if one.severity.value != "info"], report.cleared


@needs_git
def test_what_is_recorded_clears_the_drop(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = ("release", "mark")
    say("tracker", "upgrade")
    say(*mark, "1.7.0", *WHERE, "--status", "deployed", "--at", "2026-09-03T10:00:00Z", "--create-env")
    say(*mark, "1.8.0", *WHERE, "--status", "deployed", "--at", "2026-10-05T08:00:00Z", "--source", "argo")
    say("record", "002_users_full_name", *WHERE, "--status", "done", "--at", "2026-10-01T09:00:12Z", "--create-env")
    assert drop(project, monkeypatch) == (["drop-column"], 0)

    say("record", "003_fill_full_name", *WHERE, "--status", "done", "--at", "2026-10-06T02:11:09Z")
    say(*mark, "1.7.0", *WHERE, "--status", "retired", "--at", "2026-10-05T08:30:00Z")
    assert drop(project, monkeypatch) == (["drop-column"], 0), "nobody has verified it"

    check = ("record", "--check", "full_name is the same as name", "--change", CHANGE, *WHERE)
    say(*check, "--ok", "--observed", "0", "--at", "2026-11-22T12:00:00Z")
    assert drop(project, monkeypatch) == ([], 1)

    say(*check, "--failed", "--observed", "3")
    assert drop(project, monkeypatch) == (["drop-column"], 0)


@needs_git
def test_a_contract_that_was_recorded_raises_the_floor(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    say("tracker", "upgrade")
    for release in ("1.7.0", "1.8.0"):
        say("release", "mark", release, *WHERE, "--status", "deployed", "--create-env")
    say("record", "002_users_full_name", "003_fill_full_name", *WHERE, "--status", "done", "--create-env")
    say("guard", "--release", "1.7.0")
    say("record", "004_drop_name", *WHERE, "--status", "done")
    capsys.readouterr()
    say("guard", "--release", "1.8.0")
    say("guard", "--release", "1.7.0", code=4)
    assert "works with 1.8.0 and later releases only" in capsys.readouterr().out
    say("guard", "--release", "1.6", code=5)
    say("guard", "--release", "1.8.0", "--tracker", "sqlite:away.db", code=5)


@needs_git
def test_an_exported_state_fills_an_empty_tracker(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(STORIES / "still-in-use" / "green" / "state.json", "told.json")
    say("tracker", "upgrade")
    say("state", "import", "told.json")
    say("state", "import", "told.json")
    assert capsys.readouterr().out.splitlines()[-1] == "nothing new, nothing written"
    say("state", "export", "--output", "again.json")
    told, again = (json.loads(Path(name).read_text()) for name in ("told.json", "again.json"))
    own = {"exported", "installation", "chain", "digest"}
    assert {k: v for k, v in again.items() if k not in own} == {k: v for k, v in told.items() if k not in own}


@needs_git
def test_a_signed_export_is_one_that_lint_can_verify(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "a key of sixteen bytes")
    say("tracker", "upgrade")
    say("state", "export", "--key", "env:SECRET", "--output", "state.json")
    assert json.loads(Path("state.json").read_text())["hmac"].startswith("hmac-sha256:")
    monkeypatch.setenv("MIGSAFE_STATE_KEY", "env:SECRET")
    say("lint", "migrations", "--fail-on", "never")
    monkeypatch.setenv("SECRET", "another key of sixteen")
    say("lint", "migrations", "--fail-on", "never", code=2)


@needs_git
def test_a_pipeline_may_say_everything_twice(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    say("tracker", "upgrade")
    words = ("release", "mark", "1.8.0", *WHERE, "--status", "rolling", "--percent", "25", "--create-env")
    say(*words)
    say("tracker", "check", "--format", "json")
    head = json.loads(capsys.readouterr().out.partition("\n")[2].partition("\n")[2])["head"]
    say(*words)
    assert "already, nothing written" in capsys.readouterr().out
    say("tracker", "check", "--anchor", head, "--format", "json")
    found = json.loads(capsys.readouterr().out)
    assert (found["head"], found["anchored"]) == (head, found["events"])
    say("tracker", "check", "--anchor", "f" * 64, code=4)


@needs_git
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("release mark 1.8 --env production --status deployed", 2, 'no release "1.8" is known'),
        ("release mark 1.8.0 --env prod --status deployed", 2, 'no environment "prod"'),
        ("release mark 1.8.0 --env production --status deploid", 2, "it must be one of"),
        ("release mark 1.7.0 --env production --status draining", 4, "is retired, and cannot become draining"),
        ("release mark 1.8.0 --env production --status deployed --at 2099-01-01", 4, "yet to come"),
        ("release mark 1.8.0 --env production --status deployed --at soon", 2, "it must be a time such as"),
        ("record 009 --env production --create-env --status done", 2, 'no migration "009" in this project'),
        ("record 002_users_full_name --env production --status done --target eu", 2, 'no database of production "eu"'),
        ("record 002_users_full_name --env production --create-env --status skipped", 2, "skipped for a reason"),
        ("record 002_users_full_name --env production --create-env --status reverted", 4, "nobody has recorded"),
        ("record 002_users_full_name --env production --status done", 2, "nobody has said which databases"),
        ("record --env production --status done", 2, "which migration"),
        ("record --check x --env production --ok", 2, "a verification is of a change"),
        ("record --check x --change y --env production --create-env --ok", 2, 'no change "y"'),
        ("history --env prod", 2, 'no environment "prod"'),
        ("status --tracker postgresql://app:s3cret@db/shop", 2, "holds a password"),
        ("state import nowhere.json", 2, "no state document"),
    ],
)
def test_refusals_are_one_line_and_write_nothing(
    project: Path, capsys: pytest.CaptureFixture[str], words: str, code: int, message: str
) -> None:
    say("tracker", "upgrade")
    say("release", "mark", "1.7.0", *WHERE, "--status", "retired", "--create-env")
    say("history", "--format", "json")
    before = capsys.readouterr().out.partition("{")[2]
    say(*words.split(), code=code)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert message in captured.err
    assert len(captured.err.splitlines()) <= 2
    assert "s3cret" not in captured.err
    say("history", "--format", "json")
    assert capsys.readouterr().out.partition("{")[2] == before


@needs_git
def test_status_and_history_are_for_people(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    say("tracker", "upgrade")
    say("status")
    assert "knows no environment yet" in capsys.readouterr().out
    at = (TODAY - timedelta(days=1)).isoformat()
    say("release", "mark", "1.8.0", *WHERE, "--status", "rolling", "--percent", "25", "--create-env", "--by", "argo")
    say("record", "002_users_full_name", *WHERE, "--status", "done", "--at", at, "--create-env", "--reason", "by hand")
    say("record", "003_fill_full_name", *WHERE, "--status", "failed", "--unprotected")
    capsys.readouterr()
    say("status")
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == "production: 1.8.0 rolling 25 %"
    assert last.split("  ")[0] == CHANGE
    assert last.endswith("003_fill_full_name is failed on production/main")
    say("history", "--env", "production", "--since", "2026-11-01")
    page = capsys.readouterr().out
    assert "argo" in page
    assert "by hand" in page
    say("status", "--format", "json")
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["changes"][0]["standing"]) == ("migsafe.status/1", "failed")
    say("history", "--format", "json", "--since", "2027-01-01")
    assert json.loads(capsys.readouterr().out)["events"] == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tracker in a folder without a project, which knows two releases."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in [name for name in os.environ if name.startswith("MIGSAFE_")]:
        monkeypatch.delenv(name)
    say("tracker", "upgrade")
    for release in ("1.8.0", "1.9.0"):
        say("release", "mark", release, *WHERE, "--status", "deployed", "--create", "--create-env")
    say("record", "001", *WHERE, "--status", "done", "--create-env")
    return tmp_path


def test_a_floor_and_a_ceiling_are_said_by_hand(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    because = (*WHERE, "--reason", "004 ran by hand")
    capsys.readouterr()
    say("release", "floor", "1.9.0", *because)
    say("release", "floor", "1.9.0", *because)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "production/main: works from 1.9.0 on, was: works with every release so far",
        "production/main: works from 1.9.0 on already, nothing written",
    ]
    say("guard", "--release", "1.8.0", code=4)
    say("release", "ceiling", "1.8.0", *because, code=4)
    say("release", "ceiling", "1.9.0", *because, "--format", "json")
    assert '"schema": "migsafe.bounds/1"' in capsys.readouterr().out
    say("status")
    assert "floor of main: 1.9.0; ceiling of main: 1.9.0" in capsys.readouterr().out
    say("release", "floor", "--none", *because)
    say("guard", "--release", "1.8.0")
    for words in ((), ("1.8.0", "--none")):
        say("release", "floor", *words, *because, code=2)
    say("release", "floor", "1.8.1", *because, code=2)


def test_the_roles_are_printed_for_a_dba(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    say("tracker", "roles", "--runner", "deploy")
    text = capsys.readouterr().out
    assert "GRANT EXECUTE ON FUNCTION migsafe.migsafe_turn()" in text
    assert "TO deploy;" in text
    say("tracker", "roles", "--runner", "deploy", "--format", "json")
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["roles"]["runner"], document["sql"]) == ("migsafe.roles/1", "deploy", text)
    say("tracker", "roles", "--runner", "migsafe_approver", code=2)
    say("tracker", "roles", "--tracker", "sqlite:migsafe/tracker.db", code=2)


def test_check_says_who_could_write_it_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    say("tracker", "check")
    captured = capsys.readouterr()
    assert captured.err == "note: whoever may write this file can write the chain anew: a file knows no roles\n"
    assert len(captured.out.splitlines()) == 2
    say("tracker", "check", "--format", "json")
    assert len(json.loads(capsys.readouterr().out)["rewriters"]) == 1


def test_a_linter_knows_nothing_of_it() -> None:
    code = (
        "import sys\nfrom migsafe.cli.main import run\n"
        "run(['lint', '-', '--fail-on', 'never'])\n"
        "print([name for name in ('sqlalchemy', 'migsafe.tracker', 'psycopg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], input="SELECT 1;", capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
