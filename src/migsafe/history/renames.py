"""What files were called in earlier releases: a file that was only moved is still the same migration."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from migsafe.git import git
from migsafe.history.carriers import Carriers
from migsafe.history.git import HISTORY_TIMEOUT_SECONDS, Repository, TagHistory

#: As many folders are compared at once; of more, the folders that hold them are.
_MOST_FOLDERS = 32

#: Two commits, the later one first; and the tags of both as bits, the later one's empty for HEAD.
_Step = tuple[str, str, int, int]


def former_names(
    repository: Repository, history: TagHistory, carriers: Carriers, paths: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """All names that files have had from release to release, the latest first.

    A rename counts where the content stayed what it was from one release to the next. What was changed as well may
    be another migration that resembles a deleted one, and nothing new must pass for released.

    Args:
        carriers: asked for `paths` before; it is asked here for what they were called.
        paths: files, from the top of the working tree.

    Returns:
        Path → the path itself and its earlier names.
    """
    names = {path: [path] for path in paths}
    tails = {path: path for path in paths}  # the earliest known name → today's
    steps = tuple(_steps(history))
    new: Collection[str] = paths
    while new and steps:
        found = []
        for old, later in _renames(repository, steps, carriers, new):
            today = tails.pop(later, None)
            if today is not None:
                names[today].append(old)
                tails.setdefault(old, today)
                found.append(old)
        carriers.look_for(found)
        new = found
    return {path: tuple(spellings) for path, spellings in names.items()}


def _steps(history: TagHistory) -> Iterator[_Step]:
    """From HEAD back to the first tag, each with the tag before it."""
    count = len(history.tags)
    if history.head is not None:
        before = _before(history.of_head, count)
        yield history.head, history.tags[before].commit, 0, 1 << before
    for place in range(count - 1, 0, -1):
        before = _before(history.within[place] & ~(1 << place), place)
        yield history.tags[place].commit, history.tags[before].commit, 1 << place, 1 << before


def _before(contained: int, place: int) -> int:
    """The last of the tags that something contains; where releases are cut on lines aside, the one before it."""
    return contained.bit_length() - 1 if contained else place - 1


def _renames(
    repository: Repository, steps: Sequence[_Step], carriers: Carriers, paths: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """The old and the new name of what was moved, the latest first."""
    masks = _by_folder(carriers, paths)
    whole = [step for step in steps if any(_came(mask, step) for mask in masks.values())]
    yield from _compare(repository, whole, ())
    yield from _compare(repository, [step for step in steps if step not in whole], sorted(masks))


def _came(mask: int, step: _Step) -> bool:
    """Whether a folder came with a step: what is in it may have come from anywhere."""
    _, _, later, before = step
    return not mask & before and (not later or bool(mask & later))


def _by_folder(carriers: Carriers, paths: Iterable[str]) -> Mapping[str, int]:
    """Folder → the tags that have any of the files below it; of too many folders, the folders that hold those."""
    masks: dict[str, int] = {}
    for path in paths:
        folder = str(PurePosixPath(path).parent)
        masks[folder] = masks.get(folder, 0) | carriers.found.get(path, 0)
    while len(masks) > _MOST_FOLDERS:
        wider: dict[str, int] = {}
        for folder, mask in masks.items():
            parent = str(PurePosixPath(folder).parent)
            wider[parent] = wider.get(parent, 0) | mask
        masks = wider
    return masks


def _compare(repository: Repository, steps: Sequence[_Step], folders: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not steps:
        return
    options = ["--stdin", "-r", "-z", "-M100%", "-l0", "--diff-filter=R", "--name-status", "--no-commit-id"]
    feed = "".join(f"{later} {before}\n" for later, before, _, _ in steps)
    told = git(["diff-tree", *options, "--", *folders], repository.top, feed=feed, timeout=HISTORY_TIMEOUT_SECONDS)
    words = iter(told.split("\0"))
    for status in words:
        if status:
            yield next(words), next(words)
