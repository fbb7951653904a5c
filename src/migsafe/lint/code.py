"""Looks into the code of the working tree, and of the release before, for what migrations take away or demand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from migsafe.history.releases import inside_of, project_root
from migsafe.history.tree import open_tree
from migsafe.model.operation import PrimaryKey
from migsafe.model.phase import Nature
from migsafe.model.usage import Subject, Use

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from migsafe.config import Config
    from migsafe.history.tree import FileTree
    from migsafe.model.catalogue import Catalogue
    from migsafe.model.release import Release
    from migsafe.model.usage import UsageEvidence, Writers
    from migsafe.phases.act import Chapter
    from migsafe.phases.story import Story
    from migsafe.sources import LoadedLayout
    from migsafe.usage import ReleaseCode, Wanted

Found = dict["Subject", tuple["UsageEvidence", ...]]


@dataclass(frozen=True, slots=True)
class _Answers:
    """What one release's code says of all that is asked of it."""

    uses: Found
    writers: Mapping[Subject, Writers]


class CodeReader:
    """Reads each release's code once, for everything that is asked of it; and only when somebody asks."""

    def __init__(self, config: Config, layout: LoadedLayout, story: Story, catalogue: Catalogue | None = None) -> None:
        """
        Args:
            story: the migrations and releases; nobody is asked for code there yet.
            catalogue: what exists after all migrations.
        """
        self._config = config
        self._layout = layout
        self._story = story
        self._catalogue = catalogue
        self._answers: dict[str | None, _Answers] = {}

    def uses(self, chapter: Chapter, subject: Subject, release: Release | None) -> tuple[UsageEvidence, ...]:
        """Who uses what a migration takes away, in the code of a release; in the working tree for None.

        Empty where that release's code is not to be had: no git tag bears its name.
        """
        if release is not None and release.revision is None:
            return ()
        return self._of(release).uses.get(subject, ())

    def writers(self, chapter: Chapter, subject: Subject, release: Release) -> Writers | None:
        """Who writes the table of a column that a migration demands a value for, in the code of a release.

        None where that release's code is not to be had: no git tag bears its name.
        """
        return None if release.revision is None else self._of(release).writers.get(subject)

    def given_up(self) -> tuple[Subject, ...]:
        """The tables and columns that the latest release names, and the working tree no longer does.

        Keys are left out: they are used by what names only their table.
        """
        latest, catalogue = self._story.releases.latest, self._catalogue
        if latest is None or latest.revision is None or catalogue is None:
            return ()
        from migsafe.usage import ReleaseCode, Wanted, uses_in

        sought = [Wanted(subject, catalogue) for subject in _columns(catalogue)]
        with self._tree(latest) as tree:
            named = list(self._read(ReleaseCode, tree, sought).named(sought))
        whole = {each.subject.whole: replace(each, subject=each.subject.whole) for each in named}
        asked = [*whole.values(), *named]
        with self._tree(None) as tree:
            code = self._read(ReleaseCode, tree, asked)
            found = uses_in(code, asked, release=None, settings=self._config.usage)
        return tuple(subject for subject, said in found.items() if said and all(one.use is Use.NONE for one in said))

    def _of(self, release: Release | None) -> _Answers:
        name = None if release is None else release.name
        if name not in self._answers:
            self._answers[name] = self._look(release)
        return self._answers[name]

    def _look(self, release: Release | None) -> _Answers:
        from migsafe.usage import ReleaseCode, Wanted, uses_in  # it reads SQL: whoever asks nothing does not pay for it

        chapters = [one for one in self._story.chapters if self._is_asked(one, release)]
        used = [Wanted(subject, before) for before, subjects in _by_catalogue(chapters) for subject in subjects]
        written = [] if release is None else [Wanted(subject, before) for subject, before in _demanded(chapters)]
        with self._tree(release) as tree:
            code = self._read(ReleaseCode, tree, [*used, *written])
            name = None if release is None else release.name
            uses = uses_in(code, used, release=name, settings=self._config.usage, just_before=_just_before(chapters))
            return _Answers(uses, {each.subject: code.writers(each) for each in written})

    def _is_asked(self, chapter: Chapter, release: Release | None) -> bool:
        """Whether anybody asks the code of a release about a migration: the one that runs while it is applied."""
        if self._story.is_past(chapter):
            return False
        return release is None or self._story.running_before(chapter) == release

    def _read(self, reader: type[ReleaseCode], tree: FileTree, sought: Sequence[Wanted]) -> ReleaseCode:
        dialect = self._layout.migrations.dialect
        return reader(tree, sought, dialect, self._config.usage, migrations=self._migrations)

    def _tree(self, release: Release | None) -> FileTree:
        return open_tree(self._root, None if release is None else release.revision)

    @cached_property
    def _root(self) -> Path:
        return project_root(self._config)

    @cached_property
    def _migrations(self) -> frozenset[str]:
        files = {script.path for one in self._layout.migrations.migrations for script in one.scripts}
        return frozenset(inside_of(self._root, files).values())


def _columns(catalogue: Catalogue) -> Iterator[Subject]:
    """All columns of tables, without those of primary keys."""
    for table in catalogue.tables.values():
        keys = {
            column
            for constraint in table.constraints.values()
            if isinstance(constraint.definition, PrimaryKey)
            for column in constraint.definition.columns
        }
        yield from (Subject(table.name, column) for column in table.columns if column not in keys)


def _demanded(chapters: Sequence[Chapter]) -> Iterator[tuple[Subject, Catalogue]]:
    """The columns that must have a value from some migration on, each with what exists when that begins."""
    found: dict[Subject, Catalogue] = {}
    for chapter in chapters:
        for act in chapter.acts:
            if act.before is not None:
                for subject in act.demands:
                    found.setdefault(subject, act.before)
    yield from found.items()


def _just_before(chapters: Sequence[Chapter]) -> dict[Subject, Catalogue]:
    """What exists when something goes: what the same migration took away before it is gone by then."""
    return {
        subject: act.before
        for chapter in chapters
        for act in chapter.of(Nature.CONTRACT)
        if act.before is not None
        for subject in act.subjects
    }


def _by_catalogue(chapters: Sequence[Chapter]) -> Iterator[tuple[Catalogue, tuple[Subject, ...]]]:
    """What is taken away, under the first catalogue that knows it: nearly always one for all."""
    waiting: Mapping[Subject, None] = {
        subject: None for chapter in chapters for act in chapter.of(Nature.CONTRACT) for subject in act.subjects
    }
    catalogues = [act.before for chapter in chapters for act in chapter.of(Nature.CONTRACT) if act.before is not None]
    for place, catalogue in enumerate(catalogues):
        last = place == len(catalogues) - 1
        known = tuple(subject for subject in waiting if last or _knows(catalogue, subject))
        if known:
            yield catalogue, known
        waiting = {subject: None for subject in waiting if subject not in known}


def _knows(catalogue: Catalogue, subject: Subject) -> bool:
    if subject.column is not None:
        return catalogue.column(subject.table, subject.column) is not None
    return catalogue.table(subject.table) is not None or catalogue.view(subject.table) is not None
