"""Which migrations of a project are asked for: those since a commit, or after a migration; the rest is context."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.config.nearest import did_you_mean
from migsafe.errors import UsageError
from migsafe.sources.changed import changed_since

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.sources.base import LoadedLayout


def narrow(
    layouts: Sequence[LoadedLayout], *, since: str | None = None, diff: str | None = None
) -> tuple[LoadedLayout, ...]:
    """Layouts of which only what is new stays selected.

    Args:
        since: only what comes after this migration; a layout that lacks it stays whole.
        diff: only files that were added or changed since this git revision.

    Raises:
        UsageError: when no layout has such a migration, or git does not know the revision.
        EnvironmentFailedError: when git is missing or does not answer.
    """
    narrowed = tuple(layouts)
    if diff is not None:
        changed = changed_since(diff, Path.cwd())
        narrowed = tuple(_only(layout, changed) for layout in narrowed)
    return narrowed if since is None else _after(narrowed, since)


def _only(layout: LoadedLayout, changed: frozenset[Path]) -> LoadedLayout:
    return replace(layout, selected=frozenset(path for path in layout.selected if Path(path).resolve() in changed))


def _after(layouts: tuple[LoadedLayout, ...], since: str) -> tuple[LoadedLayout, ...]:
    ids = [migration.id for layout in layouts for migration in layout.migrations.migrations]
    if since not in ids:
        raise UsageError(
            f'no migration "{since}"',
            hint=did_you_mean(since, ids, otherwise=f"the last one is {ids[-1]}" if ids else None),
        )
    return tuple(_layout_after(layout, since) for layout in layouts)


def _layout_after(layout: LoadedLayout, since: str) -> LoadedLayout:
    ids = [migration.id for migration in layout.migrations.migrations]
    if since not in ids:
        return layout
    before = layout.migrations.migrations[: ids.index(since) + 1]
    old = {script.path for migration in before for script in migration.scripts}
    return replace(layout, selected=layout.selected - old)
