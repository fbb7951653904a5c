"""The forms in which a query is put."""

from __future__ import annotations

import pytest

from migsafe.shadow.compat.forms import Form, forms, repair_literals
from migsafe.shadow.compat.query import Origin, Query


@pytest.mark.parametrize(
    ("sql", "repaired"),
    [
        ("now() - interval $1", "now() - $1::interval"),
        ("DATE $2 and timestamptz $1", "$2::DATE and $1::timestamptz"),
        ("timestamp with time zone $1", "$1::timestamp with time zone"),
        ("time without time zone $1", "$1::time without time zone"),
    ],
)
def test_typed_literals_are_repaired(sql: str, repaired: str) -> None:
    assert repair_literals(sql) == repaired


@pytest.mark.parametrize(
    "sql", ["'interval $1'", '"interval $1"', "-- interval $1", "my_interval $1", "interval '1 day'", "date($1)", "$1"]
)
def test_what_is_no_typed_literal_stays(sql: str) -> None:
    assert repair_literals(sql) == sql


def test_a_file_is_read_in_its_alternatives() -> None:
    query = Query("a $1", Origin.FILE, alternatives=("a ?",))
    assert list(forms(query)) == [Form("a $1"), Form("a ?")]


def test_recorded_types_are_a_second_form() -> None:
    query = Query("select $1, $2", Origin.RECORDED, types=("int", "Odd"))
    assert list(forms(query)) == [Form("select $1, $2"), Form("select $1, $2", (20, 0))]


def test_types_that_nobody_knows_are_no_form() -> None:
    assert list(forms(Query("select $1", Origin.RECORDED, types=("Odd",)))) == [Form("select $1")]


def test_counted_statements_are_repaired_and_then_guessed() -> None:
    found = list(forms(Query("select interval $2", Origin.STATISTICS)))
    assert found[:2] == [Form("select interval $2"), Form("select $2::interval")]
    assert found[2] == Form("select $2::interval", (25, 25), guessed=True)
    assert all(form.guessed and len(set(form.types)) == 1 for form in found[2:])


@pytest.mark.parametrize("sql", ["select 1", "select $99999999"])
def test_nothing_is_guessed_where_nothing_can_be(sql: str) -> None:
    assert list(forms(Query(sql, Origin.STATISTICS))) == [Form(sql)]
