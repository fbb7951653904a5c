"""What a project says of its migrations: phase, change, release, and the text that ran."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import NoMigrationsError, UsageError
from migsafe.model.evidence import script_fingerprint
from migsafe.model.phase import Phase
from migsafe.model.state import Change, ChangeState, KnownRelease
from migsafe.tracker.facts import StepFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from migsafe.config import Config
    from migsafe.model.script import Migration, MigrationSet
    from migsafe.phases import changes
    from migsafe.phases.act import Chapter
    from migsafe.phases.story import Story

#: The algorithm of the checksum, so that another one can follow.
_CHECKSUM = "v1"
_ONE = "name one project by paths in the configuration, or by --config"


@dataclass(frozen=True, slots=True)
class ProjectStep:
    """One migration as its project tells it.

    Attributes:
        migration: itself, with its scripts.
        chapter: what it does, as phases are judged by.
        checksum: of the text of its way up; None where there is none.
        change: the change that it declares, or that is seen from what it does.
        floor: of a contract: the oldest release that works without what it takes away.
    """

    facts: StepFacts
    checksum: str | None
    change: Change | None
    floor: str | None
    migration: Migration
    chapter: Chapter


@dataclass(frozen=True, slots=True)
class Project:
    """One layout of a project.

    Attributes:
        steps: its migrations, in its tool's order.
        story: what is known around them, without live facts.
    """

    layout: MigrationSet
    steps: tuple[ProjectStep, ...]
    story: Story


def read_steps(config: Config) -> Mapping[str, ProjectStep] | None:
    """The migrations of the project at hand, by the tool's name for each; None where there is no project.

    Raises:
        UsageError: when two layouts of the project have a migration of the same name.
    """
    try:
        projects = read_projects(config)
    except NoMigrationsError:
        return None
    steps: dict[str, ProjectStep] = {}
    for step in (step for project in projects for step in project.steps):
        if step.migration.id in steps:
            raise UsageError(f"there are two migrations {step.migration.id} here", hint=_ONE)
        steps[step.migration.id] = step
    return steps


def read_project(config: Config) -> Project:
    """The one layout of the project at hand.

    Raises:
        NoMigrationsError: when there is none.
        UsageError: when there are several.
    """
    projects = read_projects(config)
    if len(projects) > 1:
        folders = ", ".join(project.layout.root for project in projects)
        raise UsageError(f"the migrations of {len(projects)} databases are here: {folders}", hint=_ONE)
    return projects[0]


def read_projects(config: Config) -> tuple[Project, ...]:
    """The layouts of the project at hand.

    Raises:
        NoMigrationsError: when there is none.
    """
    from migsafe.lint.stories import read_stories

    paths = [Path(path) for path in config.paths or (os.curdir,)]
    return tuple(
        Project(layout.migrations, tuple(_steps(layout.migrations, story)), story)
        for layout, story in read_stories(paths, replace(config, state=None))
    )


def _steps(layout: MigrationSet, story: Story) -> Iterator[ProjectStep]:
    migrations = {one.id: one for one in layout.migrations}
    for chapter in story.chapters:
        yield _step(chapter, story, migrations[chapter.migration])


def read_releases(config: Config) -> tuple[KnownRelease, ...]:
    """The releases of the project at hand, by its git tags or its manifest; empty where it has none."""
    from migsafe.history.releases import read_project_releases

    history = read_project_releases(config, ())
    return tuple(KnownRelease(one.name, one.day) for one in history.releases)


def _step(chapter: Chapter, story: Story, migration: Migration) -> ProjectStep:
    change = next((one for one in story.changes if one.declared and chapter in one.chapters), None)
    release = story.release_of(chapter)
    return ProjectStep(
        facts=StepFacts(
            migration=chapter.migration,
            change=change.name if change is not None else None,
            phase=chapter.phase,
            part=chapter.declaration.part if chapter.phase is Phase.CONTRACT else None,
            release=release.name if release is not None else None,
        ),
        checksum=f"{_CHECKSUM}:{script_fingerprint(migration.up)}" if migration.up is not None else None,
        change=_change(change, story) if change is not None else None,
        floor=_floor(change, story) if change is not None and chapter.phase is Phase.CONTRACT else None,
        migration=migration,
        chapter=chapter,
    )


def _change(change: changes.Change, story: Story) -> Change:
    from migsafe.phases.words import shown

    first = story.release_of(change.chapters[0])
    return Change(
        id=change.name,
        state=ChangeState.OPEN,
        kind=change.kind,
        objects=tuple(map(shown, change.objects)),
        introduced_in=first.name if first is not None else None,
    )


def _floor(change: changes.Change, story: Story) -> str | None:
    """The release with the last step before the contract: its code does without what the contract takes away."""
    before = (*change.expand, *change.migrate)
    last = max(before, key=lambda chapter: (story.sequence_of(chapter), chapter.order), default=None)
    release = story.release_of(last) if last is not None else None
    return release.name if release is not None else None
