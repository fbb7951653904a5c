"""What is signed, and what is not: evidence and times never change the hash, and everything that matters does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_cases import NOW, USERS_NAME, gate, plan, statement, step
from migsafe.contracts.hashing import fingerprint
from migsafe.contracts.values import Hold, Thresholds
from migsafe.model.phase import Part
from migsafe.model.plan import Check
from migsafe.model.state import StepStatus, TargetName

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(
    evidence=st.lists(st.tuples(st.sampled_from(["pass", "fail", "unknown", "note"]), _TEXT), max_size=4),
    hours=st.integers(0, 10_000),
    author=_TEXT,
    identity=_TEXT,
    status=st.sampled_from([None, *StepStatus]),
    migration=st.none() | _TEXT,
)
def test_evidence_time_author_and_place_are_not_signed(
    evidence: list[tuple[str, str]], hours: int, author: str, identity: str, status: StepStatus | None,
    migration: str | None,
) -> None:  # fmt: skip
    moment = NOW + timedelta(hours=hours)
    other = plan(
        gates=tuple(gate(result, text=text) for result, text in evidence),
        made_at=moment,
        author=author,
        identity=identity,
        hold=Hold(days=14, since=moment, until=moment),
        surroundings={},
        steps=(step(status=status, migration=migration),),
    )
    assert other.signed_hash == plan().signed_hash
    assert other.plan_id == plan().plan_id


@given(_TEXT)
def test_any_other_statement_is_another_plan(sql: str) -> None:
    other = plan(steps=(step(statements=(statement(sql),)),))
    assert (other.signed_hash == plan().signed_hash) == (sql == statement().sql)


@pytest.mark.parametrize(
    "said",
    [
        {"change": "another"},
        {"where": TargetName("production", "second")},
        {"where": TargetName("staging", "main")},
        {"database": "shop_copy"},
        {"part": Part.PURGE},
        {"objects": (replace(USERS_NAME, number=4),)},
        {"objects": (replace(USERS_NAME, type="character varying(50)"),)},
        {"objects": (replace(USERS_NAME, name="sales.users"),)},
        {"steps": (step(), step("again"))},
        {"steps": (step(backward=()),)},
        {"steps": (step(transaction=False),)},
        {"steps": (step(before=()),)},
        {"steps": (step(before=(Check("both sides of every row agree", "SELECT 1"),)),)},
        {"steps": (step(verify=(Check("it is gone", "SELECT 0"),)),)},
        {"steps": (step(hold_days=1),)},
        {"steps": (step(loses_data=True),)},
        {"thresholds": Thresholds(min_age=0)},
        {"thresholds": Thresholds(approval=10**9)},
    ],
    ids=str,
)
def test_what_is_signed(said: dict[str, Any]) -> None:
    assert plan(**said).signed_hash != plan().signed_hash


def test_a_step_that_is_written_as_a_migration_says_what_it_said() -> None:
    written, unwritten = plan(steps=(step(migration="009"),)), plan(steps=(step(migration=None),))
    assert written.plan_id == unwritten.plan_id


def test_the_order_in_which_a_database_tells_its_facts_does_not_count() -> None:
    facts = plan().facts
    assert fingerprint(facts) == fingerprint(tuple(reversed(facts))) == fingerprint((*facts, facts[0]))
    assert fingerprint(facts) != fingerprint(facts[1:])


def test_drift_and_what_must_be_accepted_make_another_plan_of_the_same_text() -> None:
    usual = plan()
    drifted = plan(facts=(*usual.facts, "view public.names uses users.name"))
    asking = plan(gates=(*usual.gates, gate("acknowledge", "function-bodies", place="public.f()")))
    assert {drifted.signed_hash, asking.signed_hash} == {usual.signed_hash}
    assert len({usual.plan_id, drifted.plan_id, asking.plan_id}) == 3


def test_the_hash_is_that_of_a_form_that_others_can_make() -> None:
    # It changes only where what is signed changes: approvals of an older migsafe would be void.
    assert plan().signed_hash == "fec3f85867213114301e1333489d0f1f9925c3c1985a6387a87ff20456f27999"
