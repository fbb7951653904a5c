"""Every state of the code beside every state of the schema has one answer; the whole is no better than its parts."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.phase import Part, Phase
from migsafe.model.state import Rollout, RolloutStatus, StepStatus
from migsafe.runner.backward.decide import (
    BackwardRefusedError,
    Candidate,
    Decision,
    Situation,
    decide,
    permit,
    schema_of,
)
from migsafe.runner.backward.table import DECISIONS, Code, Schema, Verdict

RELEASES = ("1.7.0", "1.8.0", "1.9.0")
R, S, V = RolloutStatus, StepStatus, Verdict

EXPAND = Candidate(label="002", phase=Phase.EXPAND, status=S.DONE, change="users", release="1.9.0")
MIGRATE = replace(EXPAND, label="003", phase=Phase.MIGRATE)
QUARANTINE = replace(EXPAND, label="004", phase=Phase.CONTRACT, part=Part.QUARANTINE, status=S.QUARANTINED)
PURGE = replace(QUARANTINE, label="005", part=Part.PURGE, status=S.PURGED)


def runs(**statuses: str) -> tuple[Rollout, ...]:
    """Releases, with underscores for points, and how far they have come."""
    return tuple(
        Rollout(release=name.removeprefix("r").replace("_", "."), status=RolloutStatus(status))
        for name, status in statuses.items()
    )


#: One of each kind.
CODES = {
    Code.UNTOLD: (),
    Code.OLD: runs(r1_8_0="deployed", r1_9_0="rolled_back"),
    Code.BOTH: runs(r1_8_0="deployed", r1_9_0="rolling"),
    Code.NEW_WARM: runs(r1_8_0="draining", r1_9_0="deployed"),
    Code.NEW: runs(r1_8_0="retired", r1_9_0="deployed"),
}
SCHEMAS = {
    Schema.IDLE: replace(EXPAND, status=S.REVERTED),
    Schema.EXPANDING: replace(EXPAND, status=S.PARTIAL),
    Schema.EXPANDED: EXPAND,
    Schema.EXPANDED_ALONE: replace(EXPAND, losses=("3 rows",)),
    Schema.MIGRATING: replace(MIGRATE, backfilling=True),
    Schema.MIGRATED: MIGRATE,
    Schema.MIGRATED_ALONE: replace(MIGRATE, losses=("3 rows",)),
    Schema.SWITCHED: replace(MIGRATE, synced=False),
    Schema.CONTRACTING: replace(QUARANTINE, status=S.PARTIAL),
    Schema.QUARANTINED: QUARANTINE,
    Schema.CONTRACTED: PURGE,
}
#: The rows of the table by the first letters of the verdicts, in the order of `Code`.
EXPECTED = {
    Schema.IDLE: "NNNNN",
    Schema.EXPANDING: "FSFFF",
    Schema.EXPANDED: "FSFFF",
    Schema.EXPANDED_ALONE: "FLFFF",
    Schema.MIGRATING: "FFFFF",
    Schema.MIGRATED: "FSFFF",
    Schema.MIGRATED_ALONE: "FLFFF",
    Schema.SWITCHED: "FFFFF",
    Schema.CONTRACTING: "FFFFF",
    Schema.QUARANTINED: "SSSSS",
    Schema.CONTRACTED: "IIIII",
}
LETTERS = {"N": V.NOTHING, "S": V.SAFE, "L": V.LOSES_DATA, "F": V.FORBIDDEN, "I": V.IMPOSSIBLE}


def situation(*steps: Candidate, rollouts: tuple[Rollout, ...] = CODES[Code.OLD], **facts: object) -> Situation:
    return Situation(to="1.8.0", releases=RELEASES, rollouts=rollouts, steps=steps, **facts)  # type: ignore[arg-type]  # as the test says


def verdicts(decision: Decision) -> list[str]:
    return [one.verdict.value for one in decision.steps]


# -- the table


def test_the_table_has_an_answer_for_everything() -> None:
    assert set(DECISIONS) == set(Schema) == set(SCHEMAS)
    for row in DECISIONS.values():
        assert set(row) == set(Code)


@pytest.mark.parametrize(("schema", "code"), list(product(Schema, Code)), ids=str)
def test_each_combination(schema: Schema, code: Code) -> None:
    decision = decide(situation(SCHEMAS[schema], rollouts=CODES[code]))
    (judged,) = decision.steps
    expected = LETTERS[EXPECTED[schema][list(Code).index(code)]]
    assert (judged.schema, judged.code, judged.verdict) == (schema, code, expected)
    assert decision.verdict is expected
    assert judged.why
    assert all(text and "{" not in text for text in judged.why)


def test_words_say_which_release_is_in_the_way_and_where_to() -> None:
    (judged,) = decide(situation(EXPAND, rollouts=CODES[Code.NEW])).steps
    assert judged.why == ("1.9.0 runs and needs it: deploy 1.8.0 again and retire 1.9.0 first",)


# -- which code is new


def test_a_release_of_an_unknown_place_counts_as_new() -> None:
    decision = decide(situation(EXPAND, rollouts=runs(r1_8_0="deployed", hotfix="rolling")))
    assert verdicts(decision) == ["forbidden"]
    assert "hotfix" in decision.steps[0].why[0]


def test_a_release_before_the_step_is_old_however_new_it_is() -> None:
    only_migrate = replace(MIGRATE, release="1.9.0")
    assert verdicts(decide(situation(only_migrate, rollouts=runs(r1_8_0="rolling")))) == ["safe"]


def test_new_code_with_part_of_the_traffic_is_no_warm_standby() -> None:
    half = (Rollout(release="1.9.0", status=R.DEPLOYED, percent=50), Rollout(release="1.8.0", status=R.DRAINING))
    assert decide(situation(EXPAND, rollouts=half)).steps[0].code is Code.BOTH


def test_where_nothing_is_protected_nobody_has_to_say_what_runs() -> None:
    assert verdicts(decide(situation(EXPAND, rollouts=(), protected=False))) == ["safe"]
    assert verdicts(decide(situation(EXPAND, rollouts=(), protected=True))) == ["forbidden"]


def test_where_everything_is_retired_nothing_needs_the_step() -> None:
    assert verdicts(decide(situation(EXPAND, rollouts=runs(r1_9_0="retired")))) == ["safe"]


# -- which steps


def test_steps_of_the_release_itself_and_older_ones_are_left() -> None:
    older = replace(EXPAND, label="001", release="1.8.0")
    decision = decide(situation(EXPAND, older))
    assert [one.step.label for one in decision.steps] == ["002"]


def test_a_step_that_no_release_carries_is_of_the_latest() -> None:
    unreleased = replace(EXPAND, release=None)
    assert verdicts(decide(situation(unreleased))) == ["safe"]
    assert decide(replace(situation(unreleased), to="1.9.0")).steps == ()


def test_nothing_newer_is_nothing_to_do() -> None:
    decision = decide(situation())
    assert (decision.verdict, decision.steps, decision.why) == (V.NOTHING, (), ())


# -- the way back of a step


def test_a_step_without_a_way_back_is_impossible_with_the_reason() -> None:
    decision = decide(situation(replace(EXPAND, no_way="no text of it was kept")))
    assert verdicts(decision) == ["impossible"]
    assert decision.steps[0].why == ("no text of it was kept",)


def test_what_new_code_needs_is_impossible_rather_than_forbidden_where_there_is_no_way_at_all() -> None:
    decision = decide(situation(replace(EXPAND, no_way="x"), rollouts=CODES[Code.NEW]))
    assert verdicts(decision) == ["impossible"]


@pytest.mark.parametrize("word", ["nothing", "stays"])
def test_what_has_nothing_to_take_back_is_no_obstacle(word: str) -> None:
    decision = decide(situation(replace(EXPAND, **{word: "it may stay"})))
    assert verdicts(decision) == ["nothing to do"]
    assert decision.steps[0].why == ("it may stay",)


def test_a_half_done_expand_wants_a_way_back_that_bears_it() -> None:
    half = replace(EXPAND, status=S.PARTIAL, partly_undoable=False)
    assert verdicts(decide(situation(half))) == ["forbidden"]


def test_a_way_back_that_was_cut_off_goes_on() -> None:
    begun = replace(EXPAND, status=S.RUNNING, cut_off_back=True, partly_undoable=False)
    assert verdicts(decide(situation(begun))) == ["safe"]


def test_a_quarantine_whose_way_back_loses_data_says_so() -> None:
    assert verdicts(decide(situation(replace(QUARANTINE, losses=("x",))))) == ["loses data"]


def test_a_step_that_destroyed_something_is_gone_whatever_it_is_called() -> None:
    dropped = replace(EXPAND, phase=None, destroyed="it dropped users.name")
    decision = decide(situation(dropped))
    assert verdicts(decision) == ["impossible"]
    assert decision.steps[0].why == ("it dropped users.name",)


# -- the whole


def test_the_floor_of_a_contract_that_stays_cannot_be_gone_below() -> None:
    purge = replace(PURGE, release="1.8.0")
    expand = replace(EXPAND, release="1.8.0")
    decision = decide(replace(situation(purge, expand, floor="1.8.0"), to="1.7.0", only="other"))
    assert decision.verdict is V.IMPOSSIBLE
    assert decision.why == ("the schema works from 1.8.0 on, since 005: 1.7.0 would not run on it",)
    assert decide(replace(situation(purge, expand, floor="1.8.0"), to="1.8.0")).verdict is V.NOTHING


def test_the_floor_goes_with_the_contract_that_raised_it() -> None:
    steps = (replace(QUARANTINE, release="1.9.0"), replace(EXPAND, release="1.8.0"))
    assert decide(situation(*steps, floor="1.9.0")).verdict is V.SAFE


def test_a_floor_that_somebody_has_said_holds() -> None:
    decision = decide(situation(EXPAND, floor="1.9.0"))
    assert decision.verdict is V.IMPOSSIBLE
    assert verdicts(decision) == ["safe"]


def test_a_floor_in_doubt_forbids_where_a_contract_stays() -> None:
    contract = replace(QUARANTINE, release="1.8.0")
    assert decide(situation(EXPAND, contract, doubt="nobody has said")).verdict is V.FORBIDDEN
    assert decide(situation(EXPAND, doubt="nobody has said")).verdict is V.FORBIDDEN
    assert decide(situation(replace(contract, release="1.9.0"), doubt="nobody has said")).verdict is V.SAFE


def test_the_nearest_release_keeps_the_step_that_cannot_be_taken_back() -> None:
    newest = replace(EXPAND, label="009", release="1.9.0")
    stuck = replace(EXPAND, label="005", release="1.8.0", no_way="x")
    decision = decide(replace(situation(newest, stuck), to="1.7.0"))
    assert (decision.nearest, decision.no_return) == ("1.8.0", "005")


def test_there_is_no_nearest_release_where_the_first_step_is_stuck() -> None:
    decision = decide(replace(situation(replace(EXPAND, no_way="x"), replace(EXPAND, label="001")), to="1.7.0"))
    assert decision.nearest is None


def test_with_one_change_only_the_steps_of_others_are_left() -> None:
    other = replace(EXPAND, label="003", change="orders", touches=frozenset({"orders"}))
    mine = replace(EXPAND, touches=frozenset({"users"}))
    decision = decide(situation(other, mine, only="users"))
    assert ([one.step.label for one in decision.steps], decision.verdict) == (["002"], V.SAFE)


def test_a_later_step_of_another_change_on_the_same_table_is_in_the_way() -> None:
    later = replace(EXPAND, label="003", change="orders", touches=frozenset({"users", "orders"}))
    mine = replace(EXPAND, touches=frozenset({"users"}))
    decision = decide(situation(later, mine, only="users"))
    assert decision.verdict is V.FORBIDDEN
    assert decision.why == ("003 stays, came after it, and is about users too",)
    earlier = decide(situation(mine, replace(later, label="001"), only="users"))
    assert earlier.verdict is V.SAFE


def test_a_tool_with_one_version_number_passes_nothing_over() -> None:
    other = replace(EXPAND, label="003", change="orders")
    decision = decide(situation(other, EXPAND, only="users", in_a_line=True))
    assert decision.verdict is V.FORBIDDEN
    assert decide(situation(EXPAND, replace(other, label="001"), only="users", in_a_line=True)).verdict is V.SAFE
    stays = decide(situation(replace(EXPAND, stays="it stays"), in_a_line=True))
    assert stays.verdict is V.IMPOSSIBLE


# -- what may be done


def test_what_is_safe_needs_no_word() -> None:
    permit(decide(situation(EXPAND)), accepted=False, reason=None)
    permit(decide(situation()), accepted=False, reason=None)


@pytest.mark.parametrize(("accepted", "reason"), [(False, None), (False, "why"), (True, None), (True, "  ")])
def test_data_is_not_lost_without_a_word_and_a_reason(accepted: bool, reason: str | None) -> None:
    lossy = decide(situation(replace(EXPAND, losses=("it drops users.age: 3 rows",))))
    with pytest.raises(BackwardRefusedError, match="3 rows"):
        permit(lossy, accepted=accepted, reason=reason)


def test_data_is_lost_with_a_word_and_a_reason() -> None:
    permit(decide(situation(replace(EXPAND, losses=("3 rows",)))), accepted=True, reason="a test")


@pytest.mark.parametrize("step", [PURGE, replace(EXPAND, no_way="x"), replace(MIGRATE, backfilling=True)])
def test_no_word_helps_where_there_is_no_way(step: Candidate) -> None:
    with pytest.raises(BackwardRefusedError) as refused:
        permit(decide(situation(step)), accepted=True, reason="a test")
    assert refused.value.exit_code == 4


# -- everything at once

CANDIDATES = st.builds(
    Candidate,
    label=st.sampled_from(["a", "b", "c", "d", "e"]),
    phase=st.sampled_from([*Phase, None]),
    status=st.sampled_from(list(StepStatus)),
    change=st.sampled_from(["users", "orders", None]),
    part=st.sampled_from([*Part, None]),
    release=st.sampled_from([*RELEASES, None, "unheard of"]),
    cut_off_back=st.booleans(),
    no_way=st.sampled_from([None, "no way"]),
    nothing=st.sampled_from([None, "nothing"]),
    stays=st.sampled_from([None, "stays"]),
    losses=st.sampled_from([(), ("rows",)]),
    destroyed=st.sampled_from([None, "gone"]),
    backfilling=st.booleans(),
    synced=st.sampled_from([None, True, False]),
    partly_undoable=st.booleans(),
    touches=st.frozensets(st.sampled_from(["users", "orders"])),
)
ROLLOUTS = st.lists(
    st.builds(
        Rollout,
        release=st.sampled_from([*RELEASES, "hotfix"]),
        status=st.sampled_from(list(RolloutStatus)),
        percent=st.sampled_from([None, 5, 100]),
    ),
    unique_by=lambda one: one.release,
).map(tuple)
SITUATIONS = st.builds(
    Situation,
    to=st.sampled_from(RELEASES),
    releases=st.just(RELEASES),
    rollouts=ROLLOUTS,
    protected=st.booleans(),
    steps=st.lists(CANDIDATES, max_size=5, unique_by=lambda one: one.label).map(tuple),
    floor=st.sampled_from([*RELEASES, None]),
    doubt=st.sampled_from([None, "doubt"]),
    only=st.sampled_from([None, "users"]),
    in_a_line=st.booleans(),
)


@given(SITUATIONS)
def test_nothing_falls_through(case: Situation) -> None:
    decision = decide(case)
    for judged in decision.steps:
        assert judged.verdict in Verdict
        assert judged.why
        assert schema_of(judged.step) is judged.schema
    worst = max((one.verdict.weight for one in decision.steps), default=0)
    assert decision.verdict.weight >= worst
    if decision.verdict.weight > worst:
        assert decision.why


@given(SITUATIONS)
def test_a_step_that_running_code_needs_is_never_taken_back(case: Situation) -> None:
    decision = decide(case)
    for judged in decision.steps:
        needs = judged.step.phase in {Phase.EXPAND, Phase.MIGRATE} and judged.code not in {Code.OLD}
        if needs and judged.schema not in {Schema.IDLE, Schema.QUARANTINED}:
            assert judged.verdict in {V.FORBIDDEN, V.IMPOSSIBLE}


@given(SITUATIONS)
def test_data_never_goes_in_silence(case: Situation) -> None:
    for judged in decide(case).steps:
        if judged.step.losses and judged.verdict in {V.SAFE, V.NOTHING}:
            left = judged.step.nothing or judged.step.stays
            assert judged.schema is Schema.IDLE or left is not None


@given(SITUATIONS)
def test_what_is_permitted_without_a_word_is_free(case: Situation) -> None:
    decision = decide(case)
    free = all(one.verdict in {V.SAFE, V.NOTHING} for one in decision.steps) and not decision.why
    if free:
        permit(decision, accepted=False, reason=None)
    else:
        with pytest.raises(BackwardRefusedError) as refused:
            permit(decision, accepted=False, reason=None)
        assert "\n" not in f"{refused.value.message}{refused.value.hint}"
