"""The demo on a real Postgres and a real HAProxy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo_pages import Page
from deploy_sites import processes_below
from migsafe.demo import story
from migsafe.demo.pace import PACES
from migsafe.demo.run import check_machine, run_demo
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.demo.run import Shown

try:
    check_machine()
except EnvironmentFailedError as missing:
    pytest.skip(f"no demo here: {missing}", allow_module_level=True)


BANDS = [
    *("as before", "expanding", "expanded", "migrating", "migrated"),
    *("contracting", "quarantined", "contracting", "contracted"),
]


class Listener:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.chapters: list[str] = []
        self.lines: list[str] = []

    def chapter(self, title: str, why: str) -> None:
        """A heading."""
        self.chapters.append(title)

    def does(self, command: str) -> None:
        """A command."""
        self.lines.append(f"$ {command}")

    def says(self, line: str) -> None:
        """What it answers."""
        self.lines.append(line)

    def fact(self, line: str) -> None:
        """What came of it."""
        self.lines.append(line)

    def lately(self, line: str) -> None:
        """What moves."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo makes its folder."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def _assert_nobody_noticed(shown: Shown) -> None:
    found = shown.figures
    good, failed = shown.timeline.totals()
    assert (found.failed, found.stale) == (0, 0), (good, failed)
    assert set(failed) <= {"v3"}
    page = Page(shown.page.read_text())
    assert page.wrong == []
    assert f"{found.requests:,}" in page.text


@pytest.mark.long
def test_the_schema_is_expanded_under_load_and_nothing_is_left(tmp_path: Path, place: Path) -> None:
    listener = Listener()
    chapters = (story.plan, story.expand)
    shown = run_demo(listener, PACES["fast"], tmp_path / "page.html", chapters=chapters)
    _assert_nobody_noticed(shown)
    assert shown.figures.requests > 50
    assert [band.text for band in shown.timeline.bands] == ["as before", "expanding", "expanded"]
    assert any("rename-column" in line for line in listener.lines)
    assert processes_below(tmp_path) == []
    assert list(place.iterdir()) == []


@pytest.mark.long
def test_a_demo_that_is_killed_leaves_nothing(tmp_path: Path, place: Path) -> None:
    command = [sys.executable, "-m", "migsafe", "demo", "--speed", "fast", "--output", str(tmp_path / "page.html")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as demo:
        assert demo.stdout is not None
        assert any("v1 listens" in line for line in demo.stdout)
        assert len(processes_below(place)) >= 3, "HAProxy, and two of v1"
        children = _children_of(demo.pid)
        assert "postgres" in map(_name_of, children)
        demo.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while processes_below(place) or list(place.iterdir()) or any(map(_name_of, children)):
        assert time.monotonic() < deadline, (processes_below(place), os.listdir(place), list(map(_name_of, children)))
        time.sleep(0.02)


def _children_of(pid: int) -> list[int]:
    return [int(one) for file in Path(f"/proc/{pid}/task").glob("*/children") for one in file.read_text().split()]


def _name_of(pid: int) -> str | None:
    """The name of a process that lives."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return None
    return None if rest.split()[0] == "Z" else name


def _gates(refusals: Sequence[str]) -> set[str]:
    return {one.partition(":")[0] for one in refusals}


@pytest.mark.endurance
def test_the_whole_story(tmp_path: Path, place: Path) -> None:
    listener, kept = Listener(), tmp_path / "kept"
    began = time.monotonic()
    shown = run_demo(listener, PACES["fast"], tmp_path / "page.html", kept)
    assert time.monotonic() - began < 90
    _assert_nobody_noticed(shown)
    found, timeline = shown.figures, shown.timeline
    assert found.spiked > 0
    assert found.back_ms is not None
    assert found.back_ms < 2_000
    assert timeline.why.startswith("errors: candidate ")
    assert timeline.versions == ("v1", "v2", "v3", "v4")
    last = sum((Counter(one.good) for one in timeline.buckets[-5:]), Counter[str]())
    assert set(last) == {"v4"}
    assert [band.text for band in timeline.bands] == BANDS
    assert {"older-release-quiet", "older-sessions", "still-in-use"} <= _gates(timeline.refusals)
    assert _gates(timeline.waits) == {"older-release-quiet", "hold", "backup-proof"}, "nothing else was in the way"
    assert "what is left of users: id, email, full_name; 0 triggers" in listener.lines
    assert listener.lines.count("200 requests later: 0 have failed") == 2
    assert len(listener.chapters) == 10
    assert (kept / "tracker.db").exists()
    assert processes_below(tmp_path) == []
    assert list(place.iterdir()) == []


@pytest.mark.endurance
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    "line", ["A shop at work", "add_full_name (expand)", "gets 20 %", "backfill_full_name (mi", "purge_name (contract)"]
)
def test_whoever_ends_it_finds_nothing_left(tmp_path: Path, place: Path, name: str, line: str) -> None:
    page = tmp_path / "page.html"
    command = [sys.executable, "-m", "migsafe", "demo", "--speed", "fast", "--output", str(page)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert any(line in said for said in demo.stdout)
        demo.send_signal(getattr(signal, name))
        said = demo.communicate(timeout=30)[1]
    assert demo.returncode == 130, said
    assert said.strip() == "interrupted"
    assert processes_below(place) == []
    assert list(place.iterdir()) == []
    assert not page.exists()
