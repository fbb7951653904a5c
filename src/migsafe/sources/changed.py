"""Which files a git working tree has changed since a commit."""

from __future__ import annotations

from pathlib import Path

from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.git import GitRefusedError, git


def changed_since(ref: str, folder: Path) -> frozenset[Path]:
    """Files that were added or changed since the merge base with `ref`, and files that git does not know yet.

    Args:
        ref: a commit, branch or tag.
        folder: any folder of the working tree.

    Returns:
        Absolute, resolved paths.

    Raises:
        UsageError: when `folder` is in no working tree, or `ref` names no commit.
        EnvironmentFailedError: when git is missing or does not answer.
    """
    top = Path(_git(["rev-parse", "--show-toplevel"], folder).strip())
    base = _merge_base(_commit(ref, folder), folder)
    changed = _git(["diff", "--name-only", "--no-renames", "--diff-filter=d", "-z", base], top).split("\0")
    untracked = _git(["ls-files", "--others", "--exclude-standard", "-z"], top).split("\0")
    return frozenset((top / name).resolve() for name in (*changed, *untracked) if name)


def is_known(ref: str, folder: Path) -> bool:
    """Whether `folder` is in a git working tree that has this commit, branch or tag."""
    try:
        _commit(ref, folder)
    except (UsageError, EnvironmentFailedError):
        return False
    return True


def _commit(ref: str, folder: Path) -> str:
    try:
        return git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"], folder).strip()
    except GitRefusedError:
        raise UsageError(
            f"git knows no commit {ref!r}", hint="in CI, fetch it first: a shallow clone holds only the last commit"
        ) from None
    except EnvironmentFailedError as error:
        raise _with_hint(error) from error


def _merge_base(commit: str, folder: Path) -> str:
    """Where the branches parted, so that what others have merged meanwhile does not count; the commit itself else."""
    try:
        return _git(["merge-base", commit, "HEAD"], folder).strip()
    except UsageError:
        return commit


def _git(arguments: list[str], folder: Path) -> str:
    try:
        return git(arguments, folder)
    except GitRefusedError as error:
        raise UsageError(error.message, hint="--diff works inside a git working tree") from error
    except EnvironmentFailedError as error:
        raise _with_hint(error) from error


def _with_hint(error: EnvironmentFailedError) -> EnvironmentFailedError:
    return EnvironmentFailedError(error.message, hint="--diff needs git; name the files instead")
