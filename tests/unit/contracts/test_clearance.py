"""What voids a signature, each by itself; and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from contract_cases import NOW, USERS_NAME, approval, gate, plan, purge, purge_step, signed, statement, step
from migsafe.contracts.clearance import Clearance, clear, is_author, standing_approvals
from migsafe.contracts.values import Thresholds
from migsafe.model.state import StepStatus

if TYPE_CHECKING:
    from migsafe.contracts.clearance import SignedPlan
    from migsafe.contracts.values import ContractPlan


def judged(kept: SignedPlan | None, **said: Any) -> Clearance:
    """The plan as it is made now, against the one that is kept."""
    return clear(kept, plan(**said), NOW)


def refused(clearance: Clearance) -> str:
    assert not clearance.cleared
    assert clearance.why is not None
    assert "\n" not in f"{clearance.why}{clearance.hint}"
    return clearance.why


def test_a_plan_that_one_person_has_approved_may_run() -> None:
    clearance = judged(signed(None, approval()))
    assert (clearance.cleared, clearance.why, clearance.notes) == (True, None, ())
    assert clearance.approved_by == ("olga",)
    assert [one.name for one in clearance.steps] == ["quarantine-name"]


def test_no_plan_at_all() -> None:
    assert "nobody has signed a plan for the quarantine" in refused(judged(None))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"steps": (step(statements=(statement("DROP TABLE users"),)),)}, "step 1 has other statements"),
        ({"steps": (step(), step("another"))}, "it has 2 steps instead of 1"),
        ({"steps": (step(backward=()),)}, "step 1 has other backward"),
        ({"objects": (replace(USERS_NAME, number=9),)}, "the objects are others"),
        ({"objects": (replace(USERS_NAME, type="bigint"),)}, "users.name (bigint, column 3)"),
        ({"thresholds": Thresholds(min_age=0)}, "gates ask for something else: min_age"),
        ({"database": "shop_copy"}, "in shop"),
    ],
)
def test_an_edit(said: dict[str, Any], why: str) -> None:
    text = refused(judged(signed(None, approval()), **said))
    assert "was signed, and is not what would run" in text
    assert why in text


def test_the_other_half_is_another_plan() -> None:
    text = refused(clear(signed(None, approval()), purge(), NOW))
    assert "it is for the quarantine, and what is due is the purge" in text


def test_drift_of_what_it_is_about() -> None:
    facts = (*plan().facts, "view public.names uses users.name")
    assert "new: view public.names uses users.name" in refused(judged(signed(None, approval()), facts=facts))
    assert "gone: index public.users_name_idx" in refused(judged(signed(None, approval()), facts=facts[1:2]))


def test_another_database_of_the_same_name() -> None:
    assert "this is 8822/shop, and it was signed for 7711/shop" in refused(
        judged(signed(None, approval()), identity="8822/shop")
    )


def test_a_role_that_may_not_ask_for_the_system_is_no_drift() -> None:
    assert judged(signed(None, approval()), identity="?/shop").cleared


def test_unrelated_drift_is_a_note() -> None:
    clearance = judged(signed(None, approval()), surroundings={"public.orders": "ffffffff", "public.users": "4d5e6f70"})
    assert clearance.cleared
    assert clearance.notes == ("changed since it was signed, and none of its business: public.orders",)


def test_another_column_of_the_same_table_is_a_note() -> None:
    clearance = judged(signed(None, approval()), surroundings={**plan().surroundings, "public.users": "00000000"})
    assert clearance.cleared
    assert "public.users: something else of it has changed" in clearance.notes[0]


def test_an_approval_expires_to_the_second() -> None:
    kept = signed(None, approval(hours_ago=72))
    assert "the approval of olga expired at 2026-11-23 09:00 UTC" in refused(judged(kept))
    assert clear(kept, plan(), NOW - timedelta(seconds=1)).cleared


def test_an_approval_from_before_the_plan_does_not_count() -> None:
    kept = signed(None, approval(hours_ago=3), made_at=NOW - timedelta(hours=2))
    assert "the approval of olga is older than the plan" in refused(judged(kept))


@pytest.mark.parametrize("name", ["mira", "Mira", " mira "])
def test_the_author_cannot_approve(name: str) -> None:
    assert "has made the plan and cannot approve it" in refused(judged(signed(None, approval(name))))


def test_the_author_cannot_approve_under_another_name() -> None:
    kept = signed(None, approval("olga", role="deployer"), author_role="deployer")
    assert "olga has made the plan" in refused(judged(kept))
    assert judged(signed(None, approval("olga", role="dba"), author_role="deployer")).cleared


def test_where_no_roles_are_known_names_decide() -> None:
    assert not is_author(signed(author_role=""), "olga", "")
    assert is_author(signed(author_role=""), "mira", "dba")


def test_data_loss_needs_two_people() -> None:
    kept = signed(purge(), approval())
    assert "2 people, because data is lost; olga has approved it" in refused(clear(kept, purge(), NOW))
    both = signed(purge(), approval(), approval("pavel"))
    assert clear(both, purge(), NOW).approved_by == ("olga", "pavel")


def test_two_names_of_one_login_are_one_person() -> None:
    kept = signed(purge(), approval("olga", role="dba"), approval("pavel", role="dba"))
    assert len(standing_approvals(kept, NOW)) == 1
    assert not clear(kept, purge(), NOW).cleared


def test_one_of_two_expires() -> None:
    kept = signed(purge(), approval(), approval("pavel", hours_ago=80))
    assert "the approval of pavel expired" in refused(clear(kept, purge(), NOW))


def test_a_rejection_voids_it_whoever_has_approved() -> None:
    no = approval("pavel", decision="reject", reason="not before the month's end")
    assert "pavel has rejected the plan" in refused(judged(signed(None, approval(), no)))
    assert "not before the month's end" in refused(judged(signed(None, approval(), no)))


def test_evidence_is_judged_again() -> None:
    now = (gate("fail", "still-in-use", "1.7.0: app/users.py names users.name"), gate("unknown"))
    text = refused(judged(signed(None, approval()), gates=now))
    assert text == "still-in-use: 1.7.0: app/users.py names users.name; and 1 more"


def test_what_nobody_knows_refuses_too() -> None:
    assert "dependents: nobody can tell" in refused(
        judged(signed(None, approval()), gates=(gate("unknown", text="nobody can tell"),))
    )


def test_a_hold_that_is_not_over() -> None:
    held = (gate("fail", "hold", "in quarantine since 2026-11-20: until 2026-12-04"),)
    kept = signed(purge(), approval(), approval("pavel"))
    assert "hold: in quarantine since 2026-11-20" in refused(clear(kept, purge(gates=held), NOW))


def test_what_must_be_accepted_was_accepted_by_whoever_approved() -> None:
    asking = (gate("acknowledge", "function-bodies", "f names it", place="public.f()"),)
    assert judged(signed(plan(gates=asking), approval()), gates=asking).cleared
    assert "nobody has accepted this yet: f names it" in refused(judged(signed(None, approval()), gates=asking))
    other = (gate("acknowledge", "function-bodies", "g names it", place="public.g()"),)
    assert "g names it" in refused(judged(signed(plan(gates=asking), approval()), gates=other))


def begun(**said: Any) -> ContractPlan:
    """The first of two steps has run."""
    return plan(steps=(step("release-name", status=StepStatus.DONE), step()), **said)


def test_a_plan_that_has_begun_stays_signed_for_what_is_left() -> None:
    whole = plan(steps=(step("release-name"), step()))
    clearance = clear(signed(whole, approval()), begun(facts=plan().facts[1:]), NOW)
    assert clearance.cleared
    assert [one.name for one in clearance.steps] == ["quarantine-name"]


def test_what_comes_while_it_runs_is_drift_nevertheless() -> None:
    whole = plan(steps=(step("release-name"), step()))
    text = refused(clear(signed(whole, approval()), begun(facts=(*plan().facts, "view v uses users.name")), NOW))
    assert "new: view v" in text


def test_what_its_own_steps_have_dropped_already_is_no_edit() -> None:
    other = replace(USERS_NAME, column="nick", number=4)
    steps = (purge_step(name="purge-name"), purge_step(name="purge-nick"))
    whole = purge(steps=steps, objects=(USERS_NAME, other))
    kept = signed(whole, approval(), approval("pavel"))
    half = (replace(steps[0], status=StepStatus.PURGED), steps[1])
    assert clear(kept, purge(steps=half, objects=(other,)), NOW).cleared
    assert not clear(kept, purge(steps=steps, objects=(other,)), NOW).cleared, "nothing has run: it is another plan"
    again = replace(other, number=9)
    assert "the objects are others" in refused(clear(kept, purge(steps=half, objects=(again,)), NOW))


def test_what_whoever_approved_has_believed_of_subscribers_blocks_no_more() -> None:
    believed = gate("acknowledge", "published-tables", "subscribers are said to be ready", place="public.users")
    now = gate("fail", "published-tables", "a subscriber that lacks the change stops", place="public.users")
    assert judged(signed(plan(gates=(believed,)), approval()), gates=(now,)).cleared
    assert "published-tables" in refused(judged(signed(None, approval()), gates=(now,)))
    other = replace(now, place="public.orders")
    assert "published-tables" in refused(judged(signed(plan(gates=(believed,)), approval()), gates=(other,)))


def test_nothing_else_is_cleared_by_having_been_accepted() -> None:
    accepted = gate("acknowledge", "function-bodies", "f names it", place="f")
    now = gate("fail", "function-bodies", "f names it", place="f")
    assert not judged(signed(plan(gates=(accepted,)), approval()), gates=(now,)).cleared
