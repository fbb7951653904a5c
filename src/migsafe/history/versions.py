"""Names of releases in the order in which people mean them: 1.9 before 1.10, a release candidate before its release."""

from __future__ import annotations

import re

_PIECE = re.compile(r"\d+|[^\W\d_]+")
_VERSION = re.compile(r"[^\W\d]*[-_/]?[vV]?\d+(?:[-._+]?\w+)*\Z")
_BEFORE_DIGITS = re.compile(r"\D*(?=\d)")
_BEFORE_RELEASE = frozenset(
    {"a", "alpha", "b", "beta", "c", "canary", "dev", "m", "nightly", "pre", "preview", "rc", "snapshot"}
)
_EARLY, _END, _WORD, _NUMBER = range(4)

VersionKey = tuple[tuple[tuple[int, int, str], ...], str]


def version_key(name: str) -> VersionKey:
    """For sorting: pieces as numbers and words, without what stands before the first digit; then the name itself."""
    pieces = [_piece(text) for text in _PIECE.findall(_BEFORE_DIGITS.sub("", name, count=1))]
    return (*pieces, (_END, 0, "")), name


def _piece(text: str) -> tuple[int, int, str]:
    if text.isdecimal():
        return _NUMBER, int(text), ""
    word = text.lower()
    return (_EARLY if word in _BEFORE_RELEASE else _WORD), 0, word


def looks_like_version(name: str) -> bool:
    """Whether it is numbers with dots and words between: `1.9.0`, `v2`, `2026.11`, `release-1.2-rc1`."""
    return _VERSION.match(name) is not None


def plain_name(name: str) -> str:
    """What is the same for all spellings of one release: `v1.9.0`, `V1.9.0` and `1.9.0`."""
    return re.sub(r"^v(?=\d)", "", name.casefold())
