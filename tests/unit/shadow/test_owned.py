"""Folders with an owner: at whatever step a process is killed, a broom removes what it left, and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from migsafe.shadow import owned
from migsafe.shadow.owned import OwnedFolder, sweep_folders

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks files by flock")


def _abandoned(place: Path) -> Path:
    """A folder of a process that has been killed: its lock has gone with it."""
    folder = OwnedFolder.make(place, "x-")
    assert folder.lock is not None
    os.close(folder.lock)
    return folder.path


def _with_things(folder: Path) -> Path:
    (folder / "data" / "deep").mkdir(parents=True)
    (folder / "data" / "deep" / "file").touch()
    (folder / "log").touch()
    (folder / "elsewhere").symlink_to(folder.parent)
    return folder


def test_it_is_private_and_names_its_owner(tmp_path: Path) -> None:
    folder = OwnedFolder.make(tmp_path, "x-")
    assert folder.path.parent == tmp_path
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.path.iterdir()] == ["owner"]
    assert (folder.path / "owner").read_text() == f"{os.getpid()}\n"
    folder.remove()


def test_removing_takes_all_and_may_be_done_twice(tmp_path: Path) -> None:
    folder = OwnedFolder.make(tmp_path, "x-")
    _with_things(folder.path)
    folder.remove()
    assert list(tmp_path.iterdir()) == []
    # The second time must not close a file of somebody else that has got the same number by now.
    with (tmp_path / "other").open("w") as other:
        folder.remove()
        other.write("still open")
    assert (tmp_path / "other").read_text() == "still open"


def test_the_living_are_left_alone(tmp_path: Path) -> None:
    folder = OwnedFolder.make(tmp_path, "x-")
    assert sweep_folders(tmp_path, "x-") == []
    assert (folder.path / "owner").is_file()
    folder.remove()


def test_the_abandoned_are_swept_and_looked_at_before(tmp_path: Path) -> None:
    folder = _with_things(_abandoned(tmp_path))
    seen: list[list[str]] = []
    assert sweep_folders(tmp_path, "x-", lambda path: seen.append(sorted(os.listdir(path)))) == [folder]
    assert seen == [["data", "elsewhere", "log", "owner"]]
    assert list(tmp_path.iterdir()) == []


def test_other_names_are_left_alone(tmp_path: Path) -> None:
    folder = _abandoned(tmp_path)
    assert sweep_folders(tmp_path, "y-") == []
    assert folder.is_dir()


def test_a_place_that_is_not_there_has_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep_folders(tmp_path / "none", "x-") == []


def _empty(folder: Path) -> None:
    (folder / "owner").unlink()


def _unnamed(folder: Path) -> None:
    (folder / "owner").rename(folder / "owner.new")


def _half_removed(folder: Path) -> None:
    (_with_things(folder) / "log").unlink()


@pytest.mark.parametrize("step", [_empty, _unnamed, _half_removed])
def test_whatever_the_step_at_which_it_was_killed(step: Callable[[Path], None], tmp_path: Path) -> None:
    folder = _abandoned(tmp_path)
    step(folder)
    assert sweep_folders(tmp_path, "x-") == [folder]
    assert list(tmp_path.iterdir()) == []


def test_what_somebody_else_has_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x-open").mkdir(mode=0o755)
    (tmp_path / "x-used").mkdir(mode=0o700)
    (tmp_path / "x-used" / "letter").touch()
    (tmp_path / "x-file").touch()
    (tmp_path / "x-link").symlink_to(tmp_path / "x-used")
    assert sweep_folders(tmp_path, "x-") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x-file", "x-link", "x-open", "x-used"]


@pytest.mark.parametrize("moment", ["open", "flock", "rename"])
def test_who_is_swept_away_before_it_owns_its_folder_makes_another(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broom comes by just before the file is made, before it is locked, and before it gets its name."""
    swept: list[Path] = []

    def broom(place: object, name: str) -> None:
        original = getattr(place, name)

        def first_sweep(*arguments: object, **options: object) -> object:
            monkeypatch.setattr(place, name, original)
            if moment == "rename":  # the broom had the file open before it was locked
                swept.extend(path.parent for path in tmp_path.glob("x-*/owner.new"))
                owned._discard(swept[0])
            else:
                swept.extend(sweep_folders(tmp_path, "x-"))
            return original(*arguments, **options)

        monkeypatch.setattr(place, name, first_sweep)

    broom({"open": os, "flock": owned, "rename": Path}[moment], {"flock": "_take"}.get(moment, moment))
    folder = OwnedFolder.make(tmp_path, "x-")
    assert len(swept) == 1
    assert folder.path not in swept
    assert list(tmp_path.iterdir()) == [folder.path]
    folder.remove()
