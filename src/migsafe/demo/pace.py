"""How long the parts of the story take."""

from __future__ import annotations

from dataclasses import dataclass, replace


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

    step: float = 2.0
    soak: float = 0.8
    bake: float = 1.0
    rate: float = 200.0
    visitors: int = 8
    rows: int = 20_000
    least: int = 10
    pause: float = 0.5


#: By the words that `--speed` takes.
PACES = {
    "normal": Pace(),
    "fast": Pace(step=1.2, soak=0.5, bake=0.5, rate=150.0, visitors=6, rows=3_000, least=5, pause=0.1),
}

#: An opening that took longer says that the machine has much else to do; it takes 2 on two idle cores. In seconds.
_SLOW_OPENING = 6.0


def paced_for(pace: Pace, opening: float) -> Pace:
    """The pace at which the story is told on this machine: a busy one has shorter looks and fewer requests.

    Args:
        opening: how long it took to open the shop, in seconds.
    """
    if opening <= _SLOW_OPENING:
        return pace
    fast = PACES["fast"]
    return replace(
        pace,
        step=min(pace.step, fast.step),
        soak=min(pace.soak, fast.soak),
        bake=min(pace.bake, fast.bake),
        rate=min(pace.rate, fast.rate),
        visitors=min(pace.visitors, fast.visitors),
        least=min(pace.least, fast.least),
        pause=min(pace.pause, fast.pause),
    )
