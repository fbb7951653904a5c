"""A project's stories: what its migrations do and what is known around them, without judging any of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.catalogue.following import ReadScripts
from migsafe.catalogue.progress import Counter, Progress
from migsafe.catalogue.project import source_options
from migsafe.history.listing import list_releases
from migsafe.lint.engine import lint
from migsafe.lint.run import read_migrations, settings_of
from migsafe.lint.storytelling import Storyteller
from migsafe.model.release import NO_RELEASES
from migsafe.phases.board import phases_by_release, promises_by_release
from migsafe.sources import read_paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.config import Config
    from migsafe.history.listing import ReleaseListing
    from migsafe.phases.story import Story
    from migsafe.sources import LoadedLayout


def read_stories(
    paths: Sequence[Path], config: Config, progress: Progress | None = None
) -> tuple[tuple[LoadedLayout, Story], ...]:
    """Read the layouts that paths lead to, each with its story.

    Args:
        progress: called with the number of migrations done and of all.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
    """
    scripts = ReadScripts()
    layouts = read_paths(paths, source_options(config, scripts.read))
    count = Counter(progress, sum(len(layout.migrations.migrations) for layout in layouts))
    teller = Storyteller(config, layouts)
    return tuple(
        (
            layout,
            teller.story(layout, lint(read_migrations(layout, count, scripts), (), settings_of(layout, config))),
        )
        for layout in layouts
    )


def list_project_releases(paths: Sequence[Path], config: Config) -> ReleaseListing:
    """Every release with the migrations that it is the first to carry, their phases, and what they promise.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        ConfigurationError: when the manifest is wrong, or is to be used and missing.
        EnvironmentFailedError: when git is needed, and is missing or knows a part of the history only.
    """
    stories = read_stories(paths, config)
    layouts = [layout.migrations for layout, _ in stories]
    history = stories[0][1].releases if stories else NO_RELEASES
    phases: dict[str | None, dict[str, int]] = {}
    promised: dict[str | None, tuple[str, ...]] = {}
    for _, story in stories:
        for name, counts in phases_by_release(story).items():
            known = phases.setdefault(name, {})
            for phase, count in counts.items():
                known[phase] = known.get(phase, 0) + count
        for name, changes in promises_by_release(story).items():
            promised[name] = (*promised.get(name, ()), *changes)
    return list_releases(history, layouts).with_phases(phases, promised)
