"""The page: whole, of itself alone, and everything in it escaped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from demo_pages import Page
from migsafe.demo.page import render_page
from migsafe.demo.timeline import Band, Bucket, LockLook, Mark, Recorded, Timeline, Tone

EVIL = '"><script>alert(1)</script>&<b onclick=x>\x1b[31m'

TIMELINE = Timeline(
    seconds=20.0,
    buckets=(
        Bucket(at=5.0, good={"v1": 900, "v2": 100}, slowest=0.02, gap=0.03),
        Bucket(at=15.0, good={"v2": 990, "v3": 7}, failed={"v3": 3}, slowest=0.05, gap=0.08),
        Bucket(at=20.0, good={"v2": 1000}),
    ),
    looks=(LockLook(at=2.0, waiting=1, longest=0.012, exclusive=True),),
    bands=(Band(0.0, 3.0, "as before"), Band(3.0, 4.0, "expanding", True), Band(4.0, 20.0, "expanded")),
    marks=(Mark(4.0, "expanded", Tone.SCHEMA), Mark(15.0, "v3 is sent back", Tone.TROUBLE)),
    recorded=(Recorded(4.0, "ada", "run", "00002_add", "planned → done"),),
    back_ms=42.3,
    why="errors: candidate 3 of 10 failed",
    refusals=("still-in-use: a query names users.name",),
    waits=("older-release-quiet: v2 was retired just now",),
)


def test_the_page_is_whole_and_fetches_nothing() -> None:
    html = render_page(TIMELINE)
    page = Page(html)
    assert page.wrong == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert "http" not in html.replace("http-equiv", "")
    assert "url(" not in html
    assert "@import" not in html


def test_it_says_the_figures() -> None:
    text = Page(render_page(TIMELINE)).text
    for said in ("3,000 requests", "but for 3 that met a bug of v3", "80 ms", "12 ms", "42 ms", "candidate 3 of 10"):
        assert said in text, said
    assert "All were answered well" in text


def test_every_state_of_the_schema_is_said_however_short_it_was() -> None:
    assert "as before → expanding → expanded" in Page(render_page(TIMELINE)).text


def test_it_says_what_the_contract_met_and_what_production_would_still_wait_for() -> None:
    text = Page(render_page(TIMELINE)).text
    before, _, after = text.partition("What production would still have waited for")
    assert "still-in-use: a query names users.name" in before
    assert "older-release-quiet: v2 was retired just now" in after
    assert "older-release-quiet" not in before


def test_a_failure_is_not_hidden() -> None:
    bad = replace(TIMELINE, buckets=(*TIMELINE.buckets, Bucket(at=20.0, failed={"v2": 2}, lost=1, stale=4)))
    text = Page(render_page(bad)).text
    assert "All were answered well" not in text
    assert "3 failed and 4 saw an old value" in text


@pytest.mark.parametrize(
    "changed",
    [
        {"bands": (Band(0.0, 3.0, EVIL),)},
        {"marks": (Mark(1.0, EVIL, Tone.TRAFFIC),)},
        {"recorded": (Recorded(1.0, EVIL, EVIL, EVIL, EVIL),)},
        {"why": EVIL},
        {"refusals": (EVIL,)},
        {"waits": (EVIL,)},
        {"broken": EVIL},
        {"buckets": (Bucket(at=1.0, good={EVIL: 1}, failed={EVIL: 1}),)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_nothing_that_is_said_becomes_part_of_the_page(changed: dict[str, object]) -> None:
    html = render_page(replace(TIMELINE, **changed))  # type: ignore[arg-type]  # attributes of the timeline
    page = Page(html)
    assert page.wrong == []
    assert set(page.tags) == set(Page(render_page(TIMELINE)).tags)
    assert "alert(1)" in page.text
    assert "\x1b" not in html


def test_a_story_that_ended_before_its_end_still_has_a_page() -> None:
    page = Page(render_page(Timeline(seconds=1.0, buckets=())))
    assert page.wrong == []
    assert "Why" not in page.text
    assert "production" not in page.text


def test_both_kinds_of_rooms_and_phones_are_thought_of() -> None:
    html = render_page(TIMELINE)
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in html
    assert "default-src 'none'" in html
