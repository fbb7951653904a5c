"""The lanes of the timeline as SVG: shapes only, stretched to whatever width there is; words stand in HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.demo.timeline import Bucket, LockLook, Timeline

#: The canvas; it is stretched, so these are no pixels.
WIDTH, HEIGHT = 1000.0, 100.0
#: Into how many parts the story is cut: finer than a screen shows a minute, and coarse enough for a share to be one.
PARTS = 200
#: Of versions by their order; those of the style sheet.
COLOURS = ("a", "b", "c", "d")


def shares(buckets: Sequence[Bucket], versions: Sequence[str]) -> str:
    """Which version has answered, as areas on top of each other."""
    floors = [0.0] * len(buckets)
    shapes = []
    for number, version in enumerate(versions):
        tops = [low + _share(one, version) for low, one in zip(floors, buckets, strict=True)]
        shapes.append(_area(floors, tops, COLOURS[number % len(COLOURS)]))
        floors = tops
    return _svg("".join(shapes), "The share of each version in the answers")


def rates(buckets: Sequence[Bucket], seconds: float) -> tuple[str, float]:
    """Answers per second, with those that were errors from the bottom; and what the top of the lane stands for.

    Args:
        buckets: as they were counted; what one has counted is spread over the time that it lasted.
    """
    answered = _per_second(buckets, [one.answered for one in buckets], seconds)
    bad = _per_second(buckets, [sum(one.failed.values()) + one.lost for one in buckets], seconds)
    top = _top(max(answered))
    body = _area([0.0] * PARTS, [_scaled(one, top) for one in answered], "rate")
    body += "".join(_bars([_scaled(one, top) for one in bad], "bad"))
    return _svg(body, "Answers per second, and errors"), top


def times(buckets: Sequence[Bucket]) -> tuple[str, float]:
    """The slowest answer of each part in milliseconds; and what the top of the lane stands for."""
    slowest = [1000 * one.slowest for one in buckets]
    top = _top(max(slowest, default=0.0))
    return _svg("".join(_bars([_scaled(one, top) for one in slowest], "slow")), "The slowest answers"), top


def waits(looks: Sequence[LockLook], seconds: float) -> tuple[str, float]:
    """The longest wait for a lock in milliseconds, and where one session had the table for itself; and the top."""
    longest, exclusive = [0.0] * PARTS, [0.0] * PARTS
    for one in looks:
        part = min(PARTS - 1, int(one.at / seconds * PARTS))
        longest[part] = max(longest[part], 1000 * one.longest)
        exclusive[part] = max(exclusive[part], HEIGHT * one.exclusive)
    top = _top(max(longest))
    body = "".join(_bars(exclusive, "exclusive")) + "".join(_bars([_scaled(one, top) for one in longest], "wait"))
    return _svg(body, "Waits for locks"), top


def at(moment: float, timeline: Timeline) -> float:
    """A moment as a part of the width, in per cent."""
    return round(min(100.0, max(0.0, 100 * moment / timeline.seconds)), 2)


def _svg(body: str, label: str) -> str:
    box = f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"
    return f'<svg viewBox="{box}" preserveAspectRatio="none" role="img" aria-label="{label}">{body}</svg>'


def _area(floors: Sequence[float], tops: Sequence[float], colour: str) -> str:
    """What lies between two lines; nothing where there is nothing between them."""
    if all(low == high for low, high in zip(floors, tops, strict=True)):
        return ""
    step = WIDTH / len(tops)
    there = [f"{x:.1f},{HEIGHT - y:.2f}" for n, y in enumerate(tops) for x in (n * step, (n + 1) * step)]
    back = [f"{x:.1f},{HEIGHT - y:.2f}" for n, y in enumerate(floors) for x in (n * step, (n + 1) * step)]
    return f'<polygon class="{colour}" points="{" ".join([*there, *reversed(back)])}"/>'


def _bars(heights: Sequence[float], colour: str) -> Iterator[str]:
    step = WIDTH / len(heights) if heights else 0.0
    for number, height in enumerate(heights):
        if height > 0:
            tall = max(2.0, height)  # what is there at all is seen
            place = f'x="{number * step:.1f}" y="{HEIGHT - tall:.2f}" width="{step:.2f}" height="{tall:.2f}"'
            yield f'<rect class="{colour}" {place}/>'


def _share(bucket: Bucket, version: str) -> float:
    given = bucket.good.get(version, 0) + bucket.failed.get(version, 0)
    return HEIGHT * given / bucket.answered if bucket.answered else 0.0


def _per_second(buckets: Sequence[Bucket], counts: Sequence[int], seconds: float) -> list[float]:
    """Counts as a rate in each part of the story."""
    width, parts = seconds / PARTS, [0.0] * PARTS
    begins = [0.0, *(one.at for one in buckets)]
    for bucket, begin, number in zip(buckets, begins, counts, strict=False):
        lasted = max(1e-6, bucket.at - begin)
        first, last = int(begin / width), min(PARTS - 1, int(bucket.at / width))
        for part in range(first, last + 1):
            common = min(bucket.at, (part + 1) * width) - max(begin, part * width)
            parts[part] += number * max(0.0, common) / lasted / width
    return parts


def _scaled(value: float, top: float) -> float:
    return min(HEIGHT, HEIGHT * value / top)


def _top(most: float) -> float:
    """The next round number: 1, 2 or 5 with zeros."""
    top = 1.0
    while True:
        for factor in (1, 2, 5):
            if top * factor >= most:
                return top * factor
        top *= 10
