"""The files of a project as they are now, and as they were at a git revision, behind one protocol."""

from __future__ import annotations

import os
import stat
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from migsafe.config.folders import SKIPPED_FOLDERS
from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.git import GitRefusedError, git
from migsafe.history.objects import ObjectReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Files above this many bytes are nobody's source code.
LARGEST_BYTES = 1_000_000
#: Where git looks for a NUL to tell a binary file, in bytes.
_LOOKED_AT = 8_000
_REGULAR = ("100644", "100755")


class FileTree(Protocol):
    """Text files below one folder. Paths are relative to that folder, with forward slashes, in every tree the same."""

    @property
    def skipped(self) -> Mapping[str, str]:
        """Files that `read` refused so far, and why: path → "binary", "larger than 1 MB", or what the system said."""

    def paths(self) -> tuple[str, ...]:
        """All regular files, sorted; whether one is text shows only when it is read."""

    def read(self, path: str) -> str | None:
        """A file's text (what is not UTF-8 in it is replaced), or None: there is no such file, or it is skipped."""

    def close(self) -> None:
        """Let go of what reading needs; a tree may be read no more after it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def open_tree(root: Path, revision: str | None = None) -> FileTree:
    """The files below `root`, now or at a revision; use it in a `with` statement.

    Args:
        root: a folder; for a revision, one inside a git working tree. A folder that the revision does not have is
            an empty tree.
        revision: a commit, branch or tag; None for the working tree.

    Raises:
        UsageError: when git does not know the revision, or `root` is in no repository.
        EnvironmentFailedError: when git is missing or does not answer.
    """
    return WorkingTree(root) if revision is None else RevisionTree(root, revision)


class _Tree:
    """What both trees share: what is text, and what was skipped."""

    def __init__(self) -> None:
        self._skipped: dict[str, str] = {}

    @property
    def skipped(self) -> Mapping[str, str]:
        """See `FileTree.skipped`."""
        return self._skipped

    def close(self) -> None:
        """Nothing is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _skip(self, path: str, reason: str) -> str | None:
        self._skipped[path] = reason
        return None

    def _text(self, path: str, data: bytes | None) -> str | None:
        """The text in a file's bytes; None as data: there are too many."""
        if data is None:
            return self._skip(path, f"larger than {LARGEST_BYTES // 1_000_000} MB")
        if b"\0" in data[:_LOOKED_AT]:
            return self._skip(path, "binary")
        return data.decode("utf-8-sig", "replace")


class WorkingTree(_Tree):
    """What is on disk: without what git ignores, where there is git; else without hidden and other people's folders."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(sorted(path for path in self._candidates() if self._is_regular(path)))

    def paths(self) -> tuple[str, ...]:
        """See `FileTree.paths`."""
        return self._paths

    def read(self, path: str) -> str | None:
        """See `FileTree.read`."""
        try:
            with open(self._root / path, "rb") as file:
                data = file.read(LARGEST_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return self._skip(path, (error.strerror or str(error)).lower())
        return self._text(path, data if len(data) <= LARGEST_BYTES else None)

    def _candidates(self) -> Iterator[str]:
        try:
            listed = git(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"], self._root)
        except (GitRefusedError, EnvironmentFailedError):
            yield from self._walk()
        else:
            yield from (name for name in listed.split("\0") if name)

    def _walk(self) -> Iterator[str]:
        for folder, below, files in os.walk(self._root):
            below[:] = [name for name in below if name not in SKIPPED_FOLDERS and not name.startswith(".")]
            base = os.path.relpath(folder, self._root)
            yield from (Path(base, name).as_posix() for name in files)

    def _is_regular(self, path: str) -> bool:
        """Links are left out: what they lead to is listed by itself, or is not the project's."""
        try:
            return stat.S_ISREG(os.lstat(self._root / path).st_mode)
        except OSError:
            return False


class RevisionTree(_Tree):
    """What git has at a revision; one process reads all files, each when it is asked for."""

    def __init__(self, root: Path, revision: str) -> None:
        super().__init__()
        self._root = root
        self._commit = _commit(revision, root)
        self._reader: ObjectReader | None = None

    @cached_property
    def _blobs(self) -> dict[str, str]:
        """Path → the blob's name. `--full-tree` is left out: names are relative to the folder, and only below it."""
        listed = git(["ls-tree", "-r", "-z", self._commit], self._root)
        found = {}
        for line in listed.split("\0"):
            facts, _, path = line.partition("\t")
            if facts.startswith(_REGULAR):
                found[path] = facts.rpartition(" ")[2]
        return found

    def paths(self) -> tuple[str, ...]:
        """See `FileTree.paths`."""
        return tuple(sorted(self._blobs))

    def read(self, path: str) -> str | None:
        """See `FileTree.read`."""
        blob = self._blobs.get(path)
        if blob is None:
            return None
        if self._reader is None:
            self._reader = ObjectReader(self._root)
        found = self._reader.read(blob, largest=LARGEST_BYTES)
        return self._text(path, found.data)

    def close(self) -> None:
        """End the process that reads."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _commit(revision: str, folder: Path) -> str:
    try:
        return git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"], folder).strip()
    except GitRefusedError as error:
        if error.said:
            raise
        raise UsageError(
            f"git knows no commit {revision!r}", hint="git fetch --tags brings those of a remote"
        ) from None
