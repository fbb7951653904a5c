"""From a path to the layouts that it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.config.folders import SKIPPED_FOLDERS
from migsafe.sources.files import Folder
from migsafe.sources.registry import PLAIN, claimant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migsafe.sources.base import Source

#: How far above a named file its layout's root is looked for; changes of Sqitch may stand in folders of folders.
_LEVELS = 8


@dataclass(frozen=True)
class Found:
    """A layout: the source that reads it, and its root."""

    source: Source
    root: Folder


class Finder:
    """Looks for layouts; every folder is listed and read once, however many files in it are named.

    Attributes:
        forced: the source that the user named, instead of detection.
    """

    def __init__(self, forced: Source | None = None) -> None:
        self.forced = forced
        self._folders: dict[Path, Folder] = {}
        self._sources: dict[Path, Source | None] = {}

    def folder(self, path: Path) -> Folder:
        """The folder at an absolute path."""
        if path not in self._folders:
            self._folders[path] = Folder(path)
        return self._folders[path]

    def source_of(self, folder: Folder) -> Source | None:
        """The source whose layout's root a folder is: the forced one if it can read it, else the one that claims it."""
        if folder.path not in self._sources:
            forced = self.forced
            self._sources[folder.path] = (
                claimant(folder) if forced is None else forced if forced.accepts(folder) else None
            )
        return self._sources[folder.path]

    def above(self, path: Path) -> Found | None:
        """The layout that the file or folder `path` is a part of.

        The nearest folder above it wins, save that plain SQL, which is told by names alone, gives way to any tool
        whose layout owns the file from further up.
        """
        plain: Found | None = None
        for parent in path.parents[:_LEVELS]:
            folder = self.folder(parent)
            source = self.source_of(folder)
            if source is None or not source.owns(folder, path):
                continue
            if source is not PLAIN:
                return self._found(source, self._topmost(source, folder, path))
            plain = plain or Found(source, folder)
        return plain

    def _found(self, source: Source, folder: Folder) -> Found:
        return Found(source, self.folder(source.canonical(folder).path))

    def _topmost(self, source: Source, folder: Folder, path: Path) -> Folder:
        """The highest folder of an unbroken chain that owns the file, for tools that read whole trees."""
        while source.whole_tree:
            parent = self.folder(folder.path.parent)
            if parent is folder or self.source_of(parent) is not source or not source.owns(parent, path):
                break
            folder = parent
        return folder

    def below(self, folder: Folder) -> Iterator[Found]:
        """The layouts in a folder and below it, each once, in the order of their paths."""
        yield from self._search(folder, set())

    def _search(self, folder: Folder, seen: set[Path]) -> Iterator[Found]:
        real = folder.path.resolve()
        if real in seen:
            return
        seen.add(real)
        source = self.source_of(folder)
        if source is not None:
            yield self._found(source, folder)
            if source.whole_tree:
                return
        for child in searched_children(folder):
            yield from self._search(self.folder(child.path), seen)


def folders_below(folder: Folder) -> Iterator[Folder]:
    """A folder and all that are searched below it, each once; links in a circle end."""
    seen: set[Path] = set()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        real = current.path.resolve()
        if real not in seen:
            seen.add(real)
            yield current
            waiting += reversed(searched_children(current))


def searched_children(folder: Folder) -> list[Folder]:
    """The folders directly below that are the project's own."""
    return [child for child in folder.children() if child.name not in SKIPPED_FOLDERS]
