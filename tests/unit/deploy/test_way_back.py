from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.deploy.errors import DeployRefusedError
from migsafe.deploy.way_back import Redeploy, Return, Stay, choose_way, nearest_safe
from migsafe.tracker.deployments import Deployment, DeploymentStatus
from migsafe.tracker.guarding import Answer, Verdict
from tracker_books import MAIN, rollout_of

ORDER = ["1.6.0", "1.7.0", "1.8.0", "1.9.0"]
DONE = rollout_of()


def verdicts(**answers: Answer) -> dict[str, Verdict]:
    said = {name.replace("_", "."): answer for name, answer in answers.items()}
    return {
        name.lstrip("v"): Verdict(answer, name.lstrip("v"), MAIN, f"because {answer}") for name, answer in said.items()
    }


WELL = verdicts(v1_6_0="no", v1_7_0="yes", v1_8_0="yes", v1_9_0="yes")


@pytest.mark.parametrize("status", [one for one in DeploymentStatus if one.value not in {"done", "aborted"}])
def test_a_rollout_under_way_goes_back_along_itself(status: DeploymentStatus) -> None:
    under_way = replace(DONE, status=status)
    assert choose_way(under_way, "1.8.0", None, {}, ORDER) == Return("1.8.0"), "no database is asked"
    assert choose_way(under_way, "1.8.0", "1.8.0", {}, ORDER) == Return("1.8.0")
    with pytest.raises(DeployRefusedError, match=r"goes back to 1\.8\.0, not to 1\.7\.0") as refused:
        choose_way(under_way, "1.8.0", "1.7.0", WELL, ORDER)
    assert refused.value.hint == "migsafe rollback --env production first; then --to 1.7.0"


def test_a_first_version_has_nothing_before_it() -> None:
    with pytest.raises(DeployRefusedError, match="is the first version"):
        choose_way(replace(DONE, stable=None, status=DeploymentStatus.HELD), None, None, {}, ORDER)


def test_what_has_ended_is_brought_out_again() -> None:
    assert choose_way(DONE, "1.9.0", None, WELL, ORDER) == Redeploy("1.8.0", "1.9.0")
    assert choose_way(DONE, "1.9.0", "1.7.0", WELL, ORDER) == Redeploy("1.7.0", "1.9.0")


def test_where_the_traffic_is_already_nothing_moves() -> None:
    assert choose_way(DONE, "1.8.0", "1.8.0", WELL, ORDER) == Stay("1.8.0")


def test_below_the_floor_is_refused_and_the_nearest_is_named() -> None:
    with pytest.raises(
        DeployRefusedError, match=r"1\.6\.0 does not work on the schema as it is now: because no"
    ) as refused:
        choose_way(DONE, "1.9.0", "1.6.0", WELL, ORDER)
    assert refused.value.hint == "the nearest that does: --to 1.7.0"


def test_where_nothing_older_works_one_rolls_forward() -> None:
    contracted = verdicts(v1_6_0="no", v1_7_0="no", v1_8_0="no", v1_9_0="yes")
    with pytest.raises(DeployRefusedError) as refused:
        choose_way(DONE, "1.9.0", None, contracted, ORDER)
    assert refused.value.hint == "no release before 1.9.0 does: roll forward"


@pytest.mark.parametrize("told", [verdicts(v1_8_0="unknown"), {}])
def test_what_nobody_can_tell_is_no_yes(told: dict[str, Verdict]) -> None:
    with pytest.raises(DeployRefusedError, match=r"nobody can tell whether 1\.8\.0 works"):
        choose_way(DONE, "1.9.0", None, told, ORDER)


ABORTED = replace(DONE, status=DeploymentStatus.ABORTED)
WENT_BACK = replace(DONE, stable="1.9.0", release="1.8.0")


@pytest.mark.parametrize(
    ("last", "stable"),
    [(None, "1.8.0"), (replace(DONE, stable=None), "1.9.0"), (DONE, "1.7.0"), (ABORTED, "1.7.0")],
    ids=["nothing-recorded", "the-first", "another-came-since", "another-came-since-it-went-back"],
)
def test_where_nobody_knows_what_was_before_a_person_says_it(last: Deployment | None, stable: str) -> None:
    with pytest.raises(DeployRefusedError) as refused:
        choose_way(last, stable, None, WELL, ORDER)
    assert refused.value.hint == "--to RELEASE says it"


def test_after_a_rollout_that_went_back_all_is_where_it_was() -> None:
    assert choose_way(ABORTED, "1.8.0", None, WELL, ORDER) == Stay("1.8.0")
    assert choose_way(ABORTED, "1.8.0", "1.7.0", WELL, ORDER) == Redeploy("1.7.0", "1.8.0")


def test_a_second_rollback_brings_nothing_out_again_that_was_left() -> None:
    with pytest.raises(DeployRefusedError, match=r"went back from 1\.9\.0 to 1\.8\.0 already") as refused:
        choose_way(WENT_BACK, "1.8.0", None, WELL, ORDER)
    assert refused.value.hint == "--to RELEASE says which one is wanted"
    assert choose_way(WENT_BACK, "1.8.0", "1.7.0", WELL, ORDER) == Redeploy("1.7.0", "1.8.0")


def test_the_nearest_is_never_the_one_that_runs() -> None:
    assert nearest_safe("1.6.0", "1.9.0", WELL, ORDER) == "1.7.0"
    assert nearest_safe("1.8.0", "1.9.0", WELL, ORDER) is None
    assert nearest_safe("unheard", "1.9.0", WELL, ORDER) is None
