"""What a graph of migrations does to phases: Alembic's branches are not enough by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from migsafe.model.phase import Nature, Phase
from migsafe.model.script import Position
from migsafe.phases.act import Chapter
from migsafe.phases.registry import check
from migsafe.phases.story import Remark, Story


@check("XR15")
def expand_depends_on_contract(story: Story) -> Iterator[Remark]:
    """An expand names a contract of its own or a later release among what must run first.

    Why it hurts: `alembic upgrade expand@head` runs everything that the expand depends on, the contract with it, long
        before its time; nothing asks, and the version table shows the expand alone.
    Do instead: let the expand depend on the last expand; write the contract when it is due.
    Fine when: the contract is of an earlier release, or has to run before the expand anyway, on the expand's own line.
    Source: Alembic 1.20, https://alembic.sqlalchemy.org/en/latest/branches.html#branch-dependencies
    """
    by_name = {chapter.migration: chapter for chapter in story.chapters}
    for chapter in story.chapters:
        if story.is_past(chapter) or chapter.phase is not Phase.EXPAND or not chapter.of(Nature.EXPAND):
            continue
        anyway = _contracts_behind(chapter.follows, by_name)
        for name, contract in _contracts_behind(chapter.depends_on, by_name).items():
            if name not in anyway and story.sequence_of(contract) >= story.sequence_of(chapter):
                yield _drags(chapter, contract)


@check("XR15", weighs="warning")
def branch_forgotten(story: Story) -> Iterator[Remark]:
    """A contract depends on the expand at the end of another branch.

    Why it hurts: once it has run, `alembic_version` holds the contract alone, and whoever reads the table sees no
        expand branch; `alembic current` calls the expand an effective head. `alembic downgrade expand@-1` takes the
        contract back before the expand, and says so only in its log.
    Do instead: keep one line of revisions, and write the contract when it is due.
    Fine when: another revision of the expand's branch follows it.
    Source: Alembic 1.20, https://alembic.sqlalchemy.org/en/latest/branches.html#branch-dependencies
    """
    heads = {chapter.migration for chapter in _heads(story)}
    by_name = {chapter.migration: chapter for chapter in story.chapters}
    for chapter in story.chapters:
        if chapter.phase is Phase.CONTRACT and not story.is_past(chapter):
            for name in chapter.depends_on:
                if name in heads and by_name[name].phase is Phase.EXPAND:
                    yield _hides(chapter, by_name[name])


@check("XR15", weighs="warning")
def several_heads(story: Story) -> Iterator[Remark]:
    """The graph has several heads. A revision that another one only depends on stays a head.

    Why it hurts: `alembic upgrade head` and `alembic revision` refuse to run: they would not know for which.
    Do instead: merge them (`alembic merge heads`), or say `upgrade heads` everywhere if the branches are meant.
    Fine when: every branch has a label, and whoever runs Alembic says which.
    Source: Alembic 1.20, https://alembic.sqlalchemy.org/en/latest/branches.html#working-with-multiple-branches
    """
    heads = _heads(story)
    if len(heads) < 2:
        return
    last = heads[-1]
    labelled = sum(bool(chapter.labels) for chapter in story.chapters) >= len(heads)
    names = ", ".join(head.migration for head in heads)
    yield Remark(
        severity="info" if labelled else "warning",
        chapter=last,
        place=_place(last),
        message=f"the graph has {len(heads)} heads, {names}: upgrading to head fails",
        instead="alembic merge heads",
        objects=tuple(head.migration for head in heads),
    )


def _heads(story: Story) -> list[Chapter]:
    """The migrations that no other one follows on its own line; none where the tool keeps no graph."""
    if not any(chapter.needs for chapter in story.chapters):
        return []
    followed = {name for chapter in story.chapters for name in chapter.follows}
    ends = {chapter.migration: chapter for chapter in story.chapters if chapter.migration not in followed}
    return list(ends.values())


def _contracts_behind(names: Iterable[str], by_name: Mapping[str, Chapter]) -> dict[str, Chapter]:
    """The contracts that run when migrations are upgraded to, by name."""
    seen: dict[str, Chapter] = {}
    waiting = list(names)
    while waiting:
        found = by_name.get(waiting.pop())
        if found is not None and found.migration not in seen:
            seen[found.migration] = found
            waiting.extend(found.needs)
    return {name: one for name, one in seen.items() if one.phase is Phase.CONTRACT or one.of(Nature.CONTRACT)}


def _drags(chapter: Chapter, contract: Chapter) -> Remark:
    return Remark(
        severity="error",
        chapter=chapter,
        place=_place(chapter),
        message=f"{chapter.migration} needs the contract {contract.migration} to run first: upgrading to it runs both",
        instead=f"take {contract.migration} out of depends_on of {chapter.migration}",
        objects=(contract.migration,),
    )


def _hides(chapter: Chapter, expand: Chapter) -> Remark:
    return Remark(
        severity="warning",
        chapter=chapter,
        place=_place(chapter),
        message=f"once {chapter.migration} has run, the version table no longer knows the branch of {expand.migration}",
        instead=f"make {chapter.migration} follow {expand.migration} (down_revision) instead of depending on it",
        objects=(expand.migration,),
    )


def _place(chapter: Chapter) -> Position:
    return chapter.acts[0].place if chapter.acts else Position(1, 1)
