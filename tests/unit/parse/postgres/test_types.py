"""Type names have the spelling of `format_type()`."""

from __future__ import annotations

import pytest

from migsafe.model.script import Span
from migsafe.parse.postgres.lexing import cursor_on
from migsafe.parse.postgres.types import read_type


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("INT", "integer"), ("int4", "integer"),
        ("pg_catalog.int8", "bigint"), ('"int2"', "smallint"), ("bool", "boolean"),
        ("varchar(10)", "character varying(10)"), ("char varying", "character varying"), ("char", "character(1)"),
        ('"char"', '"char"'), ("national character varying(3)", "character varying(3)"), ("float", "double precision"),
        ("float(24)", "real"), ("float(25)", "double precision"), ("float8", "double precision"),
        ("decimal(10, 2)", "numeric(10,2)"),
        ("timestamptz", "timestamp with time zone"),
        ("timestamp(3)", "timestamp(3) without time zone"),
        ("timestamp(3) with time zone", "timestamp(3) with time zone"),
        ("time", "time without time zone"), ("serial8", "bigserial"), ("int[]", "integer[]"),
        ("text ARRAY[4]", "text[]"),
        ("int[3][4]", "integer[][]"), ("s.my_type[]", "s.my_type[]"), ('"My Type"', "My Type"), ("bit", "bit(1)"),
        ("varbit(5)", "bit varying(5)"), ("geometry(Point, 4326)", "geometry(Point,4326)"),
    ],
)  # fmt: skip
def test_canonical_spelling(written: str, canonical: str) -> None:
    cursor = cursor_on(written, Span(0, len(written)))
    assert str(read_type(cursor)) == canonical
    assert cursor.at_end


def test_the_fields_of_an_interval_come_first() -> None:
    text = "interval day to second(3)"
    assert read_type(cursor_on(text, Span(0, len(text)))).modifiers == ("day to second", "3")
