"""The steps of a release for every strategy, what a plan refuses, and what it only says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_plans import ANYTHING, plan, release, schema, settings, verdict
from migsafe.deploy.facts import Carried
from migsafe.deploy.plan import PlanKind, ReleasePlan, make_plan
from migsafe.deploy.plan_refusals import PlanRefusedError
from migsafe.deploy.plan_rollout import instance_shares
from migsafe.deploy.rollout import Kind
from migsafe.deploy.tables import LONGEST_S
from migsafe.deploy.words import Capabilities, Strategy
from migsafe.model.phase import Phase
from migsafe.model.state import TargetName
from tracker_books import MAIN, NOW

OTHER = TargetName("production", "eu")
EVERY_PHASE = (
    Carried(phase=Phase.EXPAND, steps=("0041",), changes=("users-name",), due={MAIN: ("0041",)}),
    Carried(phase=Phase.MIGRATE, steps=("0042",), changes=("users-name",), due={MAIN: ("0042",)}),
    Carried(phase=Phase.CONTRACT, steps=(), changes=("users-name",)),
)


def kinds(made: ReleasePlan) -> list[str]:
    return [step.kind.value for step in made.steps]


def weights(made: ReleasePlan) -> list[int]:
    return [step.desired.weight for step in made.steps if step.kind is PlanKind.SHIFT and step.desired]


def replicas(count: int, **changes: Any) -> Capabilities:
    return replace(ANYTHING, weights="replicas", replicas=count, **changes)


class TestSteps:
    def test_a_canary_from_the_expand_to_the_contract(self) -> None:
        made = plan(facts=schema(carried=EVERY_PHASE))
        assert kinds(made) == [
            "preflight", "expand", "soak", "stage", "shift", "shift", "shift", "shift", "promote", "bake", "retire",
            "migrate", "verify", "contract",
        ]  # fmt: skip
        assert weights(made) == [5, 20, 50, 100]
        assert [step.n for step in made.steps] == list(range(1, 15))
        assert made.watched == 30 + 4 * 60 + 600

    def test_what_the_coordinator_does_is_what_is_shown(self) -> None:
        made = plan(facts=schema(carried=EVERY_PHASE))
        shown = [(step.kind.value, step.desired, step.seconds) for step in made.steps if step.desired is not None]
        assert shown == [(step.kind.value, step.desired, step.seconds) for step in made.rollout.steps]

    def test_what_changes_the_schema_has_a_command_and_nothing_else_has(self) -> None:
        made = plan(facts=schema(carried=EVERY_PHASE))
        by = {step.kind: step.by for step in made.steps}
        assert by[PlanKind.EXPAND] == "migsafe run expand --release 1.9.0 --env production --url ADDRESS"
        assert by[PlanKind.MIGRATE] == "migsafe run migrate --release 1.9.0 --env production --url ADDRESS"
        assert by[PlanKind.CONTRACT] == "migsafe contract plan users-name --env production --url ADDRESS"
        assert {step.kind for step in made.steps if step.by is None} == {PlanKind.PREFLIGHT, *map(PlanKind, Kind)}

    def test_how_far_the_schema_is(self) -> None:
        made = plan(facts=schema(carried=EVERY_PHASE))
        phases = [step.database for step in made.steps]
        assert phases == ["as it was", *["expanded"] * 10, "migrated", "migrated", "contracted"]

    def test_blue_green(self) -> None:
        made = plan(environment="staging")
        assert kinds(made)[2:] == ["soak", "stage", "shift", "promote", "bake", "retire"]
        assert weights(made) == [100]

    def test_rolling_by_instances(self) -> None:
        made = plan(('"canary"', '"rolling"'), capabilities=replicas(4))
        assert weights(made) == [25, 50, 75, 100]
        assert PlanKind.STAGE not in {step.kind for step in made.steps}

    def test_rolling_by_an_engine_that_has_its_own_steps(self) -> None:
        assert weights(plan(('"canary"', '"rolling"'), capabilities=replicas(4, engine_owns_steps=True))) == [100]

    @pytest.mark.parametrize("strategy", ["rolling", "recreate"])
    def test_first_pages_that_nobody_asks_are_said(self, strategy: str) -> None:
        text = f"{strategy}: no version is ready before it has traffic, so / is not asked first"
        assert text in plan(('"canary"', f'"{strategy}"')).warnings
        assert all("is not asked first" not in one for one in plan().warnings)

    def test_recreate_says_its_gap(self) -> None:
        made = plan(('"canary"', '"recreate"'), facts=schema(carried=()))
        assert kinds(made)[1:] == ["soak", "shift", "promote", "bake", "retire"]
        assert any(one.startswith("recreate: nobody is served") for one in made.warnings)
        assert "a gap" in made.steps[2].title
        assert made.steps[2].on_failure == "start 1.8.0 again: a second gap"
        assert "warm" not in made.steps[4].title

    def test_an_engine_that_keeps_nothing_warm(self) -> None:
        titles = [
            next(step.title for step in plan(capabilities=able).steps if step.kind is PlanKind.BAKE)
            for able in (ANYTHING, replace(ANYTHING, keeps_old_warm=False))
        ]
        assert titles == ["bake 1.9.0, with 1.8.0 kept warm", "bake 1.9.0"]

    def test_the_first_release_has_nothing_to_go_back_to(self) -> None:
        made = plan(stable=None, running=(), facts=schema(now=(), expanded=(verdict("yes", "1.9.0"),)))
        assert kinds(made)[2:] == ["stage", "shift", "promote"]
        assert weights(made) == [100]
        assert made.steps[3].on_failure == "stop; there is no version to go back to"
        assert any("planned as the first one" in one for one in made.warnings)

    def test_nothing_is_watched_for_no_time(self) -> None:
        made = plan(('soak = "30s"', "soak = 0"), ('bake = "10min"', "bake = 0"))
        assert not {PlanKind.SOAK, PlanKind.BAKE} & {step.kind for step in made.steps}

    def test_a_release_without_migrations(self) -> None:
        made = plan(facts=schema(carried=()))
        assert kinds(made)[:2] == ["preflight", "soak"]
        assert {step.database for step in made.steps} == {"as it was"}


class TestDurations:
    def test_a_step_lasts_until_enough_requests_have_come(self) -> None:
        made = plan(('soak = "30s"', 'soak = "30s"\nrequests_per_second = 20'))
        seconds = [step.seconds for step in made.steps if step.kind is PlanKind.SHIFT]
        assert seconds == [100, 60, 60, 60]  # 5 % of 20 a second is one, and the check wants 100

    def test_a_check_that_wants_more(self) -> None:
        made = plan(
            ('soak = "30s"', 'soak = "30s"\nrequests_per_second = 20'),
            ("max_error_rate = 0.02", "max_error_rate = 0.02\nmin_requests = 1000"),
        )
        assert [step.seconds for step in made.steps if step.kind is PlanKind.SHIFT] == [1000, 250, 100, 60]

    def test_hardly_any_traffic_makes_a_step_no_longer_than_a_time_can_be(self) -> None:
        made = plan(('soak = "30s"', 'soak = "30s"\nrequests_per_second = 1e-300'))
        assert {step.seconds for step in made.steps if step.kind is PlanKind.SHIFT} == {LONGEST_S}
        assert len(made.plan_id) == 64

    def test_without_traffic_nothing_is_made_longer(self) -> None:
        made = plan(('soak = "30s"', 'soak = "30s"\nrequests_per_second = 0'))
        assert [step.seconds for step in made.steps if step.kind is PlanKind.SHIFT] == [60] * 4


class TestRefusals:
    def test_a_strategy_that_the_engine_cannot_do(self) -> None:
        able = replace(ANYTHING, strategies=frozenset({Strategy.ROLLING, Strategy.RECREATE}))
        with pytest.raises(PlanRefusedError, match="command cannot do canary") as caught:
            plan(capabilities=able)
        assert caught.value.hint == "it can do recreate, rolling"
        assert caught.value.exit_code == 4

    def test_shares_that_instances_do_not_give(self) -> None:
        with pytest.raises(
            PlanRefusedError, match=r"5 %, 20 % of the traffic cannot be had from 4 instances"
        ) as caught:
            plan(capabilities=replicas(4))
        assert str(caught.value.hint).startswith("steps = [25, 50, 75, 100]")

    def test_shares_that_instances_give(self) -> None:
        assert weights(plan(('soak = "30s"', "steps = [25, 75, 100]"), capabilities=replicas(4))) == [25, 75, 100]

    def test_an_engine_that_moves_all_or_nothing(self) -> None:
        with pytest.raises(PlanRefusedError, match="all of the traffic or none") as caught:
            plan(capabilities=replace(ANYTHING, weights="none"))
        assert caught.value.hint == 'strategy = "blue-green"'
        assert weights(plan(environment="staging", capabilities=replace(ANYTHING, weights="none"))) == [100]

    def test_a_new_release_that_the_schema_does_not_bear(self) -> None:
        facts = schema(expanded=(verdict("yes", "1.8.0"), verdict("no", "1.9.0")))
        with pytest.raises(PlanRefusedError, match=r"1\.9\.0 would not work on production/main: the schema says no"):
            plan(facts=facts)

    def test_a_running_release_that_the_expands_would_break(self) -> None:
        facts = schema(expanded=(verdict("no", "1.8.0"), verdict("yes", "1.9.0")))
        with pytest.raises(PlanRefusedError, match=r"1\.8\.0 would not work"):
            plan(facts=facts)

    def test_a_running_release_that_is_broken_now_is_said_once(self) -> None:
        facts = schema(now=(verdict("no", "1.8.0"),), expanded=(verdict("no", "1.8.0"), verdict("yes", "1.9.0")))
        with pytest.raises(PlanRefusedError) as caught:
            plan(facts=facts)
        assert len(caught.value.refusals) == 1
        assert "1.8.0 runs and does not work" in caught.value.message

    def test_a_release_that_is_there(self) -> None:
        with pytest.raises(PlanRefusedError, match=r"1\.8\.0 has the traffic of production already"):
            plan(release="1.8.0")

    def test_no_database(self) -> None:
        with pytest.raises(PlanRefusedError, match="the tracker knows no database of production"):
            plan(facts=schema(databases=(), now=(), expanded=()))

    def test_all_reasons_are_said(self) -> None:
        facts = schema(expanded=(verdict("no", "1.9.0"),))
        with pytest.raises(PlanRefusedError) as caught:
            plan(capabilities=replace(ANYTHING, weights="none"), facts=facts)
        assert len(caught.value.refusals) == 2

    @pytest.mark.parametrize("strategy", ["recreate", "rolling", "blue-green"])
    def test_shares_matter_to_a_canary_alone(self, strategy: str) -> None:
        assert weights(plan(('"canary"', f'"{strategy}"'), capabilities=replicas(3)))[-1] == 100


class TestWaits:
    def test_an_expand_that_has_not_run(self) -> None:
        made = plan(facts=schema(carried=EVERY_PHASE))
        assert made.waits == (
            "0041 of expand has not run on production/main: "
            "migsafe run expand --release 1.9.0 --env production --url ADDRESS",
        )
        assert [step.standing for step in made.steps][:3] == ["planned", "due", "planned"]

    def test_of_several_databases_each_has_its_command(self) -> None:
        expand = Carried(phase=Phase.EXPAND, steps=("0041",), due={MAIN: ("0041",), OTHER: ("0041",)})
        made = plan(facts=schema(databases=(MAIN, OTHER), carried=(expand,)))
        assert [one.partition(": ")[2] for one in made.waits] == [
            f"migsafe run expand --release 1.9.0 --env production --target {name} --url ADDRESS"
            for name in ("main", "eu")
        ]

    def test_nothing_is_left_to_do(self) -> None:
        made = plan()
        assert made.waits == ()
        assert next(step for step in made.steps if step.kind is PlanKind.EXPAND).standing == "done"

    def test_what_nobody_can_tell_is_said_once(self) -> None:
        doubt = verdict("unknown", "1.8.0")
        made = plan(facts=schema(now=(doubt,), expanded=(doubt, verdict("yes", "1.9.0"))))
        assert made.waits == ("nobody can tell whether 1.8.0 works on production/main: the schema says unknown",)

    def test_what_was_cut_off_comes_first(self) -> None:
        made = plan(facts=schema(unsettled=("0041 (expand) is partial on production/main: migsafe run resume",)))
        assert made.waits[0].startswith("0041 (expand) is partial")


class TestWarnings:
    @pytest.mark.parametrize(
        ("days", "words"),
        [(None, "the way back was never tried here"), (31, "the way back was last tried 31 d ago"), (29, None)],
    )
    def test_the_way_back(self, days: int | None, words: str | None) -> None:
        made = plan(rehearsed_at=None if days is None else NOW - timedelta(days=days))
        expected = () if words is None else (f"{words}: migsafe deploy rehearse --env production",)
        assert made.warnings == expected

    def test_data_of_an_earlier_release(self) -> None:
        migrate = Carried(phase=Phase.MIGRATE, steps=("0039",), due={MAIN: ("0039",)}, of_earlier=("0039",))
        (warning,) = plan(facts=schema(carried=(migrate,))).warnings
        assert warning.startswith("0039 of an earlier release has not run on production/main: if 1.9.0 reads")

    def test_of_several_databases_the_one_to_migrate_is_named(self) -> None:
        eu = TargetName("production", "eu")
        migrate = Carried(phase=Phase.MIGRATE, steps=("0039",), due={eu: ("0039",)}, of_earlier=("0039",))
        (warning,) = plan(facts=schema(carried=(migrate,), databases=(MAIN, eu))).warnings
        assert "migsafe run migrate --release 1.9.0 --env production --target eu --url ADDRESS" in warning

    def test_data_of_the_release_itself_is_no_surprise(self) -> None:
        assert plan(facts=schema(carried=EVERY_PHASE)).warnings == ()

    def test_what_the_tracker_and_the_settings_say(self) -> None:
        made = plan(('bake = "10min"', "bake = 0"), facts=schema(no_way_back=("0041: none",), notes=("a note",)))
        assert made.warnings[1:] == ("0041: none", "a note")
        assert made.warnings[0].startswith("deploy.toml:6: [deploy] bake is 0")


class TestId:
    def test_the_same_before_and_after_the_expand_has_run(self) -> None:
        due = EVERY_PHASE[0]
        before = plan(facts=schema(carried=(due,)), rehearsed_at=None)
        after = plan(facts=schema(carried=(replace(due, due={}),)))
        assert before.plan_id == after.plan_id
        assert before.waits != after.waits

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"1min"', '"2min"'),
            ('"1min"', '"60001ms"'),
            ('"10min"', '"11min"'),
            ("0.02", "0.03"),
            ('"/"]', '"/shop"]'),
            ('"./switch"', '"./other"'),
            ('soak = "30s"', 'soak = "30s"\non_inconclusive = "abort"'),
            ('soak = "30s"', 'soak = "30s"\nsteps = [50, 100]'),
        ],
    )
    def test_another_one_where_something_else_is_done(self, old: str, new: str) -> None:
        assert plan((old, new)).plan_id != plan().plan_id

    @pytest.mark.parametrize(
        ("old", "new"), [("[[check]]", '[[notify]]\nkind = "webhook"\n[[check]]'), ("smoke", "# a comment\nsmoke")]
    )
    def test_messages_and_comments_do_nothing(self, old: str, new: str) -> None:
        assert plan((old, new)).plan_id == plan().plan_id

    def test_another_release_or_another_beginning(self) -> None:
        assert len({plan().plan_id, plan(release="1.9.1").plan_id, plan(stable="1.7.0").plan_id}) == 3


@given(count=st.integers(1, 400))
def test_shares_of_instances_rise_to_everything(count: int) -> None:
    shares = instance_shares(count)
    assert shares[-1] == 100
    assert list(shares) == sorted(set(shares))
    assert shares[0] > 0


@given(
    steps=st.lists(st.integers(1, 99), unique=True, max_size=6).map(sorted),
    strategy=st.sampled_from(list(Strategy)),
    count=st.integers(1, 8),
    exact=st.booleans(),
    stages=st.booleans(),
    stable=st.sampled_from(["1.8.0", None]),
)
def test_whatever_is_planned_ends_with_the_new_release_alone(
    steps: list[int], strategy: Strategy, count: int, exact: bool, stages: bool, stable: str | None
) -> None:
    kept = f"\nsteps = {[*steps, 100]}" if strategy is Strategy.CANARY else ""
    told = settings(('strategy = "canary"', f'strategy = "{strategy}"{kept}'))
    able = replace(ANYTHING, weights="exact" if exact else "replicas", replicas=count, stages=stages)
    try:
        made = make_plan(told, able, release(stable=stable, running=()), schema(now=()))
    except PlanRefusedError:
        assert strategy is Strategy.CANARY
        assert not exact
        return
    shares = weights(made)
    assert shares == sorted(set(shares))
    assert shares[-1] == 100
    last = made.rollout.steps[-1].desired
    assert (last.stable, last.weight) == ("1.9.0", 0)
    assert (last.candidate is None) or stable is None
