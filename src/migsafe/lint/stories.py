"""A project's stories: what its migrations do and what is known around them, without judging any of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.catalogue.following import ReadScripts
from migsafe.catalogue.progress import Counter, Progress
from migsafe.catalogue.project import source_options
from migsafe.lint.engine import lint
from migsafe.lint.run import read_migrations, settings_of
from migsafe.lint.storytelling import Storyteller
from migsafe.sources import read_paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.config import Config
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
