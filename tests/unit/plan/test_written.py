"""Columns, types and expressions as a person says them."""

from __future__ import annotations

import pytest

from migsafe.errors import UsageError
from migsafe.plan.recipe import PlanRefusedError
from migsafe.plan.targets import TableTarget, find_table
from migsafe.plan.written import check_expression, read_assignments, read_column, read_expression, read_type
from plan_projects import catalogue_of

_SQL = """
CREATE TABLE users (id int);
CREATE FUNCTION stamp(text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT $1 $$;
CREATE FUNCTION clean(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 $$;
"""


def _on() -> TableTarget:
    return find_table("users", catalogue_of(_SQL))


def test_a_column() -> None:
    definition = read_column("full_name varchar(20) NOT NULL", _on())
    assert (definition.name, str(definition.type), definition.not_null) == ("full_name", "character varying(20)", True)


def test_a_type() -> None:
    assert str(read_type("numeric(12, 2)", _on(), "id").type) == "numeric(12,2)"


@pytest.mark.parametrize("text", ["", "numeric(", "bigint, DROP COLUMN id", "bigint; DROP TABLE users"])
def test_what_is_no_type(text: str) -> None:
    with pytest.raises(UsageError, match="is no type"):
        read_type(text, _on(), "id")


@pytest.mark.parametrize("text", ["1", "'a;b'", "upper(name) || ')'", "CASE WHEN a THEN b END"])
def test_an_expression(text: str) -> None:
    assert read_expression(text).text


# A query could look at other rows, which change without the trigger.
@pytest.mark.parametrize("text", ["", "(", "1)", "1; SELECT 2", "f(", "'", "(SELECT 1)"])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(UsageError):
        read_expression(text)


def test_assignments_keep_what_stands_behind_the_first_sign() -> None:
    assert read_assignments(["a=b = c", " d = 'e=f' "], "--up") == (("a", "b = c"), ("d", "'e=f'"))


def test_what_is_computed_the_same_way_twice_is_fine() -> None:
    check_expression("clean(lower(name))", ("name",), catalogue_of(_SQL))


@pytest.mark.parametrize("text", ["name || clock_timestamp()", "stamp(name)"])
def test_what_is_another_value_every_time_is_refused(text: str) -> None:
    with pytest.raises(PlanRefusedError, match="another value every time"):
        check_expression(text, ("name",), catalogue_of(_SQL))
