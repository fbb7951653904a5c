"""Indexes as statements."""

from __future__ import annotations

import pytest

from migsafe.plan.indexes import build_index_step, has_index_on, index_body
from migsafe.plan.targets import find_table
from plan_projects import catalogue_of

_TABLE = "CREATE TABLE t (a int, b text, c int, d jsonb);"


@pytest.mark.parametrize(
    ("index", "body"),
    [
        ("(a)", "USING btree (x)"),
        ("(c, a DESC)", "USING btree (c, x DESC)"),
        ("(a DESC NULLS LAST, c NULLS FIRST)", "USING btree (x DESC NULLS LAST, c NULLS FIRST)"),
        ('(b COLLATE "C" text_pattern_ops) INCLUDE (a)', 'USING btree (b COLLATE "C" text_pattern_ops) INCLUDE (x)'),
        ("((a + c)) WHERE a > 0 AND b <> 'a'", "USING btree ((x + c)) WHERE x > 0 AND b <> 'a'"),
        ("USING gin (d jsonb_path_ops)", "USING gin (d jsonb_path_ops)"),
    ],
)
def test_the_same_index_over_another_column(index: str, body: str) -> None:
    catalogue = catalogue_of(f"{_TABLE} CREATE INDEX i ON t {index};")
    (found,) = catalogue.indexes_of(find_table("t", catalogue).table.name)
    assert index_body(found, {"a": "x"}) == body


def test_nulls_that_count() -> None:
    catalogue = catalogue_of(f"{_TABLE} CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;")
    (found,) = catalogue.indexes_of(find_table("t", catalogue).table.name)
    assert index_body(found, {}) == "USING btree (a) NULLS NOT DISTINCT"


def test_a_broken_index_of_an_earlier_try_holds_the_next() -> None:
    step = build_index_step(find_table("t", catalogue_of(_TABLE)), "i", ("a", "b"))
    assert step.forward == ("CREATE INDEX CONCURRENTLY i ON t (a, b);",)
    assert any("there is no index i yet" in check.name for check in step.before)


@pytest.mark.parametrize(
    ("index", "found"), [("(a, c)", True), ("(c, a)", False), ("(a) WHERE c > 0", False), ("((a + 1))", False)]
)
def test_rows_are_found_by_an_index_that_begins_with_the_column(index: str, found: bool) -> None:
    catalogue = catalogue_of(f"{_TABLE} CREATE INDEX i ON t {index};")
    assert has_index_on(find_table("t", catalogue), "a", catalogue) is found
