"""Differences as findings: placed at the migration, or the model, that had the last word on the object."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from migsafe.catalogue.project import Project, ReadUp, place_of
from migsafe.model.finding import Finding
from migsafe.model.script import Direction, Position
from migsafe.rules.proofs import CHECKS, DRIFT
from migsafe.shadow.drift.scope import relation_of
from migsafe.shadow.drift.weight import Against, weight
from migsafe.shadow.drift.words import Sides, describe, name_of, remedy

if TYPE_CHECKING:
    from migsafe.shadow.drift.fold import Drift

_TOP = Position(1, 1)
_LAST_PART = re.compile(r'(?:"((?:[^"]|"")*)"|([^."]+))\Z')


class Place(NamedTuple):
    """Where a finding points: a file, from where to where, and the migration whose file it is."""

    path: str
    start: Position = _TOP
    end: Position = _TOP
    migration: str = ""


class Places:
    """Knows where each object was made."""

    def __init__(self, project: Project, models: Mapping[str, Place] | None = None) -> None:
        """
        Args:
            models: tables → where their models stand, by the table's name with schema.
        """
        self._root = Place(project.layout.root)
        self._migrations = {(str(name), part): up for (name, part), up in project.origins.items()}
        self._models = models or {}

    def of(self, drift: Drift) -> Place:
        """The last migration that changed the object, or else its table; else the folder of them all."""
        table = relation_of(drift.key, drift.facts) or drift.key.name
        if drift.kind != "missing" and table in self._models:
            return self._models[table]
        name = drift.key.name.partition("(")[0]
        for known in ((name, drift.key.part), (name, ""), (table, "")):
            if known in self._migrations:
                return _in_migration(self._migrations[known], [drift.key.part, _bare(name), _bare(table)], _bare(table))
        return self._root


def build_findings(
    drifts: Sequence[Drift], places: Places, sides: Sides, against: Against, *, same_major: bool = True
) -> tuple[Finding, ...]:
    """One finding for each difference."""
    check = CHECKS[DRIFT]
    findings = []
    for drift in drifts:
        place = places.of(drift)
        operation = f"{drift.kind}-{drift.key.kind.replace('_', '-')}"
        findings.append(
            Finding(
                rule=check.name,
                category=check.category,
                severity=weight(drift, against, same_major=same_major),
                path=place.path,
                start=place.start,
                end=place.end,
                migration=place.migration,
                direction=Direction.UP,
                operation=operation,
                objects=(name_of(drift),),
                message=describe(drift, sides),
                why=sides.why or check.why,
                instead=remedy(drift, sides) or sides.instead or check.instead,
                fingerprint=_fingerprint(check.name, against, operation, name_of(drift), drift.fact or ""),
            )
        )
    return tuple(findings)


def _in_migration(up: ReadUp, names: Sequence[str], table: str) -> Place:
    start, end = place_of(up, [name for name in names if name], table)
    return Place(up.read.script.path, start, end, up.migration.id)


def _bare(name: str) -> str:
    found = _LAST_PART.search(name)
    return (found[1] or found[2]).replace('""', '"') if found else name


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
