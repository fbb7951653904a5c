"""The lanes as shapes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from migsafe.demo import charts
from migsafe.demo.timeline import Bucket, LockLook, Timeline

SHAPE = "{*}"
#: Of the story.
VERSIONS = ("v1", "v2", "v3", "v4")


def _shapes(svg: str) -> list[tuple[str, str]]:
    return [(one.tag, one.attrib["class"]) for one in ElementTree.fromstring(svg)]


def _heights(svg: str, colour: str) -> list[float]:
    return [float(one.attrib["height"]) for one in ElementTree.fromstring(svg) if one.attrib["class"] == colour]


def test_shares_lie_on_top_of_each_other_and_fill_the_lane() -> None:
    svg = charts.shares([Bucket(at=1.0, good={"v1": 3, "v2": 1})], ["v1", "v2"])
    assert _shapes(svg) == [("polygon", "a"), ("polygon", "b")]
    assert 'points="0.0,25.00 1000.0,25.00 1000.0,100.00 0.0,100.00"' in svg
    assert 'points="0.0,0.00 1000.0,0.00 1000.0,25.00 0.0,25.00"' in svg


def test_errors_are_answers_of_their_version_too() -> None:
    assert "50.00" in charts.shares([Bucket(at=1.0, good={"v1": 1}, failed={"v2": 1})], ["v1", "v2"])


def test_a_version_that_never_answers_draws_nothing() -> None:
    assert _shapes(charts.shares([Bucket(at=1.0, good={"v1": 1})], ["v1", "v2"])) == [("polygon", "a")]


@pytest.mark.parametrize("each", [0.07, 0.1, 0.25])
def test_an_even_load_is_an_even_line_however_the_buckets_fall(each: float) -> None:
    buckets = [Bucket(at=(number + 1) * each, good={"v1": 10}) for number in range(int(10 / each))]
    svg, top = charts.rates(buckets, buckets[-1].at)
    (area,) = ElementTree.fromstring(svg)
    line = [float(point.split(",")[1]) for point in area.attrib["points"].split()[: 2 * charts.PARTS]]
    assert max(line) - min(line) < 0.1
    assert 100 - line[0] == pytest.approx(100 * 10 / each / top, abs=0.1)


def test_a_single_error_is_seen_in_a_crowd() -> None:
    buckets = [Bucket(at=1.0, good={"v1": 10_000}, failed={"v1": 1}, lost=1), Bucket(at=2.0, good={"v1": 10_000})]
    svg, _ = charts.rates(buckets, 2.0)
    heights = _heights(svg, "bad")
    assert len(heights) == charts.PARTS / 2
    assert min(heights) >= 2


def test_waits_are_in_milliseconds_and_a_table_for_oneself_fills_the_lane() -> None:
    looks = [LockLook(at=0.5, waiting=1, longest=0.04), LockLook(at=0.9, exclusive=True)]
    svg, top = charts.waits(looks, 1.0)
    assert top == 50
    assert _heights(svg, "wait") == [80]
    assert _heights(svg, "exclusive") == [100]


@pytest.mark.parametrize("look", [0.0, 1.0, 1.7])
def test_a_look_at_the_very_end_is_in_the_last_part(look: float) -> None:
    svg, _ = charts.waits([LockLook(at=look, longest=0.001)], 1.0)
    assert len(_heights(svg, "wait")) == 1


@pytest.mark.parametrize(("most", "top"), [(0, 1), (1, 1), (1.1, 2), (4, 5), (51, 100), (250, 500), (1001, 2000)])
def test_the_top_is_a_round_number(most: float, top: float) -> None:
    assert charts.times([Bucket(at=1.0, slowest=most / 1000)])[1] == top


@pytest.mark.parametrize(("moment", "place"), [(-1, 0.0), (0, 0.0), (5, 50.0), (10, 100.0), (11, 100.0)])
def test_moments_stay_inside(moment: float, place: float) -> None:
    assert charts.at(moment, Timeline(seconds=10.0, buckets=())) == place


def test_every_colour_of_a_shape_is_in_the_style_sheet() -> None:
    from migsafe.demo.style import STYLE

    buckets = [Bucket(at=1.0, good=dict.fromkeys(VERSIONS, 1), failed={"v3": 1}, slowest=0.1)]
    looks = [LockLook(at=0.5, longest=0.1, exclusive=True)]
    drawn = charts.shares(buckets, VERSIONS) + charts.rates(buckets, 1.0)[0]
    drawn += charts.times(buckets)[0] + charts.waits(looks, 1.0)[0]
    colours = set(re.findall(r'class="([^"]+)"', drawn))
    assert {"a", "b", "c", "d"} <= colours, "each version has its own"
    for colour in colours:
        assert f".{colour} {{ fill: var(--{colour})" in STYLE
        assert STYLE.count(f"--{colour}:") == 2, "one for bright rooms, one for dark ones"
