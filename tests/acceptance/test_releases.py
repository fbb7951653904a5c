"""Whole stories over several releases: the same statement red, and green on evidence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from release_stories import build, expected, name_of, story_folders, tell, told

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not on the machine")


@pytest.mark.parametrize("folder", list(story_folders()), ids=name_of)
def test_a_story_ends_as_it_should(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(folder, tmp_path)
    found, wanted = told(tell(tmp_path, monkeypatch)), expected(folder)
    loud = {line: found[line] for line in found if " info " not in line or line in wanted}
    assert sorted(loud) == sorted(wanted)
    for line, evidence in wanted.items():
        assert evidence <= loud[line]
        assert {one for one in loud[line] - evidence if not one.endswith(" pass")} == set(), (
            "only what is expected fails"
        )
