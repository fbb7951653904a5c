"""The order in which `alembic upgrade heads` would run the revisions, as Alembic itself finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.script.revision import Revision, RevisionError, RevisionMap

if TYPE_CHECKING:
    from migsafe.sources.alembic.worker.job import RevisionFile


class BrokenGraphError(Exception):
    """The revisions form no graph that Alembic would run; the message is Alembic's."""


def in_order(files: tuple[RevisionFile, ...]) -> list[RevisionFile]:
    """From the bases to the heads, across all branches.

    Raises:
        BrokenGraphError: for a loop, a missing ancestor, an ambiguous name.
    """
    by_id = {file.id: file for file in files}
    graph = RevisionMap(lambda: [_node(file) for file in files])
    try:
        upward = [step.revision for step in graph.iterate_revisions("heads", (), implicit_base=True)]
    except RevisionError as error:
        raise BrokenGraphError(str(error)) from error
    return [by_id[revision] for revision in reversed(upward)]


def _node(file: RevisionFile) -> Revision:
    return Revision(file.id, file.down or None, file.depends_on or None, file.labels or None)
