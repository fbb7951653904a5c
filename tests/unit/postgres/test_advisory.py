"""Keys of locks; the locks themselves are in the integration tests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migsafe.postgres.advisory import _LONGEST_NAME, _name, key_of


def test_the_keys_stay_what_they_are() -> None:
    """Two versions of migsafe must keep each other out."""
    assert (key_of("turn"), key_of("work")) == (-2043210170009918090, -8674376482185972227)


@given(st.text(max_size=20), st.text(max_size=20))
def test_keys_are_bigints_and_tell_words_apart(one: str, other: str) -> None:
    assert -(2**63) <= key_of(one) < 2**63
    assert (key_of(one) == key_of(other)) is (one == other)


def test_a_name_is_cut_between_letters() -> None:
    name = _name("ß" * 100)
    assert len(name.encode()) <= _LONGEST_NAME
    assert name.startswith("migsafe ß")
    assert name.endswith("ß")
