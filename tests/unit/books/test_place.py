"""Names of tables, as people say them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.books.place import TableName, parse_table


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("kept", TableName("kept")),
        ("Kept", TableName("Kept")),
        ("app.kept", TableName("kept", "app")),
        ('"odd.schema".kept', TableName("kept", "odd.schema")),
        ('app."with ""quotes"""', TableName('with "quotes"', "app")),
        ("two words", TableName("two words")),
    ],
)
def test_a_name_is_read(said: str, expected: TableName) -> None:
    assert parse_table(said) == expected


_part = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(name=_part, schema=st.none() | _part)
def test_a_name_is_read_as_it_is_spelt(name: str, schema: str | None) -> None:
    assert parse_table(str(TableName(name, schema))) == TableName(name, schema)
