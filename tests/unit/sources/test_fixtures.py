"""A small true project per tool: what is read of it stands in its `expected.txt`."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.sources import SOURCES, SourceOptions, read_paths
from source_layouts import describe

FIXTURES = Path(__file__).parents[3] / "fixtures" / "sources"
PROJECTS = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())


@pytest.mark.parametrize("project", PROJECTS)
def test_a_project_is_read_as_its_tool_would(project: str, update: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if project == "django":
        pytest.importorskip("django", reason="Django is not installed here")
    monkeypatch.chdir(FIXTURES / project)
    expected = Path("expected.txt")
    actual = describe(read_paths([Path()], SourceOptions()))
    if update:
        expected.write_text(actual, encoding="utf-8")
    assert actual == expected.read_text(encoding="utf-8")


def test_every_tool_has_a_project() -> None:
    first_words = {
        line.split(" in ")[0]
        for project in PROJECTS
        for line in (FIXTURES / project / "expected.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(" ")
    }
    assert first_words == set(SOURCES)
