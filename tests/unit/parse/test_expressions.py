"""Expressions: what is known of them from their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.names import QualifiedName
from migsafe.model.script import Span
from migsafe.parse.cursor import Cursor, Stuck
from migsafe.parse.expressions import always_true, compared_columns, read_expression, without_parentheses
from migsafe.parse.postgres.lexing import cursor_on

if TYPE_CHECKING:
    from migsafe.model.operation import Expression


def on(text: str) -> Cursor:
    return cursor_on(text, Span(0, len(text)))


def read(text: str) -> Expression:
    return read_expression(on(text))


@pytest.mark.parametrize(
    "text",
    ["1", "-1.5", "'a'", "true", "NULL", "('a')", "'a'::text", "'{}'::jsonb", "ARRAY[1, 2]::int[]", "'{}'::text[]",
     "date '2026-01-01'", "interval '1 day'", "CAST('1' AS numeric(10, 2))", "'a'::character varying(3)", "E'a\\n'"],
)  # fmt: skip
def test_constants(text: str) -> None:
    assert read(text).literal


@pytest.mark.parametrize("text", ["a", "now()", "'a' || b", "1 + 1", "'a'::my_type", "ARRAY[a]", "current_date"])
def test_what_is_no_constant(text: str) -> None:
    assert not read(text).literal


@pytest.mark.parametrize(("text", "null"), [("NULL", True), ("NULL::text", True), ("(NULL)", True), ("'NULL'", False)])
def test_the_constant_null(text: str, null: bool) -> None:
    assert read(text).null is null


@pytest.mark.parametrize(
    ("text", "functions", "columns"),
    [
        ("now()", ("now",), ()),
        ("pg_catalog.now() + interval '1 day'", ("pg_catalog.now",), ()),
        ("CURRENT_TIMESTAMP", ("current_timestamp",), ()),
        ("lower(A) = \"B\"", ("lower",), ("a", "B")),
        ("t.a::numeric(10, 2) > coalesce(b, 0)", (), ("a", "b")),
        ("extract(epoch from created_at)", ("extract",), ("created_at",)),
        ("a AT TIME ZONE 'utc' COLLATE \"C\"", (), ("a",)),
        ("first > 3 AND range IS NOT NULL", (), ("first", "range")),
        ("CASE WHEN a IN ('x', 'y') THEN b ELSE c END", (), ("a", "b", "c")),
        ("a IN (SELECT id FROM other WHERE f(x))", ("f",), ("a", "id", "x")),
    ],
)  # fmt: skip
def test_functions_and_columns(text: str, functions: tuple[str, ...], columns: tuple[str, ...]) -> None:
    found = read(text)
    assert found.understood
    assert (found.functions, set(found.columns)) == (functions, set(columns))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a IS NOT NULL", {"a"}),
        ("(a IS NOT NULL) AND ((b IS NOT NULL AND c > 0))", {"a", "b"}),
        ("a IS NOT NULL OR b IS NOT NULL", set()),
        ("a IS NULL", set()),
        ("NOT (a IS NULL)", set()),
        ("a BETWEEN 1 AND b IS NOT NULL", set()),
        ("CASE WHEN a IS NOT NULL THEN true END", set()),
    ],
)
def test_columns_that_a_check_keeps_from_null(text: str, columns: set[str]) -> None:
    assert read(text).proves_not_null == columns


@pytest.mark.parametrize(
    ("text", "sequence"),
    [("nextval('s.\"Q\"'::regclass)", QualifiedName("Q", "s")), ("nextval('q')", QualifiedName("q")), ("now()", None)],
)
def test_nextval(text: str, sequence: QualifiedName | None) -> None:
    assert read(text).nextval_of == sequence


@pytest.mark.parametrize("text", ["'V0' ALTER TABLE t", "a b", "1 2", '(a > 0) "b"'])
def test_operands_without_an_operator_are_refused(text: str) -> None:
    with pytest.raises(Stuck):
        read(text)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("id = 1", ["id"]),
        ("1 < id", ["id"]),
        ("t.id IN (1, 2) AND b IS NULL", ["id"]),
        ("id BETWEEN 1 AND 10", ["id"]),
        ("id = ANY(ARRAY[1, 2])", ["id"]),
        ("state = 'x'::my_enum", ["state"]),
        ("id = $1", ["id"]),
        ("id = 1 OR id = 2", ["id"]),
        ("id = 1 OR b IS NULL", []),
        ("id = other", []),
        ("id <> 1", []),
        ("id IS NULL", []),
        ("NOT id = 1", []),
        ("id NOT IN (1, 2)", []),
        ("id IN (SELECT 1)", []),
    ],
)
def test_columns_compared_with_constants(text: str, columns: list[str]) -> None:
    assert compared_columns(on(text)) == columns


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("1 = 1", True), ("(TRUE)", True), ("a = 1 OR true", True), ("a = 1 AND true", False),
     ("a", False),
     ("1 = 2", False)],
)  # fmt: skip
def test_conditions_that_always_hold(text: str, expected: bool) -> None:
    assert always_true(on(text)) is expected


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("a", "a"),
        ("((a))", "a"),
        ("(a) + (b)", "(a) + (b)"),
        ("((a) + (b))", "(a) + (b)"),
        ("(a[1])", "a[1]"),
        ("(a", "(a"),
        ("(" * 10_000 + "a" + ")" * 10_000, "a"),
    ],
)
def test_parentheses_around_all_of_it_mean_nothing(text: str, bare: str) -> None:
    assert without_parentheses(on(text)).source == bare
