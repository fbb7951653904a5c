"""What is recorded, and what a person is told, when a tool's table meets project and tracker."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.bookkeeping.adoption import Comparison, Trouble, compare
from migsafe.books.base import Applied, Outcome
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.model.state import StepStatus
from migsafe.tracker.transitions import check_step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migsafe.bookkeeping.project import ProjectStep

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DONE, FAILED, PARTIAL = StepStatus.DONE, StepStatus.FAILED, StepStatus.PARTIAL


@dataclass
class Step:
    """As much of a project's step as is looked at."""

    migration: Migration
    checksum: str | None = field(default="v1:now")


def step(name: str) -> ProjectStep:
    source = SourceText(f"{name}.sql", "SELECT 1")
    up = Script(Direction.UP, source.text, source, TransactionRule.TOOL, Dialect.POSTGRES)
    return cast("ProjectStep", Step(Migration(name, source.path, up)))


STEPS = [step("1"), step("2"), step("3")]


def held(applied: Sequence[Applied], known: Mapping[str, StepStatus] | None = None) -> Comparison:
    return compare(STEPS, applied, known or {}, NOW, table="kept")


def troubles(compared: Comparison) -> list[tuple[str, str]]:
    return [(concern.kind.value, concern.migration) for concern in compared.concerns]


def test_what_the_table_has_is_recorded_and_the_rest_is_left() -> None:
    at = NOW - timedelta(days=3)
    compared = held([Applied(id="1", at=at), Applied(id="3")])
    assert [(one.step.migration.id, one.status, one.at) for one in compared.entries] == [
        ("1", DONE, at),
        ("3", DONE, NOW),
    ]
    assert compared.left == ("2",)
    assert compared.concerns == ()


@pytest.mark.parametrize("known", [DONE, StepStatus.QUARANTINED, StepStatus.PURGED])
def test_what_is_recorded_already_is_not_recorded_again(known: StepStatus) -> None:
    compared = held([Applied(id="1")], {"1": known})
    assert compared.entries == ()
    assert [(one.migration, one.status, one.changed) for one in compared.adopted] == [("1", known, False)]


@pytest.mark.parametrize(("outcome", "status"), [(Outcome.FAILED, FAILED), (Outcome.PARTIAL, PARTIAL)])
def test_what_failed_is_recorded_so_and_said(outcome: Outcome, status: StepStatus) -> None:
    compared = held([Applied(id="1", outcome=outcome, note="42P07")])
    assert [one.status for one in compared.entries] == [status]
    assert compared.entries[0].note == "42P07"
    assert troubles(compared) == [("failed", "1")]
    again = held([Applied(id="1", outcome=outcome)], {"1": status})
    assert again.entries == ()
    assert troubles(again) == [("failed", "1")], "it is said as long as it is so"


def test_no_text_is_claimed_where_the_file_is_another_one() -> None:
    compared = held([Applied(id="1", changed=True), Applied(id="2", changed=False), Applied(id="3", changed=None)])
    assert [one.checksum for one in compared.entries] == [None, "v1:now", "v1:now"]
    assert troubles(compared) == [("changed", "1")]


def test_a_repeatable_migration_is_meant_to_change() -> None:
    steps = [step("1")]
    steps[0] = cast("ProjectStep", Step(replace(steps[0].migration, repeatable=True)))
    compared = compare(steps, [Applied(id="1", changed=True)], {}, NOW, table="kept")
    assert compared.concerns == ()
    assert compared.entries[0].checksum is None, "nobody has kept the text that ran"


def test_what_the_project_has_not_is_said_and_not_recorded() -> None:
    compared = held([Applied(id="1"), Applied(id="57", known=False, note="ahead")])
    assert [one.step.migration.id for one in compared.entries] == ["1"]
    assert [(one.kind, one.text) for one in compared.concerns] == [
        (Trouble.UNKNOWN, "kept has it, and the project has not; ahead")
    ]


@pytest.mark.parametrize("known", [DONE, StepStatus.PURGED, StepStatus.RUNNING])
def test_the_table_does_not_overrule_the_tracker_to_the_worse(known: StepStatus) -> None:
    compared = held([Applied(id="1", outcome=Outcome.PARTIAL)], {"1": known})
    assert compared.entries == ()
    assert troubles(compared) == [("failed", "1"), ("disputed", "1")]


def test_a_run_that_has_not_ended_is_left_to_its_runner() -> None:
    compared = held([Applied(id="1")], {"1": StepStatus.RUNNING})
    assert compared.entries == ()
    assert troubles(compared) == [("disputed", "1")]


@pytest.mark.parametrize("known", [FAILED, PARTIAL, StepStatus.REVERTED, StepStatus.SKIPPED, StepStatus.PENDING])
def test_what_came_to_an_end_since_is_recorded(known: StepStatus) -> None:
    assert [one.status for one in held([Applied(id="1")], {"1": known}).entries] == [DONE]


def test_what_only_the_tracker_knows_is_said() -> None:
    known = {"1": DONE, "2": DONE, "3": StepStatus.REVERTED, "elsewhere": DONE}
    assert troubles(held([Applied(id="1")], known)) == [("disputed", "2")]


def test_what_has_no_time_was_there_when_it_was_seen() -> None:
    compared = compare(STEPS, [Applied(id="1")], {}, NOW, table="kept", seen=NOW - timedelta(days=9))
    assert compared.entries[0].at == NOW - timedelta(days=9)
    assert compared.adopted[0].at is None, "nobody says that it ran then"


def test_a_time_to_come_is_now() -> None:
    ahead = Applied(id="1", at=NOW + timedelta(hours=2))
    assert held([ahead]).entries[0].at == NOW


_applied = st.lists(
    st.builds(
        Applied,
        id=st.sampled_from(["1", "2", "3"]),
        outcome=st.sampled_from(Outcome),
        changed=st.sampled_from([None, True, False]),
    ),
    unique_by=lambda one: one.id,
)


@given(applied=_applied, known=st.dictionaries(st.sampled_from(["1", "2", "3"]), st.sampled_from(StepStatus)))
def test_whatever_is_recorded_may_follow_what_is_known_and_is_not_recorded_twice(
    applied: list[Applied], known: dict[str, StepStatus]
) -> None:
    compared = held(applied, known)
    for entry in compared.entries:
        name = entry.step.migration.id
        check_step(known.get(name), entry.status, name)
        assert known.get(name) is not entry.status
    after = {**known, **{entry.step.migration.id: entry.status for entry in compared.entries}}
    assert held(applied, after).entries == ()
    assert {one.migration for one in compared.adopted} | set(compared.left) == {"1", "2", "3"}
