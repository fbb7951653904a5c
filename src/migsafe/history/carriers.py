"""Which tags carry which files: read from the trees of the tags, each folder that did not change only once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from migsafe.history.git import Repository, TagHistory
from migsafe.history.objects import ObjectReader

#: git-ls-tree's objects: mode, name, and a hash of 20 bytes, or 32 where the repository says so.
_ENTRIES = {
    20: re.compile(rb"(\d+) ([^\0]+)\0(.{20})", re.DOTALL),
    32: re.compile(rb"(\d+) ([^\0]+)\0(.{32})", re.DOTALL),
}
_FOLDER_MODE = b"40000"


@dataclass(slots=True)
class _Folder:
    """What is looked for in a folder: files by name, with their whole paths; folders."""

    files: dict[bytes, str] = field(default_factory=dict)
    folders: dict[bytes, _Folder] = field(default_factory=dict)


class Carriers:
    """Which tags carry what; use it in a `with` statement.

    Attributes:
        found: path → the tags in whose trees it is a file, as bits in the order of the history; without paths of none.
    """

    def __init__(self, repository: Repository, history: TagHistory) -> None:
        self.found: dict[str, int] = {}
        self._history = history
        self._reader = ObjectReader(repository.top)

    def look_for(self, paths: Iterable[str]) -> None:
        """Find the tags that carry more files."""
        wanted = _as_folder(paths)
        if not (wanted.files or wanted.folders):
            return
        trees = _Trees(self._reader)
        for place, tag in enumerate(self._history.tags):
            for path in trees.files(f"{tag.commit}^{{tree}}", wanted):
                self.found[path] = self.found.get(path, 0) | 1 << place

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()


def first_carriers(history: TagHistory, names: Mapping[str, Iterable[str]], found: Mapping[str, int]) -> dict[str, int]:
    """Path → the place of the first tag that carries it and that no tag on the way to HEAD follows without it.

    Args:
        names: path → all names that the file has had.
        found: what `Carriers` found for all these names.
    """
    first = {}
    for path, spellings in names.items():
        carrying = 0
        for name in spellings:
            carrying |= found.get(name, 0)
        carrying &= ~_taken_back(history, carrying)
        if carrying:
            first[path] = _lowest(carrying)
    return first


def _taken_back(history: TagHistory, carrying: int) -> int:
    """The tags that carry a file which a later release, from which HEAD comes, did not have any more."""
    if not carrying:
        return 0
    start = _lowest(carrying)
    without = (history.of_head & ~carrying) >> start << start
    lost = 0
    while without:
        place = _lowest(without)
        without &= without - 1
        lost |= history.within[place]
    return lost


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


class _Trees:
    """Folders of a repository, each read once."""

    def __init__(self, reader: ObjectReader) -> None:
        self._reader = reader
        self._known: dict[tuple[str, int], tuple[str, ...]] = {}

    def files(self, name: str, wanted: _Folder) -> tuple[str, ...]:
        """Those of the wanted files that are below a tree."""
        key = (name, id(wanted))
        if key not in self._known:
            self._known[key] = tuple(self._below(name, self._reader.read(name).data or b"", wanted))
        return self._known[key]

    def _below(self, name: str, data: bytes, wanted: _Folder) -> Iterable[str]:
        found: list[str] = []
        folders: list[tuple[str, _Folder]] = []
        for mode, entry, hashed in _ENTRIES[len(name.partition("^")[0]) // 2].findall(data):
            if mode == _FOLDER_MODE:
                if (below := wanted.folders.get(entry)) is not None:
                    folders.append((hashed.hex(), below))
            elif (path := wanted.files.get(entry)) is not None:
                found.append(path)
        self._read_new(folders)
        return found + [path for tree, below in folders for path in self._known[tree, id(below)]]

    def _read_new(self, folders: Iterable[tuple[str, _Folder]]) -> None:
        """Read many at once: a layout may have a folder for each migration."""
        new = [(tree, below) for tree, below in folders if (tree, id(below)) not in self._known]
        read = self._reader.read_all([tree for tree, _ in new])
        for (tree, below), one in zip(new, read, strict=True):
            self._known[tree, id(below)] = tuple(self._below(tree, one.data or b"", below))


def _as_folder(paths: Iterable[str]) -> _Folder:
    top = _Folder()
    for path in paths:
        *folders, name = path.encode("utf-8", "surrogateescape").split(b"/")
        here = top
        for folder in folders:
            here = here.folders.setdefault(folder, _Folder())
        here.files[name] = path
    return top
