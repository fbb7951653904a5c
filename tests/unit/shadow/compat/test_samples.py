"""Made-up values."""

from __future__ import annotations

import pytest

from migsafe.shadow.compat.samples import TypeFacts, is_text, sample

TYPES = {
    1: TypeFacts("int4", "b"),
    2: TypeFacts("text", "b"),
    3: TypeFacts("mood", "e", first_label='so "so"'),
    4: TypeFacts("_mood", "b", element=3),
    5: TypeFacts("email", "d", base=2),
    6: TypeFacts("emails", "d", base=7),
    7: TypeFacts("_email", "b", element=5),
    8: TypeFacts("users", "c"),
    9: TypeFacts("_users", "b", element=8),
    10: TypeFacts("int4range", "r"),
    11: TypeFacts("int4multirange", "m"),
    12: TypeFacts("empty", "e"),
    13: TypeFacts("vector", "b"),
    14: TypeFacts("anyelement", "p"),
}


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (1, "1"),
        (3, 'so "so"'),
        (4, '{"so \\"so\\""}'),
        (5, "a"),
        (6, '{"a"}'),
        (8, None),
        (9, None),
        (10, "empty"),
        (11, "{}"),
        (12, None),
        (13, None),
        (14, None),
        (99, None),
    ],
)
def test_values(oid: int, value: str | None) -> None:
    assert sample(oid, TYPES) == value


def test_texts() -> None:
    assert [oid for oid in TYPES if is_text(oid, TYPES)] == [2, 5]
