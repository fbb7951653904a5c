"""Which server is chosen, with every kind there to be had or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.shadow import choice
from migsafe.shadow.account import Account
from migsafe.shadow.binaries import Binaries
from migsafe.shadow.options import ServerChoice

SYSTEM = [Binaries(Path("/system/17"), "17.11"), Binaries(Path("/system/15"), "15.18")]


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """A machine that has a wheel and two versions of the system's; take away what a test does not want."""
    there = {"wheel": True, "system": True}

    def find(_account: Account, _bin_dir: Path | None = None) -> Binaries:
        if not there["wheel"]:
            raise EnvironmentFailedError("no Postgres to run the shadow database with")
        return Binaries(Path("/wheel"), "18.6")

    def system(_account: Account) -> Iterator[Binaries]:
        return iter(SYSTEM if there["system"] else [])

    monkeypatch.setattr(choice, "find_binaries", find)
    monkeypatch.setattr(choice, "system_binaries", system)
    return there


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        (ServerChoice(), None),
        (ServerChoice(major=15), Path("/system/15")),
        (ServerChoice(major=16), None),
        (ServerChoice(major=18), None),
        (ServerChoice(bin_dir=Path("/mine"), major=15), Path("/mine")),
    ],
)
@pytest.mark.usefixtures("surroundings")
def test_programs_with_everything_there(said: ServerChoice, chosen: Path | None) -> None:
    assert choice.choose_programs(said) == chosen


@pytest.mark.parametrize("said", [ServerChoice(), ServerChoice(major=16)])
def test_without_a_wheel_the_newest_of_the_system(said: ServerChoice, surroundings: dict[str, bool]) -> None:
    surroundings["wheel"] = False
    assert choice.choose_programs(said) == Path("/system/17")


def test_without_anything_it_says_what_to_do(surroundings: dict[str, bool]) -> None:
    surroundings.update(wheel=False, system=False)
    with pytest.raises(EnvironmentFailedError) as caught:
        choice.choose_programs(ServerChoice(major=16))
    assert all(word in (caught.value.hint or "") for word in ("[embedded]", "--pg-bin", "--shadow-url"))


def test_a_password_in_the_address_is_refused_before_anything_is_reached() -> None:
    with pytest.raises(UsageError, match="--shadow-url holds a password"):
        choice.start_server(ServerChoice(url="postgresql://a:b@localhost:1/x"))


def test_folders_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match="has no postgres"):
        choice.start_server(ServerChoice(bin_dir=tmp_path))
