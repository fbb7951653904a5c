"""The canonical form is that of RFC 8785, so that other languages make the same digest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.evidence.state import StateError, canonical

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


def test_members_go_by_utf_16_as_in_the_standard() -> None:
    # RFC 8785, section 3.2.3: the order of its example, without the values' letters
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(canonical(value))) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_strings_are_escaped_as_in_the_standard() -> None:
    # RFC 8785, section 3.2.2: the string of its example
    assert canonical({"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/\u007f"}) == (
        '{"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f"}'.encode()
    )


def test_the_seals_are_left_out_and_no_others_of_their_name() -> None:
    assert canonical({"digest": "a", "hmac": "b", "c": {"digest": [1, 2], "hmac": None}}) == (
        b'{"c":{"digest":[1,2],"hmac":null}}'
    )


@given(st.dictionaries(texts, values, max_size=3))
def test_it_says_the_same_and_is_its_own_canonical_form(value: dict[str, object]) -> None:
    body = canonical(value)
    assert json.loads(body) == {name: each for name, each in value.items() if name not in {"digest", "hmac"}}
    assert canonical(json.loads(body)) == body


@pytest.mark.parametrize("number", [0.5, 1.0, 1e300, 2**53, -(2**53)])
def test_numbers_that_have_several_forms_are_refused(number: float) -> None:
    with pytest.raises(StateError, match=r"^\$\.a\[0\]\.b: "):
        canonical({"a": [{"b": number}]})


def test_half_of_a_surrogate_pair_in_a_name_is_refused() -> None:
    with pytest.raises(StateError, match="surrogate"):
        canonical({"a": {"\udc00": 1}})
