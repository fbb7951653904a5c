"""A migration is a step of a plan where it says the same, whatever frames it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.phase import Phase
from migsafe.model.plan import Backfill, ChangeKind, ChangePlan, Check, PlanStep
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.plan.migrations import migration_of
from migsafe.plan.recognition import Recognised, essential, recognise, unframed

if TYPE_CHECKING:
    from migsafe.model.statement import Statement
    from migsafe.plan.recognition import Bare

ADD, DROP = "ALTER TABLE users ADD COLUMN a int;", "ALTER TABLE users DROP COLUMN b;"
STEP = PlanStep(
    name="swap",
    title="Swap",
    phase=Phase.EXPAND,
    forward=(ADD, DROP),
    before=(Check("nobody is left", "SELECT 0"), Check("as the application", "SELECT 0", as_role=True)),
)
APART = replace(STEP, transaction=False, before=())
ROWS = replace(STEP, forward=(), backfill=Backfill(QualifiedName("users"), ("id",), (("a", "b"),), "a IS NULL"))
BOTH = pytest.mark.parametrize("bare", [essential, unframed])


def statements(text: str) -> tuple[Statement, ...]:
    return read_script(
        Script(Direction.UP, text, SourceText("", text), TransactionRule.NONE, Dialect.POSTGRES)
    ).statements


def written(step: PlanStep) -> str:
    """The step as `--write` says it."""
    plan = ChangePlan(change="swap-b", kind=ChangeKind.SPLIT_COLUMN, objects=(), steps=(step,))
    return "\n;\n".join(migration_of(plan, step).up)


def found(text: str, step: PlanStep, bare: Bare) -> Recognised | None:
    return recognise(statements(text), step, bare)


def is_whole(text: str, step: PlanStep, bare: Bare) -> bool:
    one = found(text, step, bare)
    return one is not None and one.is_whole


@BOTH
@pytest.mark.parametrize("step", [STEP, APART, ROWS])
def test_a_step_as_it_was_written_is_the_step(step: PlanStep, bare: Bare) -> None:
    assert is_whole(written(step), step, bare)
    assert is_whole(f"BEGIN;\n{written(step)}\n;COMMIT;", step, bare)


@BOTH
def test_timeouts_and_guards_are_no_part_of_what_it_does(bare: Bare) -> None:
    one = found(written(STEP), STEP, bare)
    assert one is not None
    assert [statement.text + ";" for statement in one.statements] == [ADD, DROP]
    assert is_whole(f"SET statement_timeout = '9s'; {ADD} {DROP} RESET statement_timeout;", STEP, bare)


@BOTH
@pytest.mark.parametrize(
    "text",
    [
        f"{DROP} {ADD}",
        f"{ADD} {DROP} {DROP}",
        f"{ADD} DELETE FROM users; {DROP}",
        "SET LOCAL lock_timeout = '1s';",
        "",
    ],
)
def test_what_says_something_else_is_not_the_step(text: str, bare: Bare) -> None:
    assert found(text, STEP, bare) is None
    assert found(text, APART, bare) is None


@BOTH
def test_a_guard_that_was_loosened_is_a_statement(bare: Bare) -> None:
    loosened = written(STEP).replace("(SELECT 0)", "(SELECT 1)")
    assert loosened != written(STEP)
    assert found(loosened, STEP, bare) is None


@BOTH
def test_some_of_a_step_is_found_only_where_each_statement_commits_by_itself(bare: Bare) -> None:
    first, last = found(ADD, APART, bare), found(DROP, APART, bare)
    assert first is not None
    assert last is not None
    assert (first.begins, first.ends, first.is_whole) == (True, False, False)
    assert (last.begins, last.ends, last.is_whole) == (False, True, False)
    assert found(ADD, STEP, bare) is None


@pytest.mark.parametrize(
    "text",
    [
        f"BEGIN; {ADD} COMMIT; BEGIN; {DROP} COMMIT;",
        f"COMMIT; {ADD} {DROP} BEGIN;",
        f"SET search_path = x; {ADD} {DROP}",
    ],
)
def test_a_run_leaves_transactions_and_settings_to_its_tool_and_a_signature_does_not(text: str) -> None:
    assert is_whole(text, APART, unframed)
    assert found(text, APART, essential) is None
