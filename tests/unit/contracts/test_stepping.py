"""How long what goes is held, and what has become of each step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from contract_cases import MAIN, NOW, purge_step, step
from migsafe.contracts.drafts import Draft, drafts_of
from migsafe.contracts.stepping import hold_days, hold_of, is_over, runs_of
from migsafe.contracts.values import Hold
from migsafe.model.declaration import Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.model.state import Chain, Run, StateDocument, Step, StepStatus


def draft(name: str, part: Part | None, sql: str = "ALTER TABLE t DROP COLUMN c") -> Draft:
    script = Script(Direction.UP, sql, SourceText(name, sql), TransactionRule.TOOL, Dialect.POSTGRES)
    declaration = Declaration(phase=Phase.CONTRACT, change="c", part=part)
    (one,) = drafts_of([Migration(name, name, script, declaration=declaration)], None, "db")
    return one


def state(**runs: tuple[StepStatus, int | None]) -> StateDocument:
    """Step → its status, and how many days ago it came to it."""
    steps = tuple(
        Step(
            phase=Phase.CONTRACT,
            migration=name,
            runs=(
                Run(
                    environment="production",
                    target="main",
                    status=status,
                    at=None if days is None else NOW - timedelta(days=days),
                ),
            ),
        )
        for name, (status, days) in runs.items()
    )
    return StateDocument(exported=NOW, installation="x", chain=Chain("0" * 64), steps=steps)


@pytest.mark.parametrize(
    ("sql", "days"),
    [
        ("ALTER TABLE t DROP COLUMN c", 14),
        ("DROP TABLE t", 35),
        ("DROP VIEW v", 35),
        ("ALTER TABLE t DROP COLUMN c; DROP TABLE u", 35),
    ],
)
def test_a_column_is_held_for_two_weeks_and_a_table_over_the_months_end(sql: str, days: int) -> None:
    assert hold_days(draft("010", Part.PURGE, sql)) == days


def held(known: StateDocument, *before: Draft, part: Part | None = Part.PURGE) -> Hold | None:
    steps = (purge_step(),) if part is Part.PURGE else (step(part=part),)
    return hold_of(steps, [*before, draft("011", Part.PURGE)], known, MAIN)


def test_it_begins_when_the_last_step_of_the_quarantine_is_done() -> None:
    known = state(**{"008": (StepStatus.DONE, 9), "009": (StepStatus.QUARANTINED, 5)})
    both = draft("008", Part.QUARANTINE), draft("009", Part.QUARANTINE)
    since = NOW - timedelta(days=5)
    assert held(known, *both) == Hold(days=14, since=since, until=since + timedelta(days=14))


@pytest.mark.parametrize(
    "known", [state(), state(**{"009": (StepStatus.DONE, None)}), state(**{"009": (StepStatus.SKIPPED, 90)})]
)
def test_nobody_knows_since_when(known: StateDocument) -> None:
    assert held(known, draft("009", Part.QUARANTINE)) == Hold(days=14)


def test_what_was_never_in_quarantine_is_not_held() -> None:
    assert held(state()) is None
    assert held(state(), draft("009", Part.QUARANTINE), part=Part.QUARANTINE) is None


def test_what_has_become_of_each_step() -> None:
    known = state(**{"009": (StepStatus.DONE, 1), "010": (StepStatus.PARTIAL, 1), "011": (StepStatus.SKIPPED, 1)})
    drafts = [draft(name, Part.PURGE) for name in ("009", "010", "011", "012")]
    assert [is_over(run) for run in runs_of(drafts, known, MAIN)] == [True, False, True, False]
    unwritten = replace(drafts[0], written=False)
    assert runs_of([unwritten], known, MAIN) == [None]
