"""How long the parts of the story take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Times are in seconds.

    Attributes:
        step: for how long each share of a canary is watched.
        soak: for how long the running version is watched before code moves.
        bake: for how long the old version stays warm.
        rate: requests in a second.
        visitors: how many ask at the same time.
        rows: people in the table when the story begins; a multiple of 5, so that the last one is Ada Lovelace.
        least: how many requests a version must have answered before its error rate counts.
        pause: between two chapters, so that the timeline shows where one ends.
    """

    step: float = 3.5
    soak: float = 1.5
    bake: float = 2.0
    rate: float = 250.0
    visitors: int = 8
    rows: int = 20_000
    least: int = 10
    pause: float = 1.0


#: By the words that `--speed` takes.
PACES = {
    "normal": Pace(),
    "fast": Pace(step=1.2, soak=0.5, bake=0.5, rate=150.0, visitors=6, rows=3_000, least=5, pause=0.1),
}
