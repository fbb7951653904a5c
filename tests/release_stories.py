"""The stories of `fixtures/releases`: a repository for each, as it would be on the day on which it is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from collections.abc import Container, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migsafe import api
from migsafe.config import load_config
from migsafe.lint import storytelling
from migsafe.model.finding import Finding, Severity
from migsafe.model.report import Report

STORIES = Path(__file__).parents[1] / "fixtures" / "releases"
#: The day on which all of them are told.
TODAY = datetime(2026, 11, 23, 9, tzinfo=UTC)

_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "story",
    "GIT_AUTHOR_EMAIL": "story@example.com",
    "GIT_COMMITTER_NAME": "story",
    "GIT_COMMITTER_EMAIL": "story@example.com",
}


def story_folders() -> Iterator[Path]:
    """Every story: a rule's name, then how it ends."""
    yield from sorted(file.parent for file in STORIES.rglob("expected.txt"))


def name_of(folder: Path) -> str:
    """For people: `still-in-use/red`."""
    return folder.relative_to(STORIES).as_posix()


def build(folder: Path, target: Path) -> None:
    """Make a repository with a tag for each release of the story.

    A folder `app@1.8.0` is what `app` was in that release, and `migrations@1.8.0` holds the migrations that were others
    then; whatever has no such folder is as it is now.
    """
    plain = [entry for entry in folder.iterdir() if "@" not in entry.name and entry.name != "expected.txt"]
    _git(target, "init", "--quiet", "--initial-branch=main")
    for release in _releases(folder):
        _clear(target)
        _copy(plain, target)
        for then in folder.glob(f"*@{release}"):
            kept = target / then.name.partition("@")[0]
            if kept.name == "app":
                shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(then, kept, dirs_exist_ok=True)
        _commit(target, release)
        _git(target, "tag", f"v{release}")
    _clear(target)
    _copy(plain, target)


def tell(target: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """What `migsafe lint --show-cleared` says of a story that was built."""
    monkeypatch.chdir(target)
    monkeypatch.setattr(storytelling, "now", lambda: TODAY)
    config = load_config(None, options={"show_cleared": True, "min_severity": "info", "fail_on": "never"})
    return api.lint_paths(["migrations"], config)


def told(report: Report, wanted: Container[str] = ()) -> dict[str, set[str]]:
    """Finding, as `expected.txt` writes it → its evidence; of light ones that were cleared, those that are wanted."""
    found = {_line(one, one.severity.value): _evidence(one) for one in report.findings}
    cleared = {_line(one, "cleared"): one for one in report.cleared_findings}
    heavy = {line: one for line, one in cleared.items() if one.severity is not Severity.INFO or line in wanted}
    return found | {line: _evidence(one) for line, one in heavy.items()}


def expected(folder: Path) -> dict[str, set[str]]:
    """What `expected.txt` says."""
    wanted: dict[str, set[str]] = {}
    for line in (folder / "expected.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            wanted[next(reversed(wanted))].add(line.strip())
        elif line.strip() and not line.startswith("#"):
            wanted[line.strip()] = set()
    return wanted


def _line(finding: Finding, weight: str) -> str:
    return f"{finding.path}:{finding.start.line} {weight} {finding.rule}"


def _evidence(finding: Finding) -> set[str]:
    return {f"{one.rule} {one.result}" for one in finding.evidence}


def _releases(folder: Path) -> list[str]:
    manifest = folder / "migsafe.releases.toml"
    if not manifest.is_file():
        return []
    return [release["name"] for release in tomllib.loads(manifest.read_text(encoding="utf-8")).get("release", [])]


def _clear(target: Path) -> None:
    for entry in target.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _copy(entries: list[Path], target: Path) -> None:
    for entry in entries:
        if entry.is_dir():
            shutil.copytree(entry, target / entry.name)
        else:
            shutil.copy(entry, target / entry.name)


def _commit(target: Path, message: str) -> None:
    _git(target, "add", "--all")
    _git(target, "commit", "--quiet", "--allow-empty", "--message", message)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **_GIT}, check=True, capture_output=True)
