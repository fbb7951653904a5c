"""What the engine counts."""

from __future__ import annotations

import pytest

from check_cases import Dumb, Engine, context, counts, table, window
from migsafe.deploy.checks.proxy import open_check
from migsafe.deploy.verdict import Result
from migsafe.errors import ConfigurationError

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.INCONCLUSIVE


def test_only_what_was_counted_in_the_window_is_judged() -> None:
    engine = Engine({"stable": counts(50_000, 900), "candidate": counts(5_000, 4_000)})
    check = open_check(table(), context(engine))
    check.begin()
    engine.now = {"stable": counts(51_900, 905), "candidate": counts(5_100, 4_001)}
    verdict = check.judge(window())
    assert (verdict.check, verdict.result) == ("it", PASS)
    assert verdict.text.startswith("candidate 1 of 100 failed (1.0 %), at most 2.0 %; stable 5 of 1,900 failed")


def test_each_window_begins_anew() -> None:
    engine = Engine({"stable": counts(0), "candidate": counts(0)})
    check = open_check(table(), context(engine))
    check.begin()
    engine.now = {"stable": counts(1_900), "candidate": counts(100, 100)}
    assert check.judge(window(over=False)).result is FAIL
    check.begin()
    engine.now = {"stable": counts(3_800), "candidate": counts(200, 100)}
    assert check.judge(window()).result is PASS


def test_a_proxy_that_begins_anew_in_the_middle() -> None:
    engine = Engine({"stable": counts(9_000), "candidate": counts(900)})
    check = open_check(table(), context(engine))
    check.begin()
    engine.now = {"stable": counts(9_500), "candidate": counts(960)}
    assert check.judge(window(over=False)).result is UNKNOWN
    engine.now = {"stable": counts(400), "candidate": counts(50)}
    assert "candidate 0 of 110" in check.judge(window()).text


def test_an_engine_that_is_away_is_inconclusive_and_comes_back() -> None:
    engine = Engine(None)
    check = open_check(table(), context(engine))
    check.begin()
    verdict = check.judge(window())
    assert verdict.result is UNKNOWN
    assert verdict.text == "the counts cannot be read: the socket is gone"
    engine.now = {"stable": counts(90_000, 9_000), "candidate": counts(9_000, 9_000)}
    assert check.judge(window()).result is UNKNOWN  # where the counters stand is where they begin
    engine.now = {"stable": counts(91_000, 9_000), "candidate": counts(9_100, 9_000)}
    assert check.judge(window()).result is PASS


def test_without_a_candidate_the_stable_version_is_judged() -> None:
    engine = Engine({"stable": counts(0)})
    check = open_check(table(), context(engine))
    check.begin()
    engine.now = {"stable": counts(200, 5)}
    verdict = check.judge(window(weight=0, candidate=None))
    assert (verdict.result, verdict.text[:22]) == (FAIL, "stable 5 of 200 failed")


def test_an_engine_that_counts_nothing_is_refused_before_anything_moves() -> None:
    with pytest.raises(ConfigurationError, match="this provider counts no answers"):
        open_check(table(), context(Dumb()))
    with pytest.raises(ConfigurationError, match="no such key") as caught:
        open_check(table(max_eror_rate=0.1), context())
    assert "max_error_rate" in str(caught.value.hint)
