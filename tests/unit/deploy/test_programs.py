"""The team's own programs: places, and what is shown of their words. Real ones run in the tests of providers."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from migsafe.deploy.programs import Surroundings, fill, find_program, last_line, optional_program, read_program
from migsafe.deploy.tables import Table
from migsafe.errors import ConfigurationError


def test_what_a_value_holds_is_not_filled_in_again() -> None:
    values = {"version": "{weight}", "weight": "5"}
    assert fill(["{version}", "{weight}{weight}", "{other}", "{}", '{"weight": {weight}}'], values) == [
        "{weight}", "55", "{other}", "{}", '{"weight": 5}',
    ]  # fmt: skip


def test_places_are_known_before_anything_runs() -> None:
    table = Table.of({"shift": ["run", '{"to": 1}', "{version}"], "bad": ["run", "a{versoin}b"]})
    assert read_program(table, "shift", ["version"]) == ("run", '{"to": 1}', "{version}")
    assert optional_program(table, "stage", ["version"]) is None
    with pytest.raises(ConfigurationError, match=r"\{versoin\} is no place that is filled in"):
        read_program(table, "bad", ["version"])
    with pytest.raises(ConfigurationError, match="is no place"):
        read_program(table, "shift", [])


def test_a_path_begins_in_the_folder_and_a_name_on_the_path(tmp_path: Path) -> None:
    for folder in ("bin", "scripts"):
        (tmp_path / folder).mkdir()
        program = tmp_path / folder / "switch"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    (tmp_path / "scripts" / "data").write_text("")
    surroundings = Surroundings(tmp_path, {"PATH": str(tmp_path / "bin")}, 1.0)
    assert find_program("switch", surroundings) == str(tmp_path / "bin" / "switch")
    assert find_program("./scripts/switch", surroundings) == str(tmp_path / "scripts" / "switch")
    assert find_program(str(tmp_path / "scripts" / "switch"), surroundings) == str(tmp_path / "scripts" / "switch")
    assert find_program("scripts/data", surroundings) is None
    assert find_program("data", surroundings) is None


@pytest.mark.parametrize(("said", "line"), [
    (b"", ""),
    (b"first\nlast\n\n  \n", "last"),
    (b"\xff broken", "\N{REPLACEMENT CHARACTER} broken"),
    (b"url postgres://me:hush@db/shop", "url postgres://me:***@db/shop"),
    (b"key is of-the-host and not hosted", "key is *** and not hosted"),
])  # fmt: skip
def test_last_words(said: bytes, line: str) -> None:
    assert last_line(io.BytesIO(said), {"DEPLOY_SECRET": "of-the-host", "USER": "hosted"}) == line


def test_last_words_are_cut() -> None:
    line = last_line(io.BytesIO(b"x" * 100_000), {})
    assert len(line) == 300
    assert line.endswith("…")
