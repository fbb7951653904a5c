"""Splits migrations that mix phases, one migration a phase, in the project's own layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.lint.stories import read_stories
from migsafe.model.declaration import Declaration
from migsafe.model.state import StepStatus
from migsafe.parse import read_script
from migsafe.phases.parts import InseparableError, parts_of
from migsafe.sources.changed import changed_since
from migsafe.sources.writing import CannotSplitError, Split, SplitPart, save, split_migration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from migsafe.config import Config
    from migsafe.model.script import Migration
    from migsafe.phases.act import Chapter
    from migsafe.phases.story import Story
    from migsafe.sources import LoadedLayout

_NOT_BEGUN = frozenset({StepStatus.PENDING, StepStatus.SKIPPED})


@dataclass(frozen=True, slots=True)
class Fixed:
    """A migration that was split.

    Attributes:
        files: what was written, the migration's own file first.
        remarks: what a person should know of it.
    """

    migration: str
    files: tuple[Path, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotFixed:
    """A migration that mixes phases and was left as it is, and why."""

    migration: str
    path: str
    reason: str


def split_mixtures(
    paths: Sequence[Path], config: Config, *, now: datetime, released_too: bool = False
) -> tuple[Fixed | NotFixed, ...]:
    """Split every migration that mixes phases, of those that count; files are written.

    Args:
        now: for versions that are times.
        released_too: also those that are released, that a database has, or that the branch has not changed.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when a file changed while it was split, or the layout takes no new migrations.
    """
    found = []
    for layout, story in read_stories(paths, config):
        known = {migration.id: migration for migration in layout.migrations.migrations}
        for chapter in reversed(story.chapters):  # what is put behind one must not move the next
            if chapter.reported and chapter.migration in known:
                found += list(_split(layout, known[chapter.migration], chapter, story, config, now, released_too))
    return tuple(reversed(found))


def _split(
    layout: LoadedLayout,
    migration: Migration,
    chapter: Chapter,
    story: Story,
    config: Config,
    now: datetime,
    released_too: bool,
) -> Iterator[Fixed | NotFixed]:
    if migration.up is None:
        return
    up = read_script(migration.up)
    try:
        parts = parts_of(chapter, up.statements)
        if not parts:
            return
        reason = None if released_too else _is_settled(chapter, story, config)
        if reason is not None:
            raise CannotSplitError(f"{reason} (--fix-released splits it all the same)")
        down = read_script(migration.down) if migration.down is not None else None
        split = split_migration(
            layout.migrations,
            migration,
            up,
            down,
            [
                SplitPart(
                    name=f"{_name_of(migration)}-{part.word}" if place else _name_of(migration),
                    declaration=Declaration(phase=part.phase, change=chapter.declaration.change),
                    statements=part.statements,
                )
                for place, part in enumerate(parts)
            ],
            now=now,
            released=False,
        )
    except (CannotSplitError, InseparableError) as error:
        yield NotFixed(migration.id, migration.path, str(error))
        return
    save(split.files)
    yield _fixed(migration, split)


def _fixed(migration: Migration, split: Split) -> Fixed:
    said = (*split.remarks, *(file.remark for file in split.files if file.remark is not None))
    return Fixed(migration.id, tuple(file.path for file in split.files), said)


def _is_settled(chapter: Chapter, story: Story, config: Config) -> str | None:
    """Why a migration's text must not change any more."""
    release = story.release_of(chapter)
    if release is not None:
        return f"it is in release {release.name}"
    for step in story.state.steps if story.state is not None else ():
        if step.migration == chapter.migration and any(run.status not in _NOT_BEGUN for run in step.runs):
            return "a database has run it, as the state document says"
    return None if _is_changed(chapter.path, config) else "it is as the base has it: the branch has not changed it"


def _is_changed(path: str, config: Config) -> bool:
    """Whether the branch has added or changed a file; so it is where there is no git to ask."""
    file = Path(path).resolve()
    try:
        return file in changed_since(config.diff or "HEAD", file.parent)
    except (UsageError, EnvironmentFailedError):
        return True


def _name_of(migration: Migration) -> str:
    """Words for a name: those of the file, without numbers that the layout gives."""
    stem = (
        Path(migration.path).parent.name
        if Path(migration.path).stem in {"up", "migration"}
        else Path(migration.path).stem
    )
    words = [word for word in stem.replace("-", "_").replace(".", "_").split("_") if word and not word.isdigit()]
    return "-".join(words).lower() or "step"
