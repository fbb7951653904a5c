"""What a graph of migrations does to phases; Alembic itself is asked in the integration tests."""

from __future__ import annotations

from dataclasses import replace

from migsafe.phases.act import Chapter
from migsafe.phases.checks.graph import branch_forgotten, expand_depends_on_contract, several_heads
from migsafe.phases.story import Story
from phase_stories import tell

_TEXTS = {
    "users": "CREATE TABLE users (id bigint PRIMARY KEY, name text)",
    "expand": "ALTER TABLE users ADD COLUMN full_name text",
    "contract": "ALTER TABLE users DROP COLUMN name",
    "email": "ALTER TABLE users ADD COLUMN email text",
}


def _story(*links: tuple[str, str, str], releases: dict[str, tuple[str, ...]] | None = None) -> Story:
    """Links: a migration, what it follows and what it depends on; several names stand with commas."""
    graph = {name: (_names(follows), _names(depends)) for name, follows, depends in links}
    story = tell({name: text for name, text in _TEXTS.items() if name in graph}, releases)
    return replace(story, chapters=tuple(_linked(chapter, *graph[chapter.migration]) for chapter in story.chapters))


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _linked(chapter: Chapter, follows: tuple[str, ...], depends: tuple[str, ...]) -> Chapter:
    return replace(chapter, follows=follows, needs=(*follows, *depends))


_BRANCHES = (("users", "", ""), ("expand", "users", ""), ("contract", "users", "expand"))


def test_an_expand_drags_a_contract_behind_it() -> None:
    story = _story(*_BRANCHES, ("email", "expand", "contract"))
    assert [(one.chapter.migration, one.objects) for one in expand_depends_on_contract(story)] == [
        ("email", ("contract",))
    ]


def test_an_expand_of_a_later_release_does_not() -> None:
    releases = {"1.0": ("users", "expand"), "1.1": ("contract",)}
    assert (
        list(expand_depends_on_contract(_story(*_BRANCHES, ("email", "expand", "contract"), releases=releases))) == []
    )


def test_a_contract_on_the_own_line_is_not_dragged() -> None:
    line = (("users", "", ""), ("expand", "users", ""), ("contract", "expand", ""), ("email", "contract", ""))
    assert list(expand_depends_on_contract(_story(*line))) == []
    assert list(branch_forgotten(_story(*line))) == []
    assert list(several_heads(_story(*line))) == []


def test_a_contract_that_depends_on_the_end_of_a_branch_hides_it() -> None:
    assert [one.objects for one in branch_forgotten(_story(*_BRANCHES))] == [("expand",)]


def test_a_contract_that_begins_a_line_hides_it_too() -> None:
    own_base = (*_BRANCHES[:2], ("contract", "", "expand"))
    assert [one.objects for one in branch_forgotten(_story(*own_base))] == [("expand",)]


def test_a_branch_that_goes_on_is_not_hidden() -> None:
    assert list(branch_forgotten(_story(*_BRANCHES, ("email", "expand", "")))) == []


def test_a_contract_that_merges_the_branches_hides_nothing() -> None:
    merge = (("users", "", ""), ("expand", "users", ""), ("email", "users", ""), ("contract", "expand,email", ""))
    assert list(branch_forgotten(_story(*merge))) == []
    assert list(several_heads(_story(*merge))) == []


def test_what_is_only_depended_on_stays_a_head() -> None:
    assert [one.objects for one in several_heads(_story(*_BRANCHES))] == [("expand", "contract")]


def test_a_tool_without_a_graph_has_no_heads() -> None:
    assert list(several_heads(tell(_TEXTS))) == []
