"""The tables `release` and `phases` of the configuration: where releases come from, and which path is which phase."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from migsafe.config import values
from migsafe.model.phase import Phase

ReleasesFrom = Literal["auto", "git", "manifest", "none"]

_AGE = re.compile(r"(\d{1,5})\s*(d|w)\Z")
_DAYS = {"d": 1, "w": 7}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSettings:
    """Where the releases of a project come from, and how far apart the two ends of a change must be.

    Attributes:
        tag_pattern: which git tags are releases: shell patterns with blanks between; `!` before one leaves tags out.
        source: `auto` takes the manifest where there is one, else git's tags; a header in a migration counts always.
        manifest: the manifest's file, as seen from the current folder; the usual name at the project's root when None.
        min_releases: how many releases after its expand a contract may come at the earliest.
        min_age: how long after its expand's release a contract may come at the earliest.
    """

    tag_pattern: str = "v*"
    source: ReleasesFrom = "auto"
    manifest: Path | None = None
    min_releases: int = 1
    min_age: timedelta = timedelta(days=7)


def _count(value: object) -> int:
    """A whole number from 0."""
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise values.BadValue("a number such as 1")
    return number


def _age(value: object) -> timedelta:
    """Days or weeks: `7d`, `2w`."""
    match = _AGE.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise values.BadValue('a number of days or weeks such as "7d" or "2w"')
    return timedelta(days=int(match[1]) * _DAYS[match[2]])


def _patterns(value: object) -> str:
    text = values.text(value)
    if all(word.startswith("!") for word in text.split()):
        raise values.BadValue('a pattern of tags such as "v*"; "!" only leaves some of them out: "v* !*-rc*"')
    return text


#: Which reader turns a key of the table `release` into what `ReleaseSettings` holds.
READERS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {
        "tag_pattern": _patterns,
        "source": values.one_of("auto", "git", "manifest", "none"),
        "manifest": values.path,
        "min_releases": _count,
        "min_age": _age,
    }
)

#: The phase of a path pattern.
read_phase = partial(values.word, Phase)
