"""Whole stories over several releases: the same statement red, and green on evidence."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.model.finding import Severity
from release_stories import STORIES, build, expected, name_of, story_folders, tell, told

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not on the machine")


def told_on(folder: Path) -> ParameterSet:
    """One of Alembic starts a process for its revisions, and is told on one Python."""
    marks = [pytest.mark.long] if folder.name.endswith("-alembic") else []
    return pytest.param(folder, marks=marks, id=name_of(folder))


@pytest.mark.parametrize("folder", [told_on(folder) for folder in story_folders()])
def test_a_story_ends_as_it_should(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(folder, tmp_path)
    wanted = expected(folder)
    found = told(tell(tmp_path, monkeypatch), wanted)
    loud = {line: found[line] for line in found if " info " not in line or line in wanted}
    assert sorted(loud) == sorted(wanted)
    for line, evidence in wanted.items():
        assert evidence <= loud[line]
        assert {one for one in loud[line] - evidence if not one.endswith(" pass")} == set(), (
            "only what is expected fails"
        )


def test_the_same_drop_is_red_then_green_then_red_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the README shows: without history, on evidence, and while the release before still names the column."""
    seen = []
    for number, (story, history) in enumerate((("green", False), ("green", True), ("red", True))):
        project = tmp_path / str(number)
        project.mkdir()
        build(STORIES / "still-in-use" / story, project)
        if not history:
            (project / "migsafe.releases.toml").unlink()
            shutil.rmtree(project / ".git")
        report = tell(project, monkeypatch)
        seen.append(([one.severity for one in report.findings], report.cleared))
    assert seen == [([Severity.ERROR], 0), ([], 1), ([Severity.ERROR], 0)]
