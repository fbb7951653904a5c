"""A backfill in words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from migsafe.backfill.task import BackfillResult, Checked, Progress
from migsafe.backfill.wording import progress_document, progress_line, result_document, result_lines, spell_time
from migsafe.tracker.backfills import BadRow

HALF = Progress(
    share=0.5, rows_seen=500, rows_written=400, rows_bad=0, batches=5, rows_per_s=50.0, left_s=10.0, held_s=0.0,
    run_s=10.0, held_by=None, batch_rows=100,
)  # fmt: skip


def test_progress_in_one_line() -> None:
    assert progress_line(HALF) == "50.0 %, 400 rows written, 50 rows/s, 10 s left"
    held = replace(HALF, held_s=4.0, held_by="paused: a sale (mira)")
    assert progress_line(held).endswith("10 s left, held for 40 % of the time; waits: paused: a sale (mira)")
    assert progress_line(replace(HALF, share=None, left_s=None)) == "400 rows written, 50 rows/s"


def test_progress_for_programs_is_one_line_of_json() -> None:
    document = json.loads(json.dumps(progress_document(HALF)))
    assert (document["schema"], document["share"], document["left_s"]) == ("migsafe.backfill-progress/1", 0.5, 10.0)


def test_what_became_of_it() -> None:
    checks = (
        Checked("all agree", True, "0"),
        Checked("none is left", False, "3"),
        Checked("as the app", None, "by hand"),
    )
    bad = BadRow('["7"]', "23514", "violates", datetime(2026, 11, 23, tzinfo=UTC))
    progress = replace(HALF, rows_bad=1, held_s=8.0)
    result = BackfillResult(
        finished=True, already=False, progress=progress, reasons=(("the standby ro is … s behind", 8.0),),
        checks=checks, bad_rows=(bad,), notes=("ANALYZE by hand",),
    )  # fmt: skip
    assert not result.ok
    assert list(result_lines("0003_fill", result)) == [
        "0003_fill: done, 400 of 500 rows written in 5 batches",
        "  it waited for 8 s of 10 s",
        "    8 s: the standby ro is … s behind",
        "  holds: all agree",
        "  does not hold: none is left (3)",
        "  not checked: as the app (by hand)",
        "  1 row set aside:",
        '    ["7"]: violates',
        "  ANALYZE by hand",
    ]
    document = result_document(result)
    assert (document["ok"], document["waited_for"]) == (
        False,
        [{"reason": "the standby ro is … s behind", "seconds": 8}],
    )


def test_a_stopped_one_says_that_it_goes_on() -> None:
    (line,) = result_lines("fill", BackfillResult(finished=False, already=False, progress=HALF))
    assert line.startswith("fill: stopped, 50.0 %, ")
    assert line.endswith("the same command goes on from there")


@pytest.mark.parametrize(
    ("seconds", "spelt"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (3_600, "60 min"), (12_000, "3 h 20 min")]
)
def test_times(seconds: float, spelt: str) -> None:
    assert spell_time(seconds) == spelt
