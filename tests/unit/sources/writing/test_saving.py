"""All files or none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.sources.writing import WrittenFile, save


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_new_and_replaced_files(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    plan.write_bytes(b"\xef\xbb\xbfa\r\n")
    plan.chmod(0o640)
    save([WrittenFile(plan, "a\r\nb\r\n", was="a\r\n"), WrittenFile(tmp_path / "x" / "y" / "up.sql", "é\n")])
    assert tree(tmp_path) == {"plan": b"\xef\xbb\xbfa\r\nb\r\n", "x/y/up.sql": "é\n".encode()}
    assert plan.stat().st_mode & 0o777 == 0o640


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        save([WrittenFile(tmp_path / "new" / "a", "1"), WrittenFile(tmp_path / "b", "2")])
    assert tree(tmp_path) == {"b": b"mine"}
    assert not (tmp_path / "new").exists()


def test_a_link_that_leads_nowhere_is_there_too(tmp_path: Path) -> None:
    (tmp_path / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is there already"):
        save([WrittenFile(tmp_path / "b", "2")])


@pytest.mark.parametrize("now", [b"changed", None])
def test_what_changed_meanwhile_is_kept(now: bytes | None, tmp_path: Path) -> None:
    if now is not None:
        (tmp_path / "b").write_bytes(now)
    with pytest.raises(UsageError, match="since it was read"):
        save([WrittenFile(tmp_path / "a", "1"), WrittenFile(tmp_path / "b", "2", was="old")])
    assert tree(tmp_path) == ({} if now is None else {"b": now})


def test_two_in_one_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one place"):
        save([WrittenFile(tmp_path / "a", "1"), WrittenFile(tmp_path / "a", "2")])


@pytest.mark.parametrize("failing", ["link", "fsync"])
def test_a_failure_half_way_takes_everything_back(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan").write_bytes(b"old")
    real, calls = getattr(os, failing), list[object]()

    def broken(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) > 1:
            raise OSError(28, "No space left on device", str(tmp_path / "b"))
        real(*arguments)

    monkeypatch.setattr(os, failing, broken)
    if failing == "link":  # nor does a file system without links help
        opened = Path.open

        def full(path: Path, mode: str = "r", *rest: object, **more: object) -> object:
            if "x" in mode:
                raise OSError(28, "No space left on device", str(path))
            return opened(path, mode, *rest, **more)  # type: ignore[call-overload]  # whatever was given

        monkeypatch.setattr(Path, "open", full)
    files = [
        WrittenFile(tmp_path / "plan", "new", was="old"),
        WrittenFile(tmp_path / "d" / "a", "1"),
        WrittenFile(tmp_path / "d" / "b", "2"),
    ]
    with pytest.raises(EnvironmentFailedError, match="cannot be written: no space"):
        save(files)
    monkeypatch.undo()
    assert tree(tmp_path) == {"plan": b"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]
