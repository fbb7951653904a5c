"""Whether all that the migrations lock is known, and there."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.preflight.case import Case, name_of
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import counted, some

READ, THERE = "not-understood", "missing-tables"


def read(case: Case) -> Iterator[Reason]:
    """What could not be read may lock anything; code may, too, and only a run could tell."""
    if case.touched is None:
        return
    if case.touched.not_read:
        places = case.touched.not_read
        yield Reason(
            check=READ,
            weight=Weight.UNKNOWN,
            text=f"{counted(len(places), 'place')} of the migrations not understood: {some(places)}",
            hint="what it locks is not known; migsafe lint says more",
            objects=tuple(places),
        )
    if case.touched.opaque:
        places = case.touched.opaque
        yield Reason(
            check=READ,
            weight=Weight.WARNING,
            text=f"{counted(len(places), 'place')} with code whose locks only a run could tell: {some(places)}",
            hint="migsafe verify --evidence watches what it locks",
            objects=tuple(places),
        )


def there(case: Case) -> Iterator[Reason]:
    """A table that the server lacks comes from a migration that is not applied yet, or is in a schema not searched."""
    if case.touched is None:
        return
    known = set(map(name_of, case.live.relations))
    missing = [str(name) for name in sorted(case.touched.modes) if name not in known]
    if missing:
        them = "it" if len(missing) == 1 else "them"
        yield Reason(
            check=THERE,
            weight=Weight.UNKNOWN,
            text=f"{some(missing)}: not there, so nobody can tell who would use {them}",
            hint="apply what comes before, or name later migrations too; or the role has another search_path",
            objects=tuple(missing),
        )
