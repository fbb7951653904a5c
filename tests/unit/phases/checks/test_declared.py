"""What migrations say of themselves, and nobody can understand."""

from __future__ import annotations

from migsafe.model.declaration import Declaration
from migsafe.model.phase import Phase
from migsafe.model.script import Position
from migsafe.phases.checks.declared import declaration_unclear
from phase_stories import tell

_TEXTS = {"1": "CREATE TABLE a (x int)", "2": "DROP TABLE a", "3": "CREATE TABLE b (x int)"}


def _told(**declared: Declaration) -> list[tuple[str, int, str]]:
    story = tell(_TEXTS, declared={name.removeprefix("m"): said for name, said in declared.items()})
    found = declaration_unclear(story)
    return [(one.chapter.migration, one.place.line, one.message.partition("understood: ")[2]) for one in found]


def test_a_problem_is_said_at_its_place() -> None:
    unclear = Declaration(place=Position(4, 1), problem='no phase "contrct": did you mean contract?')
    assert _told(m2=unclear) == [("2", 4, 'no phase "contrct": did you mean contract?')]


def test_contracts_that_end_each_other_are_a_circle() -> None:
    there = Declaration(phase=Phase.CONTRACT, of="3", place=Position(1, 1))
    back = Declaration(phase=Phase.CONTRACT, of="2", place=Position(1, 1))
    assert _told(m2=there, m3=back) == [
        ("2", 1, "of= goes round in a circle: 2 → 3 → 2"),
        ("3", 1, "of= goes round in a circle: 3 → 2 → 3"),
    ]


def test_what_leads_into_a_circle_is_not_in_it() -> None:
    said = {
        "m1": Declaration(of="2", place=Position(1, 1)),
        "m2": Declaration(of="3", place=Position(1, 1)),
        "m3": Declaration(of="2", place=Position(1, 1)),
    }
    assert [name for name, _, _ in _told(**said)] == ["2", "3"]


def test_a_contract_that_names_an_expand_is_clear() -> None:
    assert _told(m2=Declaration(phase=Phase.CONTRACT, of="1"), m3=Declaration()) == []
