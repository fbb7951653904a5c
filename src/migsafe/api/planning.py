"""Releases, the changes that run through them, and plans for new ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.config import Config
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from migsafe.api.progress import Progress
    from migsafe.history.cutting import Cut
    from migsafe.history.listing import ReleaseListing
    from migsafe.model.script import MigrationSet
    from migsafe.phases.board import BoardEntry
    from migsafe.plan.project import PlannedChange


def releases(paths: Sequence[str | Path], config: Config | None = None) -> ReleaseListing:
    """The releases of a project, the migrations that each is the first to carry, their phases, and what they promise.

    They come from git's tags or a manifest, as `config.release` says, and from what headers of migrations say.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the manifest is wrong, or is to be used and missing.
        EnvironmentFailedError: when git is needed, and is missing or knows a part of the history only.
    """
    from migsafe.lint.stories import list_project_releases

    return list_project_releases([Path(path) for path in paths], config or Config())


def cut_release(
    name: str,
    paths: Sequence[str | Path],
    config: Config | None = None,
    *,
    day: date | None = None,
    empty: bool = False,
    dry_run: bool = False,
) -> Cut:
    """Record in the manifest that a release carries all migrations that none has carried.

    Args:
        name: one word, such as `1.9.0`.
        paths: all migrations of the project.
        day: when it is cut; the manifest says nothing when None.
        empty: a release without new migrations is fine.
        dry_run: write nothing.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the name was cut before, nothing is new, or the manifest is wrong.
        EnvironmentFailedError: when the manifest cannot be written; when there is none yet, and the git clone knows a
            part of the history only.
    """
    from migsafe.atomic import write_atomically
    from migsafe.history.cutting import prepare_cut

    config = config or Config()
    cut = prepare_cut(config, _layouts(paths, config), name, day, empty=empty)
    if not dry_run:
        try:
            write_atomically(cut.manifest, cut.text)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise EnvironmentFailedError(f"{cut.manifest} cannot be written: {reason}") from error
    return cut


def _layouts(paths: Sequence[str | Path], config: Config) -> tuple[MigrationSet, ...]:
    from migsafe.catalogue.project import source_options
    from migsafe.sources import read_paths

    return tuple(one.migrations for one in read_paths([Path(path) for path in paths], source_options(config)))


def changes(
    paths: Sequence[str | Path], config: Config | None = None, *, progress: Progress | None = None
) -> tuple[BoardEntry, ...]:
    """The changes that migrations are steps of: what is open, what is due, what blocks it, and why.

    Args:
        progress: called with the number of migrations done and of all.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
    """
    from migsafe.lint.stories import read_stories
    from migsafe.phases.board import board

    stories = read_stories([Path(path) for path in paths], config or Config(), progress)
    return tuple(entry for _, story in stories for entry in board(story))


def plan(
    kind: str,
    arguments: Mapping[str, object],
    paths: Sequence[str | Path],
    config: Config | None = None,
    *,
    change: str | None = None,
    head: str | None = None,
    app: str | None = None,
) -> PlannedChange:
    """Plan a change in steps that run beside old and new code. Nothing is written before the result is told to `save`.

    Args:
        kind: such as `rename-column`; `migsafe plan --help` lists them.
        arguments: those of the kind, by name.
        paths: the migrations of one project, or a folder above them.
        change: the change's name; made of the arguments when None.
        head: Alembic: the revision to build on, where there are several heads.
        app: Django: the label of the app.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the kind, an argument or the name cannot be used.
        PlanRefusedError: when no plan would be safe.
    """
    from migsafe.plan.project import plan_change
    from migsafe.sources.writing import WritingOptions

    writing = WritingOptions(head=head, app=app)
    return plan_change(
        kind, arguments, [Path(path) for path in paths], config or Config(), change=change, writing=writing
    )
