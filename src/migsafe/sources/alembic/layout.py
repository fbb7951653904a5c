"""The revisions of one environment as a graph that can be ordered: what is wrong with it is said, and mended.

Alembic refuses a whole history for one wrong name in it. Here each file with a fault is said, and the graph goes on
without the fault, so that every other revision is read. The rules are Alembic's (1.20, `alembic/script/revision.py`):

- a parent is named by its whole id; `depends_on` may also name a branch label. Where only the beginning of an id is
  written (four characters or more, as on Alembic's command line), what is meant is known, and said;
- an id, a branch label, and a file belong to one revision: the first in the order of the files;
- nothing comes after itself, be it through other revisions.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migsafe.model.script import UnreadableFile
from migsafe.sources.alembic.revisions import Revision, is_taken, read_revision
from migsafe.sources.files import Folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

#: A shorter beginning of an id means nothing to Alembic.
_SHORTEST_PART = 4

_AFTER = "comes after"
_NEEDS = "depends on"


@dataclass(frozen=True)
class Layout:
    """The revisions of one environment.

    Attributes:
        revisions: those that can be run, in the order of their files; `down` and `depends_on` hold ids that are among
            them, and no circle.
        unreadable: what is wrong, by file.
    """

    revisions: tuple[Revision, ...]
    unreadable: tuple[UnreadableFile, ...]


def read_layout(locations: Iterable[Path], *, recursive: bool) -> Layout:
    """All revisions in some version locations.

    Args:
        locations: folders, absolute; one that does not exist holds nothing, as for Alembic.
        recursive: whether the folders below them belong to them.
    """
    files = version_files(locations, recursive=recursive)
    return mended(read_revision(folder.path / name, folder.source(name)) for folder, name in files)


def mended(files: Iterable[Revision | UnreadableFile | None]) -> Layout:
    """The revisions of some files without the faults of their graph, and what they were."""
    graph = _Graph()
    for read in files:
        graph.add(read)
    return graph.mended()


def version_files(locations: Iterable[Path], *, recursive: bool) -> Iterator[tuple[Folder, str]]:
    """The files that Alembic loads, each once, by location and then by name."""
    seen: set[Path] = set()
    for location in locations:
        for folder in _folders(Folder(location), recursive=recursive):
            for name in folder.files:
                real = (folder.path / name).resolve()
                if is_taken(name) and real not in seen:
                    seen.add(real)
                    yield folder, name


def _folders(folder: Folder, *, recursive: bool) -> Iterator[Folder]:
    """A folder, and those below it; Alembic follows no links there (`os.walk`)."""
    yield folder
    if recursive:
        for child in folder.children():
            if child.name != "__pycache__" and not child.path.is_symlink():
                yield from _folders(child, recursive=True)


@dataclass
class _Graph:
    """Revisions by id, while faults are found and taken out."""

    revisions: dict[str, Revision] = field(default_factory=dict)
    unreadable: list[UnreadableFile] = field(default_factory=list)

    def add(self, read: Revision | UnreadableFile | None) -> None:
        """One more file's revision; what is wrong with it is kept."""
        if isinstance(read, UnreadableFile):
            self.unreadable.append(read)
        elif read is not None:
            for fault in read.faults:
                self._say(read, fault)
            first = self.revisions.setdefault(read.id, read)
            if first is not read:
                self._say(read, f"is the revision {read.id}, which {first.shown} is already")

    def mended(self) -> Layout:
        """The layout without the faults."""
        self._name_labels_once()
        self._resolve()
        self._cut_circles()
        return Layout(tuple(self._without_unusable()), tuple(self.unreadable))

    def _say(self, revision: Revision, reason: str) -> None:
        self.unreadable.append(UnreadableFile(revision.shown, reason))

    def _name_labels_once(self) -> None:
        owners: dict[str, Revision] = {}
        for revision in self.revisions.values():
            own: list[str] = []
            for label in revision.labels:
                owner = self.revisions.get(label) or owners.setdefault(label, revision)
                if owner is revision and label not in (revision.id, *own):
                    own.append(label)
                else:
                    self._say(revision, f"takes the branch label {label}, which {owner.shown} bears already")
            self.revisions[revision.id] = replace(revision, labels=tuple(own))

    def _resolve(self) -> None:
        """Whole ids in the place of what is written."""
        labels = {label: revision.id for revision in self.revisions.values() for label in revision.labels}
        for revision in tuple(self.revisions.values()):
            depends_on = [self._resolved(revision, name, _NEEDS, labels) for name in revision.depends_on]
            down = [self._resolved(revision, name, _AFTER, labels) for name in revision.down]
            self.revisions[revision.id] = replace(revision, down=_known(down), depends_on=_known(depends_on))

    def _resolved(self, revision: Revision, name: str, relation: str, labels: dict[str, str]) -> str | None:
        """The id that a name means; None, and a reason, where it means none."""
        labelled = labels.get(name)
        if revision.id in (name, labelled):
            self._say(revision, f"{relation} itself")
            return None
        if name in self.revisions:
            return name
        if labelled is not None:
            if relation == _AFTER:
                self._say(revision, f"{relation} the branch label {name}: Alembic wants a revision's id there")
            return labelled
        return self._begun(revision, name, relation)

    def _begun(self, revision: Revision, name: str, relation: str) -> str | None:
        """The one other revision whose id begins with a name; either way it is said, for Alembic knows no such id."""
        known = self.revisions if len(name) >= _SHORTEST_PART else ()
        meant = [one for one in known if one.startswith(name) and one != revision.id]
        if len(meant) == 1:
            self._say(revision, f"{relation} {name}: Alembic wants the whole id there, {meant[0]}")
            return meant[0]
        several = f"; several begin so: {', '.join(meant)}" if meant else ""
        self._say(revision, f"{relation} the revision {name!r}, which no file has{several}")
        return None

    def _cut_circles(self) -> None:
        """Take one edge out of every circle: the one by which the earliest file of the circle comes after others."""
        while circle := _circle(self.revisions):
            first = min(circle, key=list(self.revisions).index)
            at = circle.index(first)
            around = [*circle[at:], *circle[:at], first]
            revision = self.revisions[first]
            self._say(revision, f"comes after itself: {' after '.join(around)}; its order is not known")
            self.revisions[first] = _without_parent(revision, around[1])

    def _without_unusable(self) -> Iterator[Revision]:
        """Those that can be run; the children of others take over their parents."""
        for revision in self.revisions.values():
            if revision.usable:
                yield replace(revision, down=self._usable(revision.down), depends_on=self._usable(revision.depends_on))

    def _usable(self, names: Sequence[str]) -> tuple[str, ...]:
        """The nearest usable revisions of some and of their ancestors."""
        found: dict[str, None] = {}
        for name in names:
            parent = self.revisions[name]
            found |= dict.fromkeys([name] if parent.usable else self._usable((*parent.down, *parent.depends_on)))
        return tuple(found)


