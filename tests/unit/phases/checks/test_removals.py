"""What code has given up: said where nobody has planned its removal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migsafe.evidence.state import read_state_file
from migsafe.model.declaration import Declaration
from migsafe.model.names import QualifiedName
from migsafe.model.plan import ChangeKind
from migsafe.model.state import Change, ChangeState
from migsafe.model.usage import Subject
from migsafe.phases.checks.removals import unscheduled_removal
from phase_stories import tell
from state_documents import FIXTURES

_TABLE = QualifiedName("users", "public")
_NICKNAME = Subject(_TABLE, "nickname")
_USERS = "CREATE TABLE users (id bigint PRIMARY KEY,\n name text);"
_ADD = "-- first\nALTER TABLE users ADD nickname text;"


def _remarks(*given_up: Subject, **more: Any) -> list[tuple[str, str, int, str]]:
    story = tell({"1": _USERS, "2": _ADD}, {"1.8.0": ("1", "2")}, given_up=lambda: given_up, **more)
    return [
        (one.severity, one.chapter.migration, one.place.line, one.instead.splitlines()[0])
        for one in unscheduled_removal(story)
    ]


def test_a_removal_is_proposed_where_the_column_was_made() -> None:
    assert _remarks(_NICKNAME) == [("info", "2", 2, "migsafe plan drop-column users.nickname")]


def test_of_a_table_that_nobody_names_its_columns_are_not_named_too() -> None:
    assert _remarks(_NICKNAME, Subject(_TABLE)) == [("info", "1", 1, "migsafe plan drop-table users")]


def test_what_no_migration_made_is_not_spoken_of() -> None:
    assert _remarks(Subject(_TABLE, "elsewhere")) == []


@pytest.mark.parametrize(
    ("state", "objects", "number"),
    [
        (ChangeState.OPEN, ("users.nickname",), 0),
        (ChangeState.OPEN, ("public.users.nickname",), 0),
        (ChangeState.OPEN, ("users",), 0),
        (ChangeState.OPEN, ("users.name",), 1),
        (ChangeState.CLOSED, ("users.nickname",), 1),
    ],
)
def test_a_change_that_the_state_document_knows_schedules_it(
    state: ChangeState, objects: tuple[str, ...], number: int
) -> None:
    change = Change(id="x", state=state, kind=ChangeKind.DROP_COLUMN, objects=objects)
    document = replace(read_state_file(FIXTURES / "full.json"), changes=(change,))
    assert len(_remarks(_NICKNAME, state=document)) == number


def test_an_open_change_of_the_migrations_schedules_it() -> None:
    change = Change(id="nick", state=ChangeState.OPEN, kind=ChangeKind.DROP_COLUMN, objects=())
    document = replace(read_state_file(FIXTURES / "full.json"), changes=(change,))
    declared = {"2": Declaration(change="nick")}
    assert _remarks(_NICKNAME, state=document, declared=declared) == []


def test_nobody_looks_where_it_is_not_wanted() -> None:
    story = tell({"1": _USERS, "2": _ADD}, {"1.8.0": ("1", "2")})
    assert list(unscheduled_removal(story)) == []


def test_without_releases_nothing_was_given_up() -> None:
    def never() -> tuple[Subject, ...]:
        raise AssertionError("asked")

    assert list(unscheduled_removal(tell({"1": _USERS}, given_up=never))) == []
