"""Finding HAProxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.deploy.providers.local import haproxy
from migsafe.deploy.providers.local.haproxy import find_haproxy, version_of
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from pathlib import Path


def _program(folder: Path, says: str = "HAProxy version 2.8.25-5cf5d0683 2026/06/26") -> Path:
    program = folder / "haproxy"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return program


def test_the_one_that_is_named_wins(tmp_path: Path) -> None:
    program = _program(tmp_path)
    assert find_haproxy(program) == program


def test_one_that_is_named_and_not_there_is_not_replaced_by_another(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match=r"no program .*haproxy"):
        find_haproxy(tmp_path / "haproxy")


def test_the_one_on_path_comes_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = _program(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_haproxy() == program


def test_without_any_it_is_said_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(haproxy, "_WHEEL", "no_such_wheel")
    with pytest.raises(EnvironmentFailedError) as caught:
        find_haproxy()
    assert caught.value.hint is not None
    assert "pip install 'migsafe-toolkit[haproxy]'" in caught.value.hint


def test_the_wheels_own_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "some_wheel" / "bin" / "haproxy"
    program.parent.mkdir(parents=True)
    _program(program.parent)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(haproxy, "_WHEEL", "some_wheel")
    assert find_haproxy() == program


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("HAProxy version 2.8.25-5cf5d0683 2026/06/26", (2, 8)),
        ("HAProxy version 2.6.12-1+deb12u2 2025/04/18", (2, 6)),
        ("HA-Proxy version 1.8.30 2021/04/12", (1, 8)),
        ("HAProxy version 3.2.0 2025/05/28", (3, 2)),
    ],
)
def test_versions(tmp_path: Path, says: str, version: tuple[int, int]) -> None:
    assert version_of(_program(tmp_path, says)) == version


def test_something_else_by_that_name(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match="does not say that it is HAProxy"):
        version_of(_program(tmp_path, "hello"))