def _known(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _without_parent(revision: Revision, parent: str) -> Revision:
    return replace(
        revision,
        down=tuple(name for name in revision.down if name != parent),
        depends_on=tuple(name for name in revision.depends_on if name != parent),
    )


def _circle(revisions: dict[str, Revision]) -> list[str]:
    """The ids of one circle, each followed by one of its parents; empty where there is none."""
    inside = _in_circles(revisions)
    if not inside:
        return []
    path, current = dict[str, None](), next(name for name in revisions if name in inside)
    while current not in path:
        path[current] = None
        current = next(parent for parent in _parents(revisions[current]) if parent in inside)
    steps = list(path)
    return steps[steps.index(current) :]


def _in_circles(revisions: dict[str, Revision]) -> set[str]:
    """The revisions in circles and those that come after them: each has a parent among them."""
    children: dict[str, list[str]] = defaultdict(list)
    waiting = {revision.id: len(_parents(revision)) for revision in revisions.values()}
    for revision in revisions.values():
        for parent in _parents(revision):
            children[parent].append(revision.id)
    ready = [name for name, count in waiting.items() if not count]
    while ready:
        name = ready.pop()
        del waiting[name]
        for child in children[name]:
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    return set(waiting)


def _parents(revision: Revision) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*revision.down, *revision.depends_on)))
