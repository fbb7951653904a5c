"""Steps as migrations."""

from __future__ import annotations

import pytest

from migsafe.model.phase import Phase
from migsafe.plan.migrations import migrations_of
from plan_workloads import CASES


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_now_is_expand_and_migrate(name: str) -> None:
    plan = CASES[name].plan()
    written = migrations_of(plan)
    steps = [step for step in plan.steps if step.phase is not Phase.CONTRACT]
    assert [one.name for one in written] == [f"the-change-{step.name}" for step in steps]
    assert [one.declaration.phase for one in written] == [step.phase for step in steps]
    assert {one.declaration.change for one in written} <= {"the-change"}
    for one in written:
        assert one.up
        assert one.down or one.reason, one.name


def test_a_strong_lock_is_not_waited_for_long() -> None:
    (add, *_) = migrations_of(CASES["rename"].plan())
    assert add.transaction
    assert add.up[0] == add.down[0] == "SET LOCAL lock_timeout = '500ms';"


def test_what_must_hold_before_is_asked_by_the_migration_itself() -> None:
    (require,) = (one for one in migrations_of(CASES["not null"].plan()) if one.name.endswith("require-currency"))
    assert "IF (SELECT count(*) FROM (SELECT FROM orders WHERE currency IS NULL LIMIT 1)" in require.up[1]
    assert "RAISE EXCEPTION 'not before this holds: currency has a value in every row';" in require.up[1]


def test_timeouts_are_left_to_a_connection_that_sets_them() -> None:
    for one in migrations_of(CASES["rename"].plan(), timeouts=False):
        assert not any(statement.startswith("SET") for statement in (*one.up, *one.down))


def test_what_waits_for_snapshots_has_no_timeout_and_no_transaction() -> None:
    built = [one for one in migrations_of(CASES["rename"].plan()) if "CONCURRENTLY" in one.up[0]]
    assert len(built) == 2
    for one in built:
        assert not one.transaction
        assert len(one.up) == 1


def test_a_backfill_stands_alone() -> None:
    # DO may commit only where it is the only statement of its query.
    (backfill,) = (one for one in migrations_of(CASES["rename"].plan()) if "DO $migsafe$" in one.up[0])
    assert len(backfill.up) == 1
    assert not backfill.transaction
    assert "COMMIT;" in backfill.up[0]
    assert "not before this holds" in backfill.up[0]


def test_a_way_back_of_several_transactions_is_left_to_the_plan() -> None:
    (relax,) = migrations_of(CASES["drop"].plan())
    assert relax.transaction
    assert relax.down == ()
    assert relax.reason == "it takes several transactions, which are in migsafe/changes/the-change.json"
