"""Names and constants as SQL text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.plan.sql import (
    collation,
    dollar_quoted,
    literal,
    plain,
    safe_name,
    split_name,
    with_renamed_column,
    word_pattern,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("users", ("users",)),
        ("Users.Name", ("users", "name")),
        ('app."User""s".name', ("app", 'User"s', "name")),
        ("app . users", ("app", "users")),
        ("", None),
        ("users.", None),
        (".users", None),
        ("users name", None),
        ("1a", None),
        ('""', None),
        ("users;", None),
    ],
)
def test_split_name(text: str, parts: tuple[str, ...] | None) -> None:
    assert split_name(text) == parts


def test_a_name_that_fits_is_kept() -> None:
    assert safe_name("users", "name", suffix="_key") == "users_name_key"


@given(st.text(min_size=1), st.text(max_size=20).map(lambda text: "_" + text[:5]))
def test_a_name_always_fits(name: str, suffix: str) -> None:
    made = safe_name(name, suffix=suffix)
    assert len(made.encode()) <= 63
    assert made.endswith(suffix)


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert safe_name("x" * 70 + "a") != safe_name("x" * 70 + "b")


@pytest.mark.parametrize(("text", "word"), [("users.Name", "users_name"), ("varchar(100)", "varchar_100"), ("—", "x")])
def test_plain(text: str, word: str) -> None:
    assert plain(text) == word


def test_a_literal_keeps_its_quotes() -> None:
    assert literal("it's") == "'it''s'"


def test_a_body_with_the_tag_gets_another_one() -> None:
    assert dollar_quoted("$migsafe$") == "$migsafe_$\n$migsafe$\n$migsafe_$"


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("lower(name)", "lower(full_name)"),
        ("Name || 'name'", "full_name || 'name'"),
        ("\"name\" <> E'it''s name'", "full_name <> E'it''s name'"),
        ("name(name)", "name(full_name)"),
        ("username <> ''", "username <> ''"),
        ('"Name"', '"Name"'),
    ],
)
def test_with_renamed_column(text: str, renamed: str) -> None:
    assert with_renamed_column(text, "name", "full_name") == renamed


def test_a_pattern_takes_a_name_as_it_is() -> None:
    assert word_pattern("a.b") == r"\ma\.b\M"


@pytest.mark.parametrize(
    ("name", "written"),
    [('"C"', '"C"'), ("C", '"C"'), ("german", "german"), ('app."De"', 'app."De"'), ("en_US.utf8", '"en_US.utf8"')],
)
def test_collations(name: str, written: str) -> None:
    assert collation(name) == written
