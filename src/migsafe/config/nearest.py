"""“Did you mean …?”: the known words that a mistyped word is closest to."""

from __future__ import annotations

from collections.abc import Iterable

#: How much less alike than the closest word a second suggestion may be.
_SLACK = 0.05


def nearest(word: str, known: Iterable[str], *, closeness: float = 0.6, limit: int = 3) -> tuple[str, ...]:
    """Known words that look like `word`, the closest first, and none that is clearly farther off than the closest.

    Args:
        closeness: from 0 (anything) to 1 (the same).
        limit: how many at most.
    """
    from difflib import SequenceMatcher, get_close_matches  # on the way of an error only

    word = word.lower()
    found = get_close_matches(word, list(known), n=limit, cutoff=closeness)
    ratios = [SequenceMatcher(None, candidate, word).ratio() for candidate in found]
    return tuple(candidate for candidate, ratio in zip(found, ratios, strict=True) if ratio >= ratios[0] - _SLACK)


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str | None = None) -> str | None:
    """A hint with the known words that look like `word`; `otherwise` when none does."""
    words = nearest(word, known)
    return f"did you mean {' or '.join(words)}?" if words else otherwise
