"""The gates open on what somebody has said, and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings

from migsafe.evidence.state import read_state_file
from migsafe.model.finding import Evidence
from migsafe.model.release import NO_RELEASES, Release, ReleaseHistory
from migsafe.model.state import Environment, Rollout, RolloutStatus, Run, StateDocument, StepStatus, TargetName
from migsafe.phases.gates import compatible, fully_rolled_out, migrated_and_verified, old_enough, writers_ready
from state_documents import FIXTURES, MIGRATION, NOW, RELEASES, judged_environments, judged_states, with_environment

CHANGE = "users-name-to-full-name"
DAYS = (date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 2))
HISTORY = ReleaseHistory(tuple(Release(name, place, DAYS[place]) for place, name in enumerate(RELEASES)))
WEIGHT = {"fail": 0, "unknown": 1, "pass": 2}

Gate = Callable[[StateDocument | None], Evidence]
GATES: dict[str, Gate] = {
    "contract-before-rollout": partial(fully_rolled_out, "1.8.0", HISTORY),
    "constrain-before-writers": partial(writers_ready, "1.8.0", HISTORY),
    "contract-too-early": lambda state: old_enough("1.8.0", HISTORY, state, NOW),
    "contract-before-verified": lambda state: migrated_and_verified(CHANGE, [MIGRATION], state, NOW),
}
EVERY_GATE = pytest.mark.parametrize("gate", GATES.values(), ids=GATES)


def fixture(name: str) -> StateDocument:
    return read_state_file(FIXTURES / f"{name}.json")


def production(state: StateDocument, **changes: object) -> StateDocument:
    """The state with another production environment."""
    (first, *others) = state.environments
    return replace(state, environments=(replace(first, **changes), *others))  # type: ignore[arg-type]


def with_rollouts(state: StateDocument, *rollouts: Rollout) -> StateDocument:
    """The state with some rollouts of production replaced, by their releases."""
    new = {rollout.release: rollout for rollout in rollouts}
    old = {rollout.release: rollout for rollout in state.environments[0].rollouts}
    return production(state, rollouts=tuple((old | new).values()))


def without_rollouts(state: StateDocument, *releases: str) -> StateDocument:
    kept = (rollout for rollout in state.environments[0].rollouts if rollout.release not in releases)
    return production(state, rollouts=tuple(kept))


@pytest.mark.parametrize(
    ("name", "results"),
    [
        ("full", {}),
        ("hmac", {}),
        ("rolling", {"contract-before-rollout": "fail", "constrain-before-writers": "fail",
                     "contract-too-early": "fail", "contract-before-verified": "fail"}),
        ("draining", {"contract-before-rollout": "fail", "constrain-before-writers": "fail",
                      "contract-too-early": "fail", "contract-before-verified": "fail"}),
        ("rolled-back", {"contract-before-rollout": "fail", "constrain-before-writers": "fail",
                         "contract-too-early": "fail", "contract-before-verified": "fail"}),
        ("two-environments", {"contract-before-rollout": "fail", "constrain-before-writers": "fail",
                              "contract-too-early": "fail", "contract-before-verified": "unknown"}),
        ("rollback-target", {"contract-before-rollout": "fail", "constrain-before-writers": "fail"}),
        ("unverified", {"contract-before-verified": "fail"}),
    ],
)  # fmt: skip
def test_what_the_gates_say_of_each_situation(name: str, results: dict[str, str]) -> None:
    said = {rule: gate(fixture(name)) for rule, gate in GATES.items()}
    assert {rule: evidence.result for rule, evidence in said.items()} == dict.fromkeys(GATES, "pass") | results
    assert {rule: evidence.rule for rule, evidence in said.items()} == {rule: rule for rule in GATES}


@pytest.mark.parametrize(
    ("name", "rule", "place", "text"),
    [
        ("full", "contract-before-rollout", "production",
         "1.8.0 is fully rolled out on production since 2026-10-05; only 1.8.0 runs on production"),
        ("rolling", "contract-before-rollout", "production",
         "1.8.0 is not fully rolled out: it is rolling (40 %) on production; "
         "1.7.0 is still deployed (60 %) on production"),
        ("draining", "contract-before-rollout", "production", "1.7.0 is still draining (0 %) on production"),
        ("rolled-back", "contract-before-rollout", "production",
         "1.8.0 is not fully rolled out: it is rolled back on production; "
         "1.7.0 is still deployed (100 %) on production"),
        ("two-environments", "contract-before-rollout", "production-eu",
         "1.8.0 is not fully rolled out: it is planned on production-eu; "
         "1.7.0 is still deployed (100 %) on production-eu"),
        ("rollback-target", "contract-before-rollout", "production",
         "a rollback on production would go to 1.7.0, which is older than 1.8.0"),
        ("full", "contract-too-early", "production", "1.8.0 is fully rolled out on production since 2026-10-05"),
        ("draining", "contract-too-early", "production",
         "1.8.0 is fully rolled out on production since 2026-11-23: 7 days will have gone by on 2026-11-30"),
        ("full", "contract-before-verified", "production/main",
         "003_fill_full_name is done on production/main since 2026-10-06; "
         "“full_name is the same as name” was verified on production/main at 2026-11-23 06:00 UTC"),
        ("unverified", "contract-before-verified", "production/main",
         "“full_name is the same as name” did not hold on production/main at 2026-11-23 06:00 UTC (17)"),
        ("rolled-back", "contract-before-verified", "production/main",
         "003_fill_full_name is partial on production/main since 2026-10-06"),
        ("two-environments", "contract-before-verified", "production-eu/main",
         "nobody has said whether 003_fill_full_name has run on production-eu/main; "
         "“full_name is the same as name” was not verified on production-eu/main"),
        ("full", "constrain-before-writers", "production", "only 1.8.0 runs on production"),
    ],
)  # fmt: skip
def test_they_say_why_with_names_and_dates(name: str, rule: str, place: str, text: str) -> None:
    said = GATES[rule](fixture(name))
    assert (said.source, said.place, said.text) == ("state", place, text)


@EVERY_GATE
def test_without_a_state_document_nothing_is_known(gate: Gate) -> None:
    assert gate(None).result == "unknown"


@EVERY_GATE
def test_without_a_protected_environment_nothing_is_known(gate: Gate) -> None:
    assert gate(production(fixture("full"), protected=False)).result == "unknown"


@pytest.mark.parametrize("gate", list(GATES.values())[:3], ids=list(GATES)[:3])
def test_an_environment_of_which_nothing_is_said_leaves_it_unknown(gate: Gate) -> None:
    state = with_environment(fixture("full"), Environment(name="production-us", protected=True))
    assert gate(state).result == "unknown"


@pytest.mark.parametrize("judge", [fully_rolled_out, writers_ready])
def test_a_release_that_is_not_cut_yet_fails(judge: Callable[..., Evidence]) -> None:
    said = judge(None, HISTORY, fixture("full"))
    assert (said.result, said.text) == ("fail", "it is in no release yet")


@pytest.mark.parametrize("judge", [fully_rolled_out, writers_ready])
def test_a_release_that_nobody_knows_leaves_it_unknown(judge: Callable[..., Evidence]) -> None:
    assert judge("2.0", HISTORY, fixture("full")).result == "unknown"


def test_without_a_history_the_order_of_the_document_counts() -> None:
    assert fully_rolled_out("1.8.0", NO_RELEASES, fixture("full")).result == "pass"
    assert fully_rolled_out("1.8.0", NO_RELEASES, replace(fixture("full"), releases=())).result == "unknown"


def test_a_predecessor_of_which_nobody_has_said_anything_may_be_running() -> None:
    said = fully_rolled_out("1.8.0", HISTORY, without_rollouts(fixture("full"), "1.7.0"))
    assert (said.result, said.text) == ("unknown", "nobody has said whether 1.7.0 is retired on production")


def test_so_may_one_between_two_that_are_mentioned() -> None:
    """1.7.0 is retired and 1.9.0 runs: whether 1.8.0 ever did, nobody has said."""
    ninth = Rollout(release="1.9.0", status=RolloutStatus.DEPLOYED, percent=100, full_at=NOW)
    state = without_rollouts(with_rollouts(fixture("full"), ninth), "1.8.0")
    assert fully_rolled_out("1.9.0", HISTORY, state).result == "unknown"


def test_one_that_never_ran_there_is_gone() -> None:
    never = Rollout(release="1.7.0", status=RolloutStatus.PLANNED)
    assert fully_rolled_out("1.8.0", HISTORY, with_rollouts(fixture("full"), never)).result == "pass"


def test_one_that_is_about_to_run_there_is_not() -> None:
    about = Rollout(release="1.7.0", status=RolloutStatus.EXPANDING)
    assert fully_rolled_out("1.8.0", HISTORY, with_rollouts(fixture("full"), about)).result == "fail"


def test_the_first_release_of_all_has_no_predecessor() -> None:
    first = ReleaseHistory((Release("1.8.0", 0),))
    assert fully_rolled_out("1.8.0", first, without_rollouts(fixture("full"), "1.7.0", "1.9.0")).result == "pass"


def test_a_later_release_carries_what_an_earlier_one_does() -> None:
    eighth = Rollout(release="1.8.0", status=RolloutStatus.RETIRED)
    ninth = Rollout(release="1.9.0", status=RolloutStatus.DEPLOYED, percent=100, full_at=NOW - timedelta(days=8))
    state = with_rollouts(fixture("full"), eighth, ninth)
    assert fully_rolled_out("1.8.0", HISTORY, state).result == "pass"


def test_a_release_beside_its_successor_stays_rolled_out() -> None:
    eighth = Rollout(release="1.8.0", status=RolloutStatus.DRAINING, percent=50, full_at=NOW - timedelta(days=20))
    ninth = Rollout(release="1.9.0", status=RolloutStatus.ROLLING, percent=50)
    state = with_rollouts(fixture("full"), eighth, ninth)
    assert fully_rolled_out("1.8.0", HISTORY, state).result == "pass"
    assert old_enough("1.8.0", HISTORY, state, NOW).result == "pass"


def test_a_deployment_of_which_nobody_has_said_how_full_it_is_leaves_it_unknown() -> None:
    eighth = Rollout(release="1.8.0", status=RolloutStatus.DEPLOYED)
    state = with_rollouts(fixture("full"), eighth)
    assert fully_rolled_out("1.8.0", HISTORY, state).result == "unknown"
    assert old_enough("1.8.0", HISTORY, state, NOW).result == "unknown"


def test_a_running_release_of_unknown_age_leaves_it_unknown() -> None:
    strange = Rollout(release="nightly", status=RolloutStatus.ROLLING, percent=1)
    said = fully_rolled_out("1.8.0", HISTORY, with_rollouts(fixture("full"), strange))
    assert said.result == "unknown"
    assert "nightly, rolling (1 %) on production, is older than 1.8.0" in said.text


def test_where_nothing_runs_nothing_is_known() -> None:
    gone = Rollout(release="1.8.0", status=RolloutStatus.RETIRED, full_at=NOW - timedelta(days=30))
    assert fully_rolled_out("1.8.0", HISTORY, with_rollouts(fixture("full"), gone)).result == "unknown"


def test_writers_need_not_be_rolled_out_in_full() -> None:
    canary = Rollout(release="1.8.0", status=RolloutStatus.ROLLING, percent=40)
    state = with_rollouts(fixture("full"), canary)
    assert writers_ready("1.8.0", HISTORY, state).result == "pass"
    assert fully_rolled_out("1.8.0", HISTORY, state).result == "fail"


@pytest.mark.parametrize(("age", "result"), [(timedelta(days=7), "pass"), (timedelta(days=7, seconds=-1), "fail")])
def test_the_age_counts_to_the_second(age: timedelta, result: str) -> None:
    eighth = Rollout(release="1.8.0", status=RolloutStatus.DEPLOYED, percent=100, full_at=NOW - age)
    assert old_enough("1.8.0", HISTORY, with_rollouts(fixture("full"), eighth), NOW).result == result


def test_the_age_is_that_of_the_last_environment() -> None:
    late = replace(
        fixture("full").environments[0],
        name="production-eu",
        rollouts=(
            Rollout(release="1.7.0", status=RolloutStatus.RETIRED),
            Rollout(release="1.8.0", status=RolloutStatus.DEPLOYED, percent=100, full_at=NOW - timedelta(days=2)),
        ),
    )
    said = old_enough("1.8.0", HISTORY, with_environment(fixture("full"), late), NOW)
    assert (said.result, said.place) == ("fail", "production-eu")


def test_a_later_release_of_known_age_does_not_make_an_undated_one_young() -> None:
    eighth = Rollout(release="1.8.0", status=RolloutStatus.DEPLOYED, percent=100)
    ninth = Rollout(release="1.9.0", status=RolloutStatus.DEPLOYED, percent=100, full_at=NOW - timedelta(days=1))
    assert old_enough("1.8.0", HISTORY, with_rollouts(fixture("full"), eighth, ninth), NOW).result == "unknown"


@pytest.mark.parametrize(("now", "result"), [(NOW, "unknown"), (datetime(2026, 10, 7, tzinfo=UTC), "fail")])
def test_without_live_facts_a_recent_cut_fails_and_an_old_one_proves_nothing(now: datetime, result: str) -> None:
    said = old_enough("1.8.0", HISTORY, None, now)
    assert (said.result, said.source) == (result, "releases")
    assert "1.8.0 was cut on 2026-10-01" in said.text


def test_another_age_may_be_asked_for() -> None:
    assert old_enough("1.8.0", HISTORY, fixture("full"), NOW, min_age=timedelta(days=90)).result == "fail"


def with_run(state: StateDocument, status: StepStatus, at: datetime | None = NOW) -> StateDocument:
    """The state with another outcome of the migrate step."""
    run = Run(environment="production", target="main", status=status, at=at)
    steps = tuple(replace(step, runs=(run,)) if step.migration == MIGRATION else step for step in state.steps)
    return replace(state, steps=steps)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (StepStatus.PENDING, "fail"),
        (StepStatus.RUNNING, "fail"),
        (StepStatus.FAILED, "fail"),
        (StepStatus.PARTIAL, "fail"),
        (StepStatus.REVERTED, "fail"),
        (StepStatus.SKIPPED, "unknown"),
        (StepStatus.DONE, "pass"),
    ],
)
def test_only_what_is_done_is_migrated(status: StepStatus, result: str) -> None:
    state = with_run(fixture("full"), status, NOW - timedelta(days=2))
    assert GATES["contract-before-verified"](state).result == result


def test_what_was_done_at_no_known_time_may_be_later_than_its_check() -> None:
    state = with_run(fixture("full"), StepStatus.DONE, None)
    assert GATES["contract-before-verified"](state).result == "unknown"


def test_a_check_before_the_last_step_says_nothing_of_it() -> None:
    said = GATES["contract-before-verified"](with_run(fixture("full"), StepStatus.DONE))
    assert (said.result, "before the last step was done" in said.text) == ("unknown", True)


def with_checks(state: StateDocument, *ages: tuple[timedelta, bool]) -> StateDocument:
    """The state with checks of one name, by age and outcome."""
    (check,) = state.checks
    return replace(state, checks=tuple(replace(check, at=NOW - age, ok=ok) for age, ok in ages))


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("ages", "result"),
    [
        ([], "unknown"),
        ([(24 * HOUR, True)], "unknown"),
        ([(24 * HOUR - timedelta(seconds=1), True)], "pass"),
        ([(-HOUR, True)], "unknown"),
        ([(30 * HOUR, False)], "fail"),
        ([(3 * HOUR, False), (HOUR, True)], "pass"),
        ([(HOUR, False), (3 * HOUR, True)], "fail"),
        ([(HOUR, True), (HOUR, False)], "fail"),
    ],
)
def test_the_last_check_counts_while_it_is_fresh(ages: list[tuple[timedelta, bool]], result: str) -> None:
    assert GATES["contract-before-verified"](with_checks(fixture("full"), *ages)).result == result


def test_each_check_of_the_change_must_hold() -> None:
    state = fixture("full")
    other = replace(state.checks[0], name="full_name is never empty", ok=False)
    assert GATES["contract-before-verified"](replace(state, checks=(*state.checks, other))).result == "fail"


def test_a_migration_that_the_state_does_not_know_leaves_it_unknown() -> None:
    said = migrated_and_verified(CHANGE, [MIGRATION, "004_more"], fixture("full"), NOW)
    assert (said.result, said.text) == ("unknown", "the state document does not know the step 004_more")


def test_a_change_without_steps_leaves_it_unknown() -> None:
    assert migrated_and_verified("orders", [], fixture("full"), NOW).result == "unknown"
    assert migrated_and_verified(None, [], fixture("full"), NOW).result == "unknown"


def test_a_migration_leads_to_the_checks_of_its_change() -> None:
    assert migrated_and_verified(None, [MIGRATION], fixture("full"), NOW).result == "pass"


@pytest.mark.parametrize(
    ("running", "floor", "result"),
    [
        (["1.8.0", "1.9.0"], "1.8.0", "pass"),
        (["1.8.0", "1.7.0"], "1.8.0", "fail"),
        (["1.7.0", "nightly"], "1.8.0", "fail"),
        (["1.9.0", "nightly"], "1.8.0", "unknown"),
        (["1.9.0"], "nightly", "unknown"),
        (["1.7.0"], None, "pass"),
        ([], "1.8.0", "unknown"),
    ],
)
def test_no_release_that_runs_is_older_than_the_floor(running: list[str], floor: str | None, result: str) -> None:
    assert compatible(running, floor, HISTORY).result == result


def test_a_fleet_is_told_in_short() -> None:
    names = [f"tenant-{number}" for number in range(500)]
    state = fixture("full")
    fleet = production(state, targets=tuple(replace(state.environments[0].targets[0], name=name) for name in names))
    said = GATES["contract-before-verified"](fleet)
    assert said.result == "unknown"
    assert len(said.text) < 400
    assert "and 997 more" in said.text


def retired(environment: Environment, release: str) -> Environment:
    """The environment after a release was retired there."""
    return replace(
        environment,
        rollouts=tuple(
            replace(rollout, status=RolloutStatus.RETIRED) if rollout.release == release else rollout
            for rollout in environment.rollouts
        ),
    )


def weights(state: StateDocument) -> list[int]:
    """How good the news of each gate is."""
    return [WEIGHT[gate(state).result] for gate in GATES.values()]


@settings(max_examples=200)
@given(judged_states())
def test_retiring_an_old_release_never_makes_it_worse(state: StateDocument) -> None:
    after = replace(state, environments=tuple(retired(environment, "1.7.0") for environment in state.environments))
    assert all(new >= old for old, new in zip(weights(state), weights(after), strict=True))


@settings(max_examples=200)
@given(judged_states(), judged_environments("production-us"))
def test_one_more_environment_never_makes_it_better(state: StateDocument, more: Environment) -> None:
    pairs = zip(weights(state), weights(with_environment(state, more)), strict=True)
    assert all(new <= old for old, new in pairs)


def forgotten(state: StateDocument) -> list[StateDocument]:
    """The state after one kind of fact was lost."""
    nobody = tuple(replace(environment, rollouts=()) for environment in state.environments)
    return [
        replace(state, environments=()),
        replace(state, environments=nobody, steps=(), checks=()),
        replace(state, environments=nobody, checks=()),
    ]


@settings(max_examples=30)
@given(judged_states())
def test_what_nobody_says_is_never_a_pass(state: StateDocument) -> None:
    assert {gate(poorer).result for poorer in forgotten(state) for gate in GATES.values()} <= {"fail", "unknown"}


@given(judged_states())
def test_a_pass_has_all_its_reasons(state: StateDocument) -> None:
    """Said once more in plain words: where the gates pass, these things are so."""
    (environment,) = state.environments
    running = {rollout.release for rollout in environment.running}
    if GATES["constrain-before-writers"](state).result == "pass":
        assert running
        assert running <= {"1.8.0", "1.9.0"}
        assert environment.rollout("1.7.0") is not None
        assert environment.rollback_to != "1.7.0"
    if GATES["contract-too-early"](state).result == "pass":
        assert any(rollout.full_at and rollout.full_at <= NOW - timedelta(days=7) for rollout in environment.rollouts)
    if GATES["contract-before-verified"](state).result == "pass":
        assert [run.status for step in state.steps for run in step.runs] == [StepStatus.DONE]
        assert any(check.ok and check.at == NOW - timedelta(hours=2) for check in state.checks)


@EVERY_GATE
@pytest.mark.parametrize("position", range(8))
def test_each_single_fact_of_a_passing_state_is_needed_or_is_of_another_gate(gate: Gate, position: int) -> None:
    """Taking facts away one by one from a state that passes never leads to a fail; and every fact counts somewhere."""
    state = fixture("full")
    poorer = single_losses(state)[position]
    assert gate(poorer).result in {"pass", "unknown"}
    assert any(each(poorer).result == "unknown" for each in GATES.values())


def single_losses(state: StateDocument) -> list[StateDocument]:
    """The state without one fact, for each that matters."""
    rollouts = {rollout.release: rollout for rollout in state.environments[0].rollouts}
    where = TargetName("production", "main")
    return [
        without_rollouts(state, "1.7.0"),
        without_rollouts(state, "1.8.0"),
        with_rollouts(state, replace(rollouts["1.8.0"], percent=None, full_at=None)),
        with_rollouts(state, replace(rollouts["1.8.0"], full_at=None)),
        production(state, targets=()),
        replace(state, steps=tuple(step for step in state.steps if step.migration != MIGRATION)),
        replace(state, steps=tuple(replace(step, runs=tuple(run for run in step.runs if run.where != where))
                                   for step in state.steps)),
        replace(state, checks=()),
    ]  # fmt: skip
