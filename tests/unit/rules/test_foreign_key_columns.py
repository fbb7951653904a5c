"""Foreign keys and the types of their columns."""

from __future__ import annotations

import pytest

from migsafe.model.finding import Severity
from rule_answers import answers


@pytest.mark.parametrize(
    ("key", "column", "severity"),
    [
        ("bigint", "integer", Severity.WARNING),
        ("serial", "smallint", Severity.WARNING),
        ("uuid", "text", Severity.ERROR),
        ("integer", "varchar(20)", Severity.ERROR),
        ("bigserial", "bigint", None),
        ("integer", "numeric", None),
        ("text", "varchar(10)", None),
        ("timestamptz", "date", None),
        ("citext", "text", None),
        ("mood", "integer", None),
    ],
)
def test_types_that_do_not_fit(key: str, column: str, severity: Severity | None) -> None:
    before = f"CREATE TABLE p (id {key} PRIMARY KEY);"
    found = answers("fk-type-mismatch", f"CREATE TABLE c (p_id {column} REFERENCES p (id));", before=[before])
    assert [finding.severity for finding in found] == ([severity] if severity else [])


def test_columns_are_compared_in_pairs() -> None:
    before = "CREATE TABLE p (a bigint, b integer, PRIMARY KEY (a, b));"
    sql = "CREATE TABLE c (x bigint, y smallint, FOREIGN KEY (x, y) REFERENCES p);"
    (finding,) = answers("fk-type-mismatch", sql, before=[before])
    assert finding.objects == ("c.y", "p.b")


def test_an_unknown_table_says_nothing() -> None:
    assert answers("fk-type-mismatch", "CREATE TABLE c (x int REFERENCES p (id));") == []


def test_the_primary_key_is_an_index_too() -> None:
    before = "CREATE TABLE p (id int PRIMARY KEY);"
    sql = "CREATE TABLE c (p_id int REFERENCES p (id), n int, PRIMARY KEY (p_id, n));"
    assert answers("fk-missing-index", sql, before=[before]) == []


def test_a_partial_index_does_not_serve() -> None:
    before = "CREATE TABLE p (id int PRIMARY KEY);"
    sql = "CREATE TABLE c (p_id int REFERENCES p (id)); CREATE INDEX i ON c (p_id) WHERE p_id > 5;"
    assert len(answers("fk-missing-index", sql, before=[before])) == 1
