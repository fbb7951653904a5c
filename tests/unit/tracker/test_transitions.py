"""Which status may follow which."""

from __future__ import annotations

from datetime import timedelta

import pytest

from migsafe.model.state import Rollout, RolloutStatus, StepStatus
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.transitions import ROLLOUTS, STEPS, check_step, next_rollout
from tracker_books import NOW

S, R = StepStatus, RolloutStatus


def rollout(status: RolloutStatus, **facts: object) -> Rollout:
    return Rollout(release="1.8.0", status=status, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("before", list(R))
@pytest.mark.parametrize("after", list(R))
def test_each_pair_is_either_allowed_or_refused(before: RolloutStatus, after: RolloutStatus) -> None:
    if before is after:
        assert next_rollout(rollout(before), "1.8.0", after, NOW) is None
    elif after in ROLLOUTS[before]:
        assert next_rollout(rollout(before), "1.8.0", after, NOW) is not None
    else:
        with pytest.raises(TrackerRefusedError, match=f"1.8.0 is {before}, and cannot become {after}"):
            next_rollout(rollout(before), "1.8.0", after, NOW)


def test_what_never_ran_is_not_retired_and_what_ran_is_never_planned() -> None:
    assert R.RETIRED not in ROLLOUTS[R.PLANNED]
    assert not [before for before in R if before is not R.EXPANDING and R.PLANNED in ROLLOUTS[before]]


@pytest.mark.parametrize("status", list(R))
def test_the_first_word_may_be_any(status: RolloutStatus) -> None:
    assert next_rollout(None, "1.8.0", status, NOW) is not None


def test_full_since_the_day_on_which_it_took_all_the_traffic() -> None:
    first = next_rollout(None, "1.8.0", R.DEPLOYED, NOW)
    assert first is not None
    assert (first.full_at, first.percent) == (NOW, 100)
    later = NOW + timedelta(days=3)
    draining = next_rollout(first, "1.8.0", R.DRAINING, later)
    assert draining is not None
    assert draining.full_at == NOW
    retired = next_rollout(draining, "1.8.0", R.RETIRED, later)
    assert retired is not None
    assert (retired.full_at, retired.retired_at, retired.percent) == (NOW, later, 0)


@pytest.mark.parametrize("between", [R.ROLLED_BACK, R.DRAINING, R.RETIRED])
def test_a_comeback_counts_anew(between: RolloutStatus) -> None:
    gone = next_rollout(rollout(R.DEPLOYED, full_at=NOW), "1.8.0", between, NOW)
    back = next_rollout(gone, "1.8.0", R.DEPLOYED, NOW + timedelta(days=1))
    assert back is not None
    assert (back.full_at, back.retired_at) == (NOW + timedelta(days=1), None)


def test_a_part_of_the_traffic_is_not_all_of_it() -> None:
    part = next_rollout(None, "1.8.0", R.DEPLOYED, NOW, percent=40)
    assert part is not None
    assert (part.full_at, part.percent) == (None, 40)
    more = next_rollout(part, "1.8.0", R.DEPLOYED, NOW, percent=100)
    assert more is not None
    assert more.full_at == NOW


def test_a_greater_share_is_news_and_the_same_share_is_none() -> None:
    rolling = rollout(R.ROLLING, percent=25)
    assert next_rollout(rolling, "1.8.0", R.ROLLING, NOW, percent=25) is None
    assert next_rollout(rolling, "1.8.0", R.ROLLING, NOW) is None
    assert next_rollout(rolling, "1.8.0", R.ROLLING, NOW, percent=50) is not None


def test_what_is_gone_has_no_share() -> None:
    with pytest.raises(TrackerRefusedError, match="has no share of the traffic"):
        next_rollout(None, "1.8.0", R.RETIRED, NOW, percent=3)


@pytest.mark.parametrize("before", list(S))
@pytest.mark.parametrize("after", list(S))
def test_steps_follow_the_table(before: StepStatus, after: StepStatus) -> None:
    if after in STEPS[before]:
        check_step(before, after, "002 on production/main")
    else:
        with pytest.raises(TrackerRefusedError, match="cannot become"):
            check_step(before, after, "002 on production/main")


def test_what_is_done_does_not_fail_afterwards_and_what_is_purged_stays_so() -> None:
    assert S.FAILED not in STEPS[S.DONE]
    assert S.SKIPPED not in STEPS[S.DONE]
    assert not STEPS[S.PURGED]


def test_nothing_is_reverted_that_nobody_knows_of() -> None:
    with pytest.raises(TrackerRefusedError, match="nobody has recorded that it ran there"):
        check_step(None, S.REVERTED, "002")
    check_step(None, S.FAILED, "002")
