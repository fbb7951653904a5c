"""What a run of verify does step by step, whatever database it is: which migrations, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.parse import read_script
from migsafe.shadow.irreversible import find_marker
from migsafe.shadow.migration import ShadowMigration

if TYPE_CHECKING:
    from migsafe.model.script import Migration, Script
    from migsafe.model.statement import ReadScript
    from migsafe.sources import LoadedLayout


class Steps:
    """A layout's migrations up to the last one that is wanted.

    Attributes:
        wanted: the names of those that are to be proved: one of their files is selected.
        needed: those and all before them, in order.
        keeps_ways_back: most migrations of the layout have one.
    """

    def __init__(self, layout: LoadedLayout) -> None:
        self.layout = layout
        migrations = layout.migrations.migrations
        self.wanted = {m.id for m in migrations if any(script.path in layout.selected for script in m.scripts)}
        last = max((place for place, m in enumerate(migrations) if m.id in self.wanted), default=-1)
        self.needed = migrations[: last + 1]
        # A tool that asks for none has a few all the same: a missing one is news where most migrations have one.
        self.keeps_ways_back = 2 * sum(m.down is not None for m in migrations) > len(migrations)


def read_migration(migration: Migration, *, wanted: bool = True) -> ShadowMigration:
    """Read both directions of a migration."""
    up, down = _read(migration.up), _read(migration.down)
    marker = find_marker((up, down))
    reason = marker.reason if marker is not None else None
    return ShadowMigration(migration.id, migration.path, up, down, irreversible=reason, wanted=wanted)


def _read(script: Script | None) -> ReadScript | None:
    return None if script is None else read_script(script)


def doubts_of(read: ShadowMigration) -> Iterator[str]:
    """Why a migration cannot be run as its tool runs it: parts of its SQL are not known."""
    for script in (read.up, read.down):
        if script is None:
            continue
        yield from (f"not all of its SQL is known ({gap.reason})" for gap in script.script.gaps[:1])
        if script.script.placeholders:
            span = script.script.placeholders[0]
            yield f"the placeholder {script.script.text[span.start : span.end]} has no value"
