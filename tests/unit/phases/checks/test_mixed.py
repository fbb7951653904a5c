"""Steps of one release that stand in the wrong order."""

from __future__ import annotations

import pytest

from migsafe.model.declaration import Declaration
from migsafe.model.phase import Phase
from migsafe.phases.checks.mixed import phases_out_of_order
from migsafe.phases.story import PhaseSettings
from phase_stories import tell

_USERS = "CREATE TABLE users (id bigint PRIMARY KEY, name text)"
_DROP = "ALTER TABLE users DROP COLUMN name"
_ADD = "ALTER TABLE users ADD COLUMN full_name text"
_MORE = "ALTER TABLE users ADD COLUMN nick text"
_RELEASED = {"1.0": ("1",)}


def _found(texts: dict[str, str], releases: dict[str, tuple[str, ...]], **declared: Declaration) -> list[str]:
    """In a deployment, in which no contract here may run."""
    names = {name[1:]: said for name, said in declared.items()}
    story = tell({"1": _USERS} | texts, releases, declared=names, settings=PhaseSettings(stage="deploy"))
    return [f"{one.severity}: {one.message}" for one in phases_out_of_order(story)]


def test_an_expand_behind_a_contract_of_its_release() -> None:
    assert _found({"2": _DROP, "3": _ADD}, _RELEASED) == [
        "error: 3 expands behind 2, a contract of the same release (the next release)"
    ]


def test_one_contract_is_told_of_once() -> None:
    more = "ALTER TABLE users ADD COLUMN phone text"
    assert _found({"2": _DROP, "3": _ADD, "4": more, "5": _MORE}, _RELEASED) == [
        "error: 3 expands behind 2, a contract of the same release (the next release), as 2 more do"
    ]


@pytest.mark.parametrize(
    ("texts", "releases"),
    [
        pytest.param({"2": _ADD, "3": _DROP}, _RELEASED, id="the right order"),
        pytest.param({"2": _DROP, "3": _ADD}, {"1.0": ("1",), "1.1": ("2",)}, id="a release later"),
        pytest.param({"2": _DROP, "3": _ADD}, {"1.0": ("1",), "1.1": ("2", "3"), "1.2": ()}, id="history"),
        pytest.param({"2": _DROP, "3": _ADD}, {}, id="no releases are known"),
        pytest.param({"2": _DROP, "3": "DROP INDEX i"}, _RELEASED, id="nothing that expands"),
    ],
)
def test_what_is_in_order(texts: dict[str, str], releases: dict[str, tuple[str, ...]]) -> None:
    assert _found(texts, releases) == []


def test_what_is_not_known_of_the_contract_its_own_finding_says() -> None:
    assert list(phases_out_of_order(tell({"1": _USERS, "2": _DROP, "3": _ADD}, _RELEASED))) == []


def test_what_says_that_it_is_no_contract_is_another_rule_s() -> None:
    assert _found({"2": _DROP, "3": _ADD}, _RELEASED, _2=Declaration(phase=Phase.EXPAND)) == []
