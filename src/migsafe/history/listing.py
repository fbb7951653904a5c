"""What each release carries, in the order in which the tool runs it: for people, and as `migsafe.releases/1`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from migsafe import __version__
from migsafe.history.releases import with_declared

if TYPE_CHECKING:
    from migsafe.model.release import Release, ReleaseHistory
    from migsafe.model.script import Migration, MigrationSet

SCHEMA = "migsafe.releases/1"


@dataclass(frozen=True, slots=True)
class CarriedBy:
    """A release, or None for what is not released yet, and the migrations that it is the first to carry.

    Attributes:
        phases: phase → how many of them belong to it, of those that are not empty; empty where nobody has looked.
        promised: changes that it has begun, and whose contract is still to come.
    """

    release: Release | None
    migrations: tuple[Migration, ...]
    phases: Mapping[str, int] = field(default_factory=dict)
    promised: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseListing:
    """All releases, the oldest first, and what none carries at the end."""

    history: ReleaseHistory
    rows: tuple[CarriedBy, ...]

    def with_phases(
        self, phases: Mapping[str | None, Mapping[str, int]], promised: Mapping[str | None, tuple[str, ...]]
    ) -> ReleaseListing:
        """The same, with what each release's migrations are and promise.

        Args:
            phases: a release's name, None for what is not released → phase → how many migrations.
            promised: likewise, open changes.
        """
        names = [row.release.name if row.release is not None else None for row in self.rows]
        rows = (
            replace(row, phases=phases.get(name, {}), promised=promised.get(name, ()))
            for row, name in zip(self.rows, names, strict=True)
        )
        return replace(self, rows=tuple(rows))

    def json(self) -> str:
        """One JSON document in pure ASCII; its schema is `schema/releases-1.json`."""
        return json.dumps(self.document(), indent=2) + "\n"

    def document(self) -> dict[str, Any]:
        """The same as values."""
        released = [row for row in self.rows if row.release is not None]
        rest = next((row for row in self.rows if row.release is None), CarriedBy(None, ()))
        return {
            "schema": SCHEMA,
            "migsafe": __version__,
            "problem": self.history.problem,
            "releases": [_release(row.release) | _carried(row) for row in released if row.release],
            "unreleased": _carried(rest),
        }


def files_of(migrations: Iterable[Migration]) -> tuple[str, ...]:
    """The files of migrations as they are shown, each once, in the order in which the tool runs them."""
    return tuple(dict.fromkeys(path for one in migrations for path in _paths(one)))


def declared_releases(migrations: Iterable[Migration]) -> Mapping[str, str]:
    """File → the release that its header says, of those that say one."""
    return {path: one.declaration.release for one in migrations if one.declaration.release for path in _paths(one)}


def list_releases(history: ReleaseHistory, layouts: Iterable[MigrationSet]) -> ReleaseListing:
    """Put migrations into their releases; what a header says wins.

    Args:
        history: what tags and the manifest say of the layouts' files.
    """
    migrations = [one for layout in layouts for one in layout.migrations]
    whole = with_declared(history, declared_releases(migrations))
    carried: dict[str | None, list[Migration]] = {}
    for one in migrations:
        carried.setdefault(release_name_of(one, whole), []).append(one)
    rows = [CarriedBy(release, tuple(carried.get(release.name, ()))) for release in whole.releases]
    return ReleaseListing(whole, (*rows, CarriedBy(None, tuple(carried.get(None, ())))))


def release_name_of(migration: Migration, history: ReleaseHistory) -> str | None:
    """The first release that carries a migration: that of its way up, where it has one."""
    return next((history.first[path] for path in _paths(migration) if path in history.first), None)


def _paths(migration: Migration) -> Iterator[str]:
    scripts = migration.scripts
    yield from (script.path for script in scripts) if scripts else (migration.path,)


def _release(release: Release) -> dict[str, Any]:
    return {
        "name": release.name,
        "sequence": release.sequence,
        "day": release.day.isoformat() if release.day is not None else None,
        "revision": release.revision,
        "source": release.source,
    }


def _carried(row: CarriedBy) -> dict[str, Any]:
    shown = [{"id": one.id, "paths": list(files_of([one]))} for one in row.migrations]
    return {
        "count": len(shown),
        "migrations": shown,
        "phases": dict(row.phases),
        "promised": list(row.promised),
    }
