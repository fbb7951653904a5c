"""Names that databases make up, as PostgreSQL 18 does it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.catalogue.naming import expression_name, index_column_names, join_columns, make_object_name
from migsafe.model.operation import Expression, IndexElement


@pytest.mark.parametrize(
    ("first", "second", "label", "expected"),
    [
        ("users", "email", "key", "users_email_key"),
        ("users", None, "pkey", "users_pkey"),
        ("t" * 63, None, "pkey", "t" * 58 + "_pkey"),
        ("t" * 40, "c" * 40, "idx", "t" * 29 + "_" + "c" * 29 + "_idx"),
        ("short", "c" * 70, "key", "short_" + "c" * 53 + "_key"),
        ("ü" * 31, "email", "key", "ü" * 26 + "_email_key"),
    ],
)
def test_make_object_name_cuts_the_longer_part(first: str, second: str | None, label: str, expected: str) -> None:
    assert make_object_name(first, second, label) == expected


@given(st.text(max_size=90), st.none() | st.text(max_size=90), st.sampled_from(["key", "pkey", "not_null", "idx12"]))
def test_made_up_names_always_fit_and_keep_their_label(first: str, second: str | None, label: str) -> None:
    made = make_object_name(first, second, label)
    assert len(made.encode()) <= 63
    assert made.endswith("_" + label)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lower(email)", "lower"),
        ("(lower(email))", "lower"),
        ("pg_catalog.lower(email)", "lower"),
        ("lower(email) || upper(name)", "expr"),
        ("a || b", "expr"),
        ("data ->> 'key'", "expr"),
        ("(data ->> 'n')::int", "int4"),
        ("created_at::date", "created_at"),
        ("cast(created_at as date)", "created_at"),
        ("a || b::text", "expr"),
        ("COALESCE(deleted_at, 'infinity')", "coalesce"),
        ("replace(name, ')', '(')", "replace"),
        ("created_at AT TIME ZONE 'UTC'", "timezone"),
        ("(created_at AT TIME ZONE 'UTC')::date", "timezone"),
        ("date_trunc('day', created_at AT TIME ZONE 'UTC')", "date_trunc"),
        ("CASE WHEN a THEN 1 END", "case"),
        ("1", "expr"),
        ("trim(name)", "btrim"),
        ("extract(year from created_at)", "extract"),
        ('name COLLATE "C"', "name"),
        ('(a || b) COLLATE "C"', "expr"),
    ],
)
def test_expression_name_is_that_of_postgres(text: str, expected: str) -> None:
    assert expression_name(Expression(text)) == expected


def test_repeated_index_columns_are_numbered_and_included_ones_count() -> None:
    elements = [IndexElement(expression=Expression("a + 1")), IndexElement(expression=Expression("a + 2"))]
    assert index_column_names([*elements, IndexElement(column="a")], ["a"]) == ["expr", "expr1", "a", "a1"]


def test_join_columns_stops_when_the_name_is_full() -> None:
    assert join_columns(["a", "b"]) == "a_b"
    assert join_columns(["x" * 63, "never"]) == "x" * 63 + "_never"
    assert join_columns(["x" * 64, "never"]) == "x" * 64
