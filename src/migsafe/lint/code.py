"""Looks into the code of the working tree, and of the release before, for what migrations take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.history.releases import inside_of, project_root
from migsafe.history.tree import open_tree
from migsafe.model.phase import Nature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from migsafe.config import Config
    from migsafe.model.catalogue import Catalogue
    from migsafe.model.release import Release, ReleaseHistory
    from migsafe.model.usage import Subject, UsageEvidence
    from migsafe.phases.act import Chapter
    from migsafe.sources import LoadedLayout

Found = dict["Subject", tuple["UsageEvidence", ...]]


class CodeReader:
    """Reads each release's code once, for everything that is taken away; and only when somebody asks."""

    def __init__(
        self, config: Config, layout: LoadedLayout, chapters: Sequence[Chapter], releases: ReleaseHistory
    ) -> None:
        self._config = config
        self._layout = layout
        self._chapters = chapters
        self._releases = releases
        self._found: dict[str | None, Found] = {}

    def uses(self, chapter: Chapter, subject: Subject, release: Release | None) -> tuple[UsageEvidence, ...]:
        """Who uses what a migration takes away, in the code of a release; in the working tree for None.

        Empty where that release's code is not to be had: no git tag bears its name.
        """
        name = None if release is None else release.name
        if release is not None and release.revision is None:
            return ()
        if name not in self._found:
            self._found[name] = dict(self._look(release))
        return self._found[name].get(subject, ())

    def _look(self, release: Release | None) -> Iterator[tuple[Subject, tuple[UsageEvidence, ...]]]:
        from migsafe.usage import find_uses  # it reads SQL: whoever takes nothing away does not pay for it

        root = project_root(self._config)
        files = {script.path for one in self._layout.migrations.migrations for script in one.scripts}
        migrations = frozenset(inside_of(root, files).values())
        for catalogue, subjects in _by_catalogue(self._chapters):
            with open_tree(root, None if release is None else release.revision) as tree:
                yield from find_uses(
                    subjects,
                    tree,
                    release=None if release is None else release.name,
                    catalogue=catalogue,
                    settings=self._config.usage,
                    migrations=migrations,
                    just_before=_just_before(self._chapters),
                ).items()


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
