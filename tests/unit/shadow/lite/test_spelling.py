from __future__ import annotations

import pytest

from migsafe.shadow.lite.spelling import behind_head, spelt, spelt_default


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT  a\nFROM t", "select a from t"),
        ('select "A" from [T]', "select a from t"),
        ("select a -- why\n, b", "select a,b"),
        ("length( name )>0", "LENGTH(name) > 0"),
        ("kind IN('a','b')", "kind in ('a', 'b')"),
    ],
)
def test_what_differs_in_layout_only_is_spelt_alike(one: str, other: str) -> None:
    assert spelt(one) == spelt(other)


@pytest.mark.parametrize(("one", "other"), [("'A'", "'a'"), ("a > 1", "a >= 1"), ("'it''s'", "'its'"), ("a b", "ab")])
def test_what_differs_in_meaning_is_not(one: str, other: str) -> None:
    assert spelt(one) != spelt(other)


def test_it_reads_as_a_person_writes() -> None:
    assert spelt("Length( name )>0 AND(kind IN('a','it''s')OR x.y IS NULL)") == (
        "length(name) > 0 and (kind in ('a', 'it''s') or x.y is null)"
    )


@pytest.mark.parametrize(
    ("default", "spelling"),
    [
        (None, None),
        ("NULL", None),
        ("(0)", "0"),
        ("((1) + (2))", "(1) + (2)"),
        ("(1) + (2)", "(1) + (2)"),
        ("'NULL'", "'NULL'"),
        ("CURRENT_TIMESTAMP", "current_timestamp"),
        ("'CURRENT_TIMESTAMP'", "'CURRENT_TIMESTAMP'"),
    ],
)
def test_defaults(default: str | None, spelling: str | None) -> None:
    assert spelt_default(default) == spelling


@pytest.mark.parametrize("keys", ["(a, b desc)", "(a ASC, b DESC)", '("a",b DESC)'])
def test_ascending_keys_need_no_word(keys: str) -> None:
    assert behind_head(f"CREATE INDEX i ON t {keys}") == "(a, b desc)"


def test_a_condition_stands_behind_the_keys() -> None:
    assert behind_head("create index i on t (a asc) WHERE a IS NOT NULL") == "(a) where a is not null"
