from __future__ import annotations

import pytest

from migsafe.shadow.values import Allowed, ColumnFacts, read_checks, value_for


def column(type_: str, **facts: object) -> ColumnFacts:
    values: dict[str, object] = {"name": "c", "required": True, "numbered": False, "identity": "", "generated": False}
    return ColumnFacts(**{**values, "type": type_, **facts})  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("CHECK ((state = ANY (ARRAY['a'::text, 'b''c'::text])))", {"state": Allowed(values=("a", "b'c"))}),
        (
            "CHECK (((state)::text = ANY ((ARRAY['a'::character varying])::text[])))",
            {"state": Allowed(values=("a",))},
        ),
        ("CHECK ((n = ANY (ARRAY[1, 2])))", {"n": Allowed(values=("1", "2"))}),
        ("CHECK ((price > (0)::numeric))", {"price": Allowed(low=1)}),
        ("CHECK (((n >= 1) AND (n <= 5)))", {"n": Allowed(low=1, high=5)}),
        ("CHECK ((length(code) = 6))", {"code": Allowed(shortest=6, longest=6)}),
        ("CHECK ((char_length((name)::text) <= 10))", {"name": Allowed(longest=10)}),
        ("CHECK ((kind = 'x'::text))", {"kind": Allowed(values=("x",))}),
        ("CHECK ((a IS NOT NULL))", {}),
        ("CHECK ((a < b))", {}),
    ],
)
def test_what_a_check_leaves(definition: str, expected: dict[str, Allowed]) -> None:
    assert read_checks([definition]) == expected


@pytest.mark.parametrize("type_", ["int4", "text", "uuid", "date", "timestamptz", "inet", "jsonb", "bytea", "macaddr"])
def test_rows_differ(type_: str) -> None:
    values = [value_for(column(type_), row, Allowed()) for row in (1, 2, 3)]
    assert None not in values
    assert len(set(values)) == 3


def test_the_same_row_has_the_same_value() -> None:
    assert value_for(column("text"), 2, Allowed()) == value_for(column("text"), 2, Allowed())


def test_a_wide_value_fills_its_column() -> None:
    assert len(value_for(column("varchar", limit=40), 3, Allowed(), wide=True) or "") == 40
    assert len(value_for(column("text"), 3, Allowed(), wide=True) or "") == 300
    assert int(value_for(column("int8"), 3, Allowed(), wide=True) or 0) > 2**31
    assert int(value_for(column("int4"), 3, Allowed(), wide=True) or 0) < 2**31


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_a_text_is_never_too_long(limit: int) -> None:
    for wide in (False, True):
        assert len(value_for(column("varchar", limit=limit), 3, Allowed(), wide=wide) or "") <= limit


def test_bounds_and_lists_are_kept() -> None:
    assert value_for(column("int4"), 1, Allowed(low=1, high=5)) in {"1", "2", "3", "4", "5"}
    assert value_for(column("int4"), 3, Allowed(high=10)) == "8"
    assert value_for(column("text"), 2, Allowed(values=("a", "b"))) == "b"
    assert value_for(column("text"), 1, Allowed(shortest=6, longest=6)) == "xxxxx1"


def test_enums_arrays_and_what_is_not_known() -> None:
    assert value_for(column("mood", labels=("sad", "ok")), 2, Allowed()) == "ok"
    assert value_for(column("_text"), 1, Allowed()) == "{}"
    assert value_for(column("geometry"), 1, Allowed()) is None
