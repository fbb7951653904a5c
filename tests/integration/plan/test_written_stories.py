"""What `migsafe plan` writes for tables, keys and types: it lints clean, and goes up, down and up on a server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from migsafe import api
from migsafe.config import Config
from migsafe.model.finding import Severity
from plan_stories import STORIES, TOUCH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migsafe.model.report import Report

_MADE = re.compile(r"CREATE (?:TABLE|TYPE|INDEX) (\w+)")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project of plain SQL in which all stories happen, each to objects of its own, with a plan for each."""
    folder = tmp_path_factory.mktemp("project") / "migrations"
    folder.mkdir()
    (folder / "0000_touch.sql").write_text(TOUCH, encoding="utf-8")
    plans = []
    for number, story in enumerate(STORIES.values(), 1):
        setup = story.workload.setup.replace(TOUCH, "")
        names = "|".join(sorted(set(_MADE.findall(setup)), key=len, reverse=True))
        own = re.compile(rf"\b({names})\b")
        arguments = {name: own.sub(rf"\1_{number}", said) if isinstance(said, str) else said
                     for name, said in story.arguments.items()}  # fmt: skip
        plans.append((story.kind, arguments))
        (folder / f"{number:04}_start.sql").write_text(own.sub(rf"\1_{number}", setup), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        for kind, arguments in plans:
            api.plan(kind, arguments, [folder]).save()
        yield folder


def test_lint_finds_nothing(project: Path) -> None:
    assert len(list(project.glob("*.sql"))) > 4 * len(STORIES)
    assert _said(api.lint_paths([project])) == []


def test_they_go_up_and_down_and_up(project: Path) -> None:
    assert _said(api.verify([project], Config())) == []


def _said(report: Report) -> list[str]:
    return [
        f"{finding.path}:{finding.start.line} {finding.rule}: {finding.message}"
        for finding in report.findings
        if finding.severity is not Severity.INFO
    ]
