"""Words that messages and recipes share."""

from __future__ import annotations

import pytest

from migsafe.model.names import QualifiedName
from migsafe.model.operation import CreateIndex, Expression, IndexElement
from migsafe.model.script import Span
from migsafe.rules.wording import constraint_name, index_sql, name_list, parenthesised, recipe, set_not_null_recipe


@pytest.mark.parametrize(
    ("names", "text"), [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")]
)
def test_names_in_a_sentence(names: tuple[str, ...], text: str) -> None:
    assert name_list(names) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [("a > 0", "(a > 0)"), ("(a > 0)", "(a > 0)"), ("(a) > (b)", "((a) > (b))"), ("((a))", "((a))")],
)
def test_an_expression_gets_one_pair_of_parentheses(text: str, result: str) -> None:
    assert parenthesised(text) == result


def test_an_index_keeps_all_that_it_has() -> None:
    index = CreateIndex(
        span=Span(0, 0),
        table=QualifiedName("users", "app"),
        name="Mixed",
        elements=(
            IndexElement(column="email", collation='"C"', operator_class="text_pattern_ops", descending=True),
            IndexElement(expression=Expression("lower(name)"), nulls_first=True),
            IndexElement(expression=Expression("a || b")),
        ),
        unique=True,
        if_not_exists=True,
        method="btree",
        include=("id",),
        where=Expression("id > 5"),
        nulls_not_distinct=True,
    )
    assert index_sql(index, concurrently=True) == (
        'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "Mixed" ON app.users USING btree '
        '(email COLLATE "C" text_pattern_ops DESC, lower(name) NULLS FIRST, (a || b)) '
        "INCLUDE (id) NULLS NOT DISTINCT WHERE id > 5;"
    )
    assert "IF NOT EXISTS" not in index_sql(index, guarded=False)
    assert "ON ONLY app.users" in index_sql(index, only=True)


def test_a_constraint_without_a_name_gets_postgres_own() -> None:
    assert constraint_name(None, "orders", ["user_id"], "fkey") == "orders_user_id_fkey"
    assert constraint_name("K", "orders", ["user_id"], "fkey") == '"K"'
    assert len(constraint_name(None, "t" * 60, ["c" * 60], "fkey")) == 63


def test_a_recipe_leaves_out_what_is_empty() -> None:
    assert recipe("a", "", "b") == "a\nb"


@pytest.mark.parametrize("server", [15, 17])
def test_not_null_by_a_check_ends_without_it(server: int) -> None:
    lines = set_not_null_recipe(QualifiedName("t"), ["c"], server).splitlines()
    assert lines[-2:] == ["ALTER TABLE t ALTER COLUMN c SET NOT NULL;", "ALTER TABLE t DROP CONSTRAINT t_c_not_null;"]
