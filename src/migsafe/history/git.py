"""The releases that git's tags are: in their order, each with the releases that it contains."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from migsafe.errors import EnvironmentFailedError
from migsafe.git import GitRefusedError, git
from migsafe.history.versions import VersionKey, version_key

#: Walking a whole history takes its time where a repository is very large.
HISTORY_TIMEOUT_SECONDS = 300

_FIELDS = "%00".join(
    f"%({name})"
    for name in ("refname:strip=2", "objecttype", "objectname", "*objecttype", "*objectname", "creatordate:unix")
)


@dataclass(frozen=True, slots=True)
class Repository:
    """A git working tree.

    Attributes:
        top: its topmost folder.
        shallow: a part of its history was not fetched.
    """

    top: Path
    shallow: bool


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a commit.

    Attributes:
        day: when it was made, or where it is only a name, when its commit was; in UTC.
    """

    name: str
    commit: str
    day: date | None


@dataclass(frozen=True, slots=True)
class TagHistory:
    """Tags, and how they follow each other.

    Attributes:
        tags: each after all that it contains; where neither contains the other, in the order of versions.
        within: for each tag the tags that it contains and itself, as bits: bit 0 is the first tag.
        of_head: the tags that the commit contains on which the working tree stands, in the same way.
        head: that commit; None before the first one.
    """

    tags: tuple[Tag, ...]
    within: tuple[int, ...]
    of_head: int
    head: str | None


def find_repository(folder: Path) -> Repository | None:
    """The working tree that a folder is in; None where it is in none.

    Raises:
        GitRefusedError: when git does not want to read it, as where it belongs to somebody else.
        EnvironmentFailedError: when git is missing or does not answer.
    """
    try:
        told = git(["rev-parse", "--is-shallow-repository", "--show-toplevel"], folder)
    except GitRefusedError as error:
        if error.no_repository:
            return None
        raise
    shallow, _, top = told.rstrip("\n").partition("\n")
    return Repository(Path(top), shallow == "true")


def read_tags(repository: Repository, pattern: str) -> tuple[Tag, ...]:
    """The tags of commits whose names match, in git's order of names.

    Args:
        pattern: shell patterns with blanks between; `!` before one leaves tags out.
    """
    lines = git(["for-each-ref", f"--format={_FIELDS}", "refs/tags"], repository.top).splitlines()
    tags = (_tag(line.split("\0"), repository) for line in lines if _is_wanted(line.partition("\0")[0], pattern))
    return tuple(tag for tag in tags if tag is not None)


def _is_wanted(name: str, pattern: str) -> bool:
    words = pattern.split()
    return any(fnmatchcase(name, word) for word in words if not word.startswith("!")) and not any(
        fnmatchcase(name, word[1:]) for word in words if word.startswith("!")
    )


def _tag(fields: Sequence[str], repository: Repository) -> Tag | None:
    name, kind, own, inner_kind, inner, seconds = fields
    commit: str | None = own if kind == "commit" else inner if inner_kind == "commit" else None
    if inner_kind == "tag":
        commit = _commit_behind(name, repository)
    if commit is None:  # a tag of a file, or of a tree, is no release
        return None
    return Tag(name, commit, datetime.fromtimestamp(int(seconds), UTC).date() if seconds else None)


def _commit_behind(name: str, repository: Repository) -> str | None:
    """A tag of a tag, which older versions of git do not look through."""
    try:
        return git(["rev-parse", "--verify", "--quiet", f"refs/tags/{name}^{{commit}}"], repository.top).strip()
    except GitRefusedError:
        return None


def read_tag_history(repository: Repository, tags: Iterable[Tag]) -> TagHistory:
    """Put tags into their order.

    Raises:
        EnvironmentFailedError: when the clone is shallow: it does not know what contains what.
    """
    refuse_shallow(repository)
    tags = tuple(tags)
    head = _head(repository)
    starts = dict.fromkeys([*(tag.commit for tag in tags), *((head,) if head else ())])
    graph = _graph(repository, starts)
    ordered = _in_order(graph, tags)
    within = _contained(graph, ordered)
    return TagHistory(
        tags=ordered,
        within=tuple(within[tag.commit] & ((2 << place) - 1) for place, tag in enumerate(ordered)),
        of_head=within.get(head, 0) if head else 0,
        head=head,
    )


def refuse_shallow(repository: Repository) -> None:
    """Never take what was not fetched for what is not released.

    Raises:
        EnvironmentFailedError: when the clone is shallow.
    """
    if repository.shallow:
        raise EnvironmentFailedError(
            f"the git clone {repository.top} is shallow: it does not know which release carries which migration",
            hint="git fetch --unshallow --tags; in GitHub Actions, actions/checkout with fetch-depth: 0",
        )


def _head(repository: Repository) -> str | None:
    try:
        return git(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], repository.top).strip()
    except GitRefusedError:
        return None


def _graph(repository: Repository, starts: Collection[str]) -> dict[str, list[str]]:
    """Commit → parents, of those commits alone that have a name or join others; parents before children."""
    arguments = ["rev-list", "--topo-order", "--reverse", "--parents", "--simplify-by-decoration", "--stdin"]
    told = git(arguments, repository.top, feed="".join(f"{name}\n" for name in starts), timeout=HISTORY_TIMEOUT_SECONDS)
    graph = {commit: parents for commit, *parents in map(str.split, told.splitlines())}
    # git leaves out a first commit without files although it has a name: whatever else is first comes after it.
    empty = [commit for commit in starts if commit not in graph]
    return {commit: [] for commit in empty} | {commit: parents or empty for commit, parents in graph.items()}


def _in_order(graph: Mapping[str, Sequence[str]], tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """Parents first; of all that could come next, the lowest version."""
    named: dict[str, list[Tag]] = {}
    for tag in sorted(tags, key=lambda tag: version_key(tag.name)):
        named.setdefault(tag.commit, []).append(tag)
    children: dict[str, list[str]] = {commit: [] for commit in graph}
    missing = {commit: len(parents) for commit, parents in graph.items()}
    for commit, parents in graph.items():
        for parent in parents:
            children[parent].append(commit)
    ready = [(_rank(commit, named), commit) for commit, count in missing.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[Tag] = []
    while ready:
        _, commit = heapq.heappop(ready)
        ordered += named.get(commit, ())
        for child in children[commit]:
            missing[child] -= 1
            if missing[child] == 0:
                heapq.heappush(ready, (_rank(child, named), child))
    return tuple(ordered)


def _rank(commit: str, named: Mapping[str, Sequence[Tag]]) -> tuple[int, VersionKey]:
    """What bears no tag goes first, so that what waits for it can be compared."""
    return (1, version_key(named[commit][-1].name)) if commit in named else (0, ((), ""))


def _contained(graph: Mapping[str, Sequence[str]], ordered: Sequence[Tag]) -> dict[str, int]:
    """Commit → the tags that it contains, as bits."""
    own: dict[str, int] = {}
    for place, tag in enumerate(ordered):
        own[tag.commit] = own.get(tag.commit, 0) | 1 << place
    found: dict[str, int] = {}
    for commit, parents in graph.items():  # parents stand before their children
        bits = own.get(commit, 0)
        for parent in parents:
            bits |= found[parent]
        found[commit] = bits
    return found
