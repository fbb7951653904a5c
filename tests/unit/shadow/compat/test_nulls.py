"""Which columns a plan always gives NULL."""

from __future__ import annotations

from migsafe.shadow.compat.nulls import Insert, WrittenColumn, inserts, refused_nulls

RESULT = {"Node Type": "Result", "Parent Relationship": "Outer", "Output": ["$1", "NULL::text"]}
INSERT = {
    "Node Type": "ModifyTable",
    "Operation": "Insert",
    "Schema": "public",
    "Relation Name": "t",
    "Plans": [RESULT],
}


def test_inserts_are_found_at_any_depth() -> None:
    plan = {"Node Type": "CTE Scan", "Plans": [INSERT | {"Parent Relationship": "InitPlan"}]}
    assert list(inserts(plan)) == [Insert("public", "t", ("$1", "NULL::text"))]
    assert list(inserts(INSERT | {"Operation": "Update"})) == []


def test_the_source_of_rows_is_the_outer_child() -> None:
    other = RESULT | {"Parent Relationship": "InitPlan", "Output": ["NULL::int"]}
    assert [insert.given for insert in inserts(INSERT | {"Plans": [other, RESULT]})] == [("$1", "NULL::text")]


def test_only_columns_that_refuse_null_count() -> None:
    insert = Insert(
        "public", "t", ("NULL::integer", "(NULL::text)::character varying", "$1", "NULLIF($1, 'NULL::text')")
    )
    columns = [WrittenColumn(name, refuses) for name, refuses in zip("abcd", (False, True, True, True), strict=True)]
    assert refused_nulls(insert, columns) == ('column "b" of "t"',)


def test_a_plan_of_another_width_says_nothing() -> None:
    assert refused_nulls(Insert("public", "t", ("NULL::text",)), []) is None
