"""What the local engine remembers."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from migsafe.deploy.providers.local.state import Color, Pool, State, StateFile, make_private, write_private
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from pathlib import Path

_STATE = State(
    order=7,
    fence=3,
    promoted=Color.GREEN,
    pools={
        Color.GREEN: Pool(version="v2", slots=(1, 2)),
        Color.BLUE: Pool(version="v1", slots=(1,), resting=True),
    },
    weights={"green-1": 1, "green-2": 1},
    shape="abc",
    gap_s=0.5,
)


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    memory = StateFile(tmp_path)
    assert memory.read() == State()
    memory.write(_STATE)
    assert memory.read() == _STATE
    memory.write(State())
    assert memory.read() == State()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 2}', '{"format": 1, "pools": {}, "promoted": null, "x": 1}']
)
def test_what_cannot_be_read_is_not_guessed(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(EnvironmentFailedError, match=r"state\.json cannot be read") as caught:
        StateFile(tmp_path).read()
    assert caught.value.hint == "end what runs there, remove the folder, and deploy anew"


def test_one_at_a_time(tmp_path: Path) -> None:
    now = iter(range(0, 1000, 10))
    waited: list[float] = []
    other = StateFile(tmp_path, clock=lambda: next(now), sleep=waited.append)
    with StateFile(tmp_path).held():
        with pytest.raises(EnvironmentFailedError, match="somebody else is changing the local engine"), other.held():
            pass
        assert waited
    with other.held():
        pass


def test_files_and_folders_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_private(folder)
    write_private(folder / "file", "text")
    write_private(folder / "file", "other text")
    assert (folder / "file").read_text() == "other text"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "file").stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailedError, match="cannot be used"):
        make_private(tmp_path / "file" / "folder")


def test_places() -> None:
    assert _STATE.stable == Pool(version="v2", slots=(1, 2))
    assert _STATE.candidate is Color.BLUE
    assert _STATE.place_of("v1") is Color.BLUE
    assert _STATE.place_of("v3") is None
    assert State().stable is None
    assert State().candidate is None
    assert State(pools={Color.BLUE: Pool(version="v1")}).candidate is Color.BLUE
