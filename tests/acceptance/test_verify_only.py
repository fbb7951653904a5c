"""`migsafe verify --only`: in CI, what is new against the branch that a change is to be merged into."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from migsafe.cli.main import run

pytestmark = pytest.mark.server

_VARIABLES = (
    "CI",
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "CHANGE_TARGET",
)
_ONE = "1_one.sql"
_TWO = "2_two.sql"
_THREE = "3_three.sql"


def git(*arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    return subprocess.run(["git", *who, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run in CI themselves."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A branch on top of origin/main: one migration stands there, one is committed, one is not known to git yet."""
    monkeypatch.chdir(tmp_path)
    Path("migrations").mkdir()
    git("init", "-q")
    write(_ONE)
    git("add", ".")
    git("commit", "-qm", "one")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    write(_TWO)
    git("add", ".")
    git("commit", "-qm", "two")
    write(_THREE)
    return tmp_path


def write(name: str) -> None:
    """A migration that cannot be applied, so that whoever proves it says so, and goes on."""
    Path("migrations", name).write_text(f"ALTER TABLE somebodys_{name[0]} ADD COLUMN a int;", encoding="utf-8")


def proved(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """How many migrations a run proved, and what it said besides."""
    run(["verify", *arguments, "--format", "json", "--fail-on", "never"])
    said = capsys.readouterr()
    return json.loads(said.out)["files"]["linted"], said.err


def test_in_ci_only_what_is_new_is_proved(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    assert proved(capsys) == (
        2, "only migrations since origin/main are proved (GITHUB_BASE_REF); --only all proves all\n"
    )  # fmt: skip


def test_what_the_configuration_begins_with_is_not_what_a_person_says(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("CHANGE_TARGET", "main")
    Path("migsafe.toml").write_text('since = "2_two"\n', encoding="utf-8")
    count, said = proved(capsys)
    assert (count, "origin/main" in said) == (1, True)


def test_a_commit_is_a_base_too(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("CI_MERGE_REQUEST_DIFF_BASE_SHA", git("rev-parse", "HEAD"))
    assert proved(capsys)[0] == 1


def test_new_may_be_asked_for_elsewhere(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHANGE_TARGET", "main")
    assert proved(capsys) == (3, "")
    assert proved(capsys, "--only", "new")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "count"),
    [(["--only", "all"], 3), (["migrations"], 3), (["--since", "1_one"], 2), (["--diff", "HEAD"], 1)],
)
def test_what_a_person_says_wins(
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    count: int,
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    assert proved(capsys, *arguments) == (count, "")


@pytest.mark.parametrize(
    ("variables", "words"),
    [({}, "which of them are new is not known"), ({"GITHUB_BASE_REF": "gone"}, "origin/gone (GITHUB_BASE_REF) is not")],
)
def test_where_the_base_is_not_to_be_had_all_are_proved(
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    words: str,
) -> None:
    for name, value in {"CI": "true", **variables}.items():
        monkeypatch.setenv(name, value)
    count, said = proved(capsys)
    assert count == 3
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (["--only", "new"], {"CI": "true"}, "no variable of a CI system"),
        (["--only", "new"], {"GITHUB_BASE_REF": "gone"}, "git knows no commit 'origin/gone'"),
        (["--only", "all", "--diff", "HEAD"], {}, "--only all leaves no migration out, and --diff does"),
        (["--only", "all", "--since", "1_one"], {}, "--only all leaves no migration out, and --since does"),
    ],
)
def test_wrong_use(
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    variables: dict[str, str],
    words: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert run(["verify", *arguments]) == 2
    assert words in capsys.readouterr().err
