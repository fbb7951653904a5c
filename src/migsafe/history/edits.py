"""Files that are no longer as they were when they were released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.git import git
from migsafe.history.git import find_repository
from migsafe.history.releases import inside_of
from migsafe.history.tree import open_tree

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from migsafe.model.release import ReleaseHistory


def texts_at_latest(root: Path, history: ReleaseHistory, paths: Collection[str]) -> Mapping[str, str]:
    """The texts of released files as the latest release has them, of those that are other ones by now.

    What was changed before the latest release has been shipped as it is, and cannot be taken back any more.

    Args:
        root: the project's folder.
        paths: files as `Script.path` shows them.

    Raises:
        EnvironmentFailedError: when git is missing or does not answer.
    """
    latest = history.latest
    if latest is None or latest.revision is None:
        return {}
    repository = find_repository(root)
    if repository is None:
        return {}
    released = {path: shown for shown, path in inside_of(repository.top, paths).items() if shown in history.first}
    changed = git(["diff", "--name-only", "-z", "--no-renames", "--diff-filter=M", latest.revision], repository.top)
    touched = [path for path in changed.split("\0") if path in released]
    if not touched:
        return {}
    with open_tree(repository.top, latest.revision) as tree:
        texts = {released[path]: tree.read(path) for path in touched}
    return {shown: text for shown, text in texts.items() if text is not None}
