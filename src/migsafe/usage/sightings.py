"""What was seen, and what is said of it: sightings become one piece of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.usage import UsageEvidence, Use

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.model.usage import Place

#: Places that one piece of evidence names at most.
MOST_PLACES = 20


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place that uses a subject.

    Attributes:
        text: what it does there, without a full stop.
    """

    use: Use
    place: Place
    text: str


def evidence(
    source: str, sightings: Iterable[Sighting], release: str | None, *, otherwise: tuple[Use, str] | None = None
) -> UsageEvidence | None:
    """What one way of looking says of one subject.

    Args:
        source: the way.
        sightings: what it saw.
        release: whose code it is.
        otherwise: what to say where nothing was seen; None for nothing.
    """
    found = sorted(dict.fromkeys(sightings), key=lambda seen: (-seen.use.weight, seen.place))
    if not found:
        return None if otherwise is None else UsageEvidence(source, otherwise[0], otherwise[1], release)
    places = tuple(dict.fromkeys(seen.place for seen in found))
    more = f" (and {counted(len(places) - 1, 'more place')})" if len(places) > 1 else ""
    text = found[0].text + more
    return UsageEvidence(source, found[0].use, text, release, places[:MOST_PLACES])


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`; a noun in `y` becomes one in `ies`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("ry") else f"{number} {noun}s"
