from __future__ import annotations

import os
from pathlib import Path

import pytest

from migsafe.cli import output
from migsafe.errors import PathNotFoundError, UsageError


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("old")
    file.chmod(0o640)
    output.emit("new ü\n", file)
    assert file.read_text(encoding="utf-8") == "new ü\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_new_file_gets_the_permissions_of_a_new_file(tmp_path: Path) -> None:
    output.emit("x", tmp_path / "mine")
    (tmp_path / "plain").write_text("x")
    assert (tmp_path / "mine").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.json"
    file.write_text("old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        output.emit("new", file)
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    link = tmp_path / "link"
    link.symlink_to(target)
    output.emit("new", link)
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_an_undecodable_name_does_not_stop_the_report(tmp_path: Path) -> None:
    output.emit("\udcff", tmp_path / "report")
    assert (tmp_path / "report").read_bytes() == b"\\udcff"


def test_a_missing_folder_is_told_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match="no folder"):
        output.check_target(tmp_path / "absent" / "report")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        output.check_target(tmp_path)
