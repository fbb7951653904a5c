"""Colours by the conventions of no-color.org and force-color.org."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.cli.presentation import presentation, shows_colours


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),  # the tests' standard output is no terminal
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, False),
    ],
)
def test_what_the_environment_says(environ: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert shows_colours() is expected


def test_a_file_and_an_option_are_never_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert presentation(None, quiet=False, no_color=False).colour
    assert not presentation(None, quiet=False, no_color=True).colour
    assert not presentation(Path("report.txt"), quiet=False, no_color=False).colour
