"""A project's history replayed as `migsafe lint` does, and held against a server that ran it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalogue_portrait import portrait
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import ASSUMED_SERVER
from migsafe.parse import read_script
from migsafe.rules.context import Surroundings
from migsafe.rules.walk import ScriptWalk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migsafe.model.script import Migration


def replay(migrations: Iterable[Migration], catalogue: Catalogue | None = None) -> Catalogue:
    """What exists after all ways up, beginning with a catalogue, which is changed; from nothing when left out."""
    catalogue = Catalogue() if catalogue is None else catalogue
    for migration in migrations:
        if migration.up is not None:
            walk = ScriptWalk(
                read_script(migration.up),
                migration=migration.id,
                catalogue=catalogue,
                server=ASSUMED_SERVER,
                surroundings=Surroundings(),
            )
            for _ in walk:
                pass
            catalogue = walk.context.catalogue
    return catalogue


def differences(replayed: Catalogue, real: Catalogue, known: Mapping[str, str] | None = None) -> list[str]:
    """Lines of the portraits that only one side has.

    Args:
        known: beginnings of such lines that differ for a reason, each with that reason.
    """
    ours, theirs = set(portrait(replayed)), set(portrait(real))
    lines = [f"only replayed: {line}" for line in ours - theirs] + [f"only real: {line}" for line in theirs - ours]
    return sorted(line for line in lines if not any(line.startswith(start) for start in known or {}))
