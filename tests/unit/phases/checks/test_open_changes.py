"""Changes that are forgotten, without an end, or in each other's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

import pytest

from migsafe.model.declaration import Declaration
from migsafe.model.state import Chain, Change, ChangeState, StateDocument
from migsafe.phases.checks.open_changes import change_overdue, changes_collide, obligation_missing
from migsafe.phases.story import Remark, Story
from phase_stories import NOW, tell

_USERS = "CREATE TABLE users (id bigint PRIMARY KEY, name text, mail text)"
_STEPS = {"1": _USERS, "2": "ALTER TABLE users ADD COLUMN full_name text", "3": "UPDATE users SET full_name = name"}
_DROP = {"4": "ALTER TABLE users DROP COLUMN name"}
_NAMES = {"2": Declaration(change="names"), "3": Declaration(change="names"), "4": Declaration(change="names")}
_RELEASES = {"1.0": ("1",), "1.1": ("2", "3"), "1.2": (), "1.3": (), "1.4": ()}

Check = Callable[[Story], Iterator[Remark]]


def _state(**due: Any) -> StateDocument:
    change = Change(id="names", state=ChangeState.OPEN, **due)
    return StateDocument(exported=NOW, installation="here", chain=Chain(head="0" * 64), changes=(change,))


def _found(
    check: Check, texts: Mapping[str, str], releases: Mapping[str, tuple[str, ...]] | None = None, **more: Any
) -> list[str]:
    declared = more.pop("declared", {name: said for name, said in _NAMES.items() if name in texts})
    story = tell(texts, _RELEASES if releases is None else releases, declared=declared, **more)
    return [f"{one.chapter.migration} {one.severity}: {one.message}" for one in check(story)]


@pytest.mark.parametrize(
    ("due", "severity"),
    [
        ({"due": date(2026, 11, 19)}, "warning"),
        ({"due": date(2026, 9, 1)}, "error"),
        ({"due_release": "1.3"}, "warning"),
        ({"due_release": "1.1"}, "error"),
    ],
)
def test_a_change_whose_day_has_passed_is_overdue(due: dict[str, Any], severity: str) -> None:
    (found,) = _found(change_overdue, _STEPS, state=_state(**due))
    assert found.startswith(f"2 {severity}: the change names was to be ended ")


@pytest.mark.parametrize("due", [{"due": date(2026, 11, 20)}, {"due_release": "1.5"}, {}])
def test_a_change_whose_day_is_to_come_or_unknown_is_not(due: dict[str, Any]) -> None:
    assert _found(change_overdue, _STEPS, state=_state(**due)) == []


def test_a_change_that_has_its_contract_is_not_overdue() -> None:
    assert _found(change_overdue, _STEPS | _DROP, state=_state(due=date(2026, 9, 1))) == []


def test_a_change_without_an_end_is_missed() -> None:
    assert _found(obligation_missing, _STEPS) == [
        "3 warning: the change names has begun, and its contract is due at no time"
    ]


def test_a_change_with_an_end_or_a_contract_is_not() -> None:
    assert _found(obligation_missing, _STEPS, state=_state(due_release="1.5")) == []
    assert _found(obligation_missing, _STEPS | _DROP) == []


def test_without_releases_nobody_asks_for_an_end() -> None:
    assert _found(obligation_missing, _STEPS, {}) == []


def test_a_change_that_only_adds_has_no_end() -> None:
    texts = {"1": _USERS, "2": "ALTER TABLE users ADD COLUMN age int"}
    assert _found(obligation_missing, texts) == []


_OTHER = {"5": "ALTER TABLE users ADD COLUMN label text", "6": "UPDATE users SET label = '', full_name = ''"}
_LABELS = {"5": Declaration(change="labels"), "6": Declaration(change="labels")}


def test_two_open_changes_on_one_column_collide() -> None:
    found = _found(changes_collide, _STEPS | _OTHER, declared=_NAMES | _LABELS)
    assert found == ["5 error: the open changes names and labels both work on users.full_name"]


def test_two_changes_on_columns_of_their_own_do_not() -> None:
    other = _OTHER | {"6": "UPDATE users SET label = mail"}
    assert _found(changes_collide, _STEPS | other, declared=_NAMES | _LABELS) == []


def test_a_change_that_has_ended_is_in_nobody_s_way() -> None:
    assert _found(changes_collide, _STEPS | _DROP | _OTHER, declared=_NAMES | _LABELS) == []
