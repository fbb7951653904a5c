"""`migsafe change list` and `show` on stories over several releases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from git_history import needs_git
from migsafe.cli.main import run
from migsafe.lint import storytelling
from release_stories import STORIES, TODAY, build

pytestmark = needs_git

_NAME = "users-name-to-full-name"


@pytest.fixture
def story(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project of the story that the test names, on its day."""
    build(STORIES / request.param, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(storytelling, "now", lambda: TODAY)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What `migsafe change` prints."""
    assert run(["change", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("story", "standing"),
    [
        ("contract-before-verified/green", "ready"),
        ("contract-before-verified/green-alembic", "ready"),
        ("contract-before-rollout/red", "blocked"),
        ("contract-too-early/red", "blocked"),
        ("change-overdue/red", "overdue"),
    ],
    indirect=["story"],
)
def test_the_list_says_how_a_change_stands(story: Path, standing: str, capsys: pytest.CaptureFixture[str]) -> None:
    head, line = said(capsys, "list").splitlines()
    assert head.split() == ["CHANGE", "KIND", "STANDING", "DUE", "STEPS"]
    assert line.split()[:3] == [_NAME, "rename-column", standing]


@pytest.mark.parametrize("story", ["contract-before-rollout/red"], indirect=True)
def test_a_page_names_the_steps_and_what_blocks(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = said(capsys, "show", _NAME)
    assert page.splitlines()[0] == f"{_NAME} (rename-column): blocked"
    assert "  step:   contract 004_drop_name (no release yet)\n" in page
    (failed,) = [line for line in page.splitlines() if line.startswith("  fail ")]
    assert failed == "  fail    contract-before-rollout: 1.7.0 is still draining (0 %) on production"


@pytest.mark.parametrize("story", ["contract-before-verified/green"], indirect=True)
def test_a_change_is_found_by_what_it_is_about(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "show", "users.name") == said(capsys, "show", _NAME)


@pytest.mark.parametrize("story", ["contract-before-verified/green"], indirect=True)
def test_a_change_that_is_not_there_is_refused_with_the_nearest(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["change", "show", "users-name-to-fullname"]) == 2
    assert capsys.readouterr().err == (f'error: no change "users-name-to-fullname"\nhint: did you mean {_NAME}?\n')


@pytest.mark.parametrize("story", ["change-overdue/red"], indirect=True)
def test_the_document(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(said(capsys, "list", "--format", "json"))
    assert document["schema"] == "migsafe.changes/1"
    (change,) = document["changes"]
    assert (change["name"], change["standing"], change["declared"]) == (_NAME, "overdue", True)
    assert [(step["phase"], step["release"]) for step in change["steps"]] == [("expand", "1.8.0"), ("migrate", "1.8.0")]
    assert {reason["rule"] for reason in change["reasons"]} == {"contract-before-rollout", "contract-before-verified"}


def test_without_any_change_the_list_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "001_users.sql").write_text("CREATE TABLE users (id int);")
    monkeypatch.chdir(tmp_path)
    assert said(capsys, "list") == "no change is open\n"
