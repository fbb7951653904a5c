"""Texts, or the reasons why there are none; listings; paths as shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from migsafe.model.script import SourceText, UnreadableFile
from migsafe.sources.files import Folder, decode_source, read_source, shown_path

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param("SELECT 1".encode("utf-16"), "is UTF-16", id="utf-16 little endian"),
        pytest.param(b"\xfe\xff\x00S", "is UTF-16", id="utf-16 big endian"),
        pytest.param(b"SELECT\x00 1", "holds a NUL byte (byte 6)", id="nul"),
        pytest.param("-- caf\u00e9".encode("latin-1"), "is not UTF-8 at byte 6", id="latin-1"),
        pytest.param(b"\xef\xbb\xbf\xff", "is not UTF-8 at byte 3", id="after a byte order mark"),
    ],
)
def test_what_is_no_text_is_said(data: bytes, reason: str) -> None:
    found = decode_source("a.sql", data)
    assert isinstance(found, UnreadableFile)
    assert found.reason.startswith(reason)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode_source("a.sql", b"\xef\xbb\xbfSELECT 1;\r\n") == SourceText("a.sql", "SELECT 1;\r\n")


def test_an_empty_file_is_a_text() -> None:
    assert decode_source("a.sql", b"") == SourceText("a.sql", "")


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.sql"
    os.mkfifo(pipe)
    assert read_source(pipe) == UnreadableFile(str(pipe), "is not a regular file")


def test_a_file_without_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.sql"
    path.write_text("SELECT 1")

    def refuse(_: Path) -> bytes:
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    assert read_source(path) == UnreadableFile(str(path), "may not be read: permission denied")


def test_a_link_that_leads_nowhere_is_said(tmp_path: Path) -> None:
    link = tmp_path / "a.sql"
    link.symlink_to(tmp_path / "gone.sql")
    assert read_source(link) == UnreadableFile(str(link), "cannot be read: no such file or directory")


def test_paths_are_shown_from_the_current_folder_when_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert shown_path(tmp_path / "here" / "db" / "1.sql") == "db/1.sql"
    assert shown_path(tmp_path / "there" / "1.sql") == (tmp_path / "there" / "1.sql").as_posix()


def test_a_listing_leaves_out_what_is_hidden(tmp_path: Path) -> None:
    for name in (".hidden.sql", "b.SQL", "a.sql", "c.txt"):
        (tmp_path / name).touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    folder = Folder(tmp_path)
    assert folder.sql_files() == ("a.sql", "b.SQL")
    assert folder.folders == ("sub",)
    assert folder.has_folder(".git")


def test_a_folder_that_cannot_be_listed_says_so(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "gone")
    assert folder.files == ()
    assert folder.unreadable == UnreadableFile(str(tmp_path / "gone"), "cannot be read: no such file or directory")


def test_a_link_loop_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    folder = Folder(tmp_path)
    assert folder.folders == ()
    assert isinstance(folder.source("loop"), UnreadableFile)
