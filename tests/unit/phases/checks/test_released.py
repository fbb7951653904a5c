"""Migrations that were edited after their release, and values that come too early."""

from __future__ import annotations

import pytest

from migsafe.phases.checks.released import new_values_too_early, released_migration_edited
from phase_stories import tell

_BEFORE = "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE users (id int, mood mood, note text)"
_ADD = "ALTER TYPE mood ADD VALUE 'glad'"


def _early(texts: dict[str, str], releases: dict[str, tuple[str, ...]]) -> list[str]:
    return [one.message for one in new_values_too_early(tell({"1": _BEFORE} | texts, releases))]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users SET mood = 'glad'",
        "INSERT INTO users (id, mood) VALUES (1, 'glad')",
        "INSERT INTO users VALUES (1, 'glad')",
        "ALTER TABLE users ALTER mood SET DEFAULT 'glad'",
    ],
)
def test_a_value_that_the_same_release_adds_comes_too_early(sql: str) -> None:
    assert _early({"2": _ADD, "3": sql}, {"1.0": ("1",)}) == ["3 writes 'glad', which 2 adds in the next release too"]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users SET mood = 'sad'",
        "UPDATE users SET note = 'glad'",
        "INSERT INTO users (id, note) VALUES (1, 'glad')",
        "ALTER TABLE users ALTER note SET DEFAULT 'glad'",
    ],
)
def test_another_value_and_another_column_do_not(sql: str) -> None:
    assert _early({"2": _ADD, "3": sql}, {"1.0": ("1",)}) == []


def test_a_value_of_an_earlier_release_may_be_written() -> None:
    write = "UPDATE users SET mood = 'glad'"
    assert _early({"2": _ADD, "3": write}, {"1.0": ("1", "2")}) == []
    assert _early({"2": _ADD, "3": write}, {}) == []


def test_what_a_past_release_wrote_is_history() -> None:
    write = "UPDATE users SET mood = 'glad'"
    assert _early({"2": _ADD, "3": write}, {"1.0": ("1", "2", "3"), "1.1": ()}) == []


def test_an_edited_migration_is_said_with_its_release() -> None:
    story = tell({"1": _BEFORE, "2": _ADD}, {"1.0": ("1",)}, edited={"1.sql": "says something else since"})
    assert [(one.chapter.migration, one.message) for one in released_migration_edited(story)] == [
        ("1", "1 was released with 1.0, and says something else since")
    ]


def test_a_migration_that_is_as_it_was_is_not() -> None:
    assert list(released_migration_edited(tell({"1": _BEFORE}, {"1.0": ("1",)}))) == []
