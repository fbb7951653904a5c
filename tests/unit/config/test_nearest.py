from __future__ import annotations

import pytest

from migsafe.config.nearest import did_you_mean, nearest

KNOWN = ["create-index-blocking", "drop-index-blocking", "reindex-blocking", "drop-column", "lock"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("create-index-blockin", ("create-index-blocking",)),
        ("DROP-COLUMN", ("drop-column",)),
        ("locks", ("lock",)),
        ("something-else-altogether", ()),
        ("", ()),
    ],
)
def test_the_words_that_were_probably_meant(word: str, expected: tuple[str, ...]) -> None:
    assert nearest(word, KNOWN) == expected


def test_words_that_are_as_close_are_all_said() -> None:
    assert sorted(nearest("abcx", ["abca", "abcb", "zz"])) == ["abca", "abcb"]
    assert (did_you_mean("abcx", ["abca", "abcb", "zz"]) or "").count(" or ") == 1


def test_a_word_like_no_other_gets_the_other_hint() -> None:
    assert did_you_mean("zzz", KNOWN) is None
    assert did_you_mean("zzz", KNOWN, otherwise="see the list") == "see the list"
