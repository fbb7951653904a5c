"""Old columns that become new ones: what counts as right, and what moves when."""

from __future__ import annotations

from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangePlan, PlanStep
from plan_projects import plan_of

_TABLE = "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL DEFAULT 'anon', age int DEFAULT 1);"


def _rename() -> ChangePlan:
    return plan_of(_TABLE, "rename-column", column="users.name", to="full_name")


def _step(plan: ChangePlan, name: str) -> PlanStep:
    return next(step for step in plan.steps if step.name == name)


def test_phases_come_in_their_order() -> None:
    orders = [step.phase.order for step in _rename().steps]
    assert orders == sorted(orders)
    assert [step.part for step in _rename().of_phase(Phase.CONTRACT)] == [Part.QUARANTINE, Part.QUARANTINE, Part.PURGE]


def test_a_row_is_right_when_one_side_explains_the_other() -> None:
    plan = plan_of(_TABLE, "change-type", column="users.age", type="text", to="years", lossy=True)
    (backfill, _) = plan.of_phase(Phase.MIGRATE)
    condition = "(years IS DISTINCT FROM (age::text)) AND (age IS DISTINCT FROM (years::integer))"
    assert condition in backfill.verify[-1].sql
    quarantine = _step(plan, "quarantine-age")
    assert condition in quarantine.before[1].sql
    assert quarantine.backward_backfill is not None
    assert quarantine.backward_backfill.needs_work == condition
    assert quarantine.backward_backfill.assignments == (("age", "years::integer"),)


def test_a_default_moves_with_the_quarantine_and_not_before() -> None:
    plan = _rename()
    quarantine = _step(plan, "quarantine-name")
    assert quarantine.forward[2:5] == (
        "ALTER TABLE users ALTER COLUMN name DROP DEFAULT;",
        "ALTER TABLE users ALTER COLUMN full_name SET DEFAULT 'anon';",
        "ALTER TABLE users RENAME COLUMN name TO _migsafe_q_name;",
    )
    assert quarantine.backward[:3] == (
        "ALTER TABLE users RENAME COLUMN _migsafe_q_name TO name;",
        "ALTER TABLE users ALTER COLUMN full_name DROP DEFAULT;",
        "ALTER TABLE users ALTER COLUMN name SET DEFAULT 'anon';",
    )
    earlier = [text for step in plan.steps if step.phase is not Phase.CONTRACT for text in step.forward]
    assert not any("SET DEFAULT" in text for text in earlier)


def test_a_default_of_another_type_is_cast() -> None:
    plan = plan_of(_TABLE, "change-type", column="users.age", type="text", to="years")
    assert "ALTER TABLE users ALTER COLUMN years SET DEFAULT (1)::text;" in _step(plan, "quarantine-age").forward


def test_the_trigger_lives_from_the_expand_to_the_quarantine() -> None:
    plan = _rename()
    (expand,) = plan.of_phase(Phase.EXPAND)
    quarantine = _step(plan, "quarantine-name")
    assert [text.split()[:2] for text in quarantine.forward[:2]] == [["DROP", "TRIGGER"], ["DROP", "FUNCTION"]]
    assert quarantine.backward[-2:] == expand.forward[-2:]


def test_only_the_purge_cannot_be_taken_back() -> None:
    for step in _rename().steps:
        assert (step.back == "impossible") is (step.part is Part.PURGE)
        assert (step.point_of_no_return is None) is (step.part is not Part.PURGE)


def test_every_step_without_a_way_back_says_why() -> None:
    for step in _rename().steps:
        assert bool(step.backward) is (step.no_way_back is None), step.name
