"""Renamed objects, and names that are cut."""

from __future__ import annotations

import pytest

from rule_cases import findings, loud

LONG = "a_name_that_goes_on_and_on_until_sixty_three_bytes_are_used_up_for_"


def test_a_cut_name_alone_is_only_worth_knowing() -> None:
    found = [f for f in findings(f"CREATE TABLE t (id int); CREATE INDEX {LONG}one ON t (id);") if "too-long" in f.rule]
    assert [f.severity for f in found] == ["info"]


def test_a_clash_is_said_once_where_it_happens() -> None:
    sql = f"CREATE TABLE t (id int);\nCREATE INDEX {LONG}one ON t (id);\nCREATE INDEX {LONG}two ON t (id);"
    found = [f for f in findings(sql) if f.rule == "identifier-too-long" and f.severity == "error"]
    assert [f.start.line for f in found] == [3]


def test_long_strings_and_comments_are_no_names() -> None:
    sql = f"CREATE TABLE t (id text DEFAULT '{LONG * 2}'); -- {LONG}\nSELECT $${LONG}$$;"
    assert [f for f in findings(sql) if f.rule == "identifier-too-long"] == []


def test_bytes_count_not_characters() -> None:
    found = findings(f'CREATE TABLE "{"ä" * 40}" (id int);')
    assert [f.severity for f in found if f.rule == "identifier-too-long"] == ["info"]


@pytest.mark.parametrize(
    ("made", "renamed", "expected"),
    [
        ("CREATE TABLE t (id serial);", "ALTER SEQUENCE t_id_seq RENAME TO s;", False),
        ("CREATE SEQUENCE t_seq;", "ALTER SEQUENCE t_seq RENAME TO s;", True),
        ("CREATE TYPE a AS ENUM ('x');", "ALTER TYPE a RENAME TO b;", True),
        ("CREATE TYPE a AS ENUM ('x');", "ALTER TYPE a RENAME TO b; CREATE TYPE a AS ENUM ('y');", False),
        ("CREATE TABLE t (id int); CREATE INDEX i ON t (id);", "ALTER INDEX i RENAME TO j;", False),
    ],
)
def test_who_uses_an_object_by_its_name(made: str, renamed: str, expected: bool) -> None:
    assert ("rename-object" in loud(made, renamed)) is expected
