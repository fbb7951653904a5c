"""Frozen outside of windows."""

from __future__ import annotations

from migsafe.config.windows import read_windows
from preflight_cases import ask, case, weights


def test_outside_of_the_window_is_frozen_and_says_until_when() -> None:
    (reason,) = ask("window", case(windows=read_windows("Mon-Thu 09-12")))
    assert (reason.weight, reason.passing) == ("no-go", True)
    assert "Mon 2026-11-09 09:00 UTC" in reason.text


def test_inside_and_without_one_all_is_well() -> None:
    assert weights("window", case(windows=read_windows("Mon-Thu 09-16"))) == []
    assert weights("window", case()) == []
