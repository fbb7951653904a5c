"""What a person must know and accept before a change begins: nobody finds it out from the steps alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.plan.published import publications_of
from migsafe.plan.sql import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.model.catalogue import Catalogue
    from migsafe.plan.targets import TableTarget


def of_backfill(on: TableTarget, catalogue: Catalogue) -> Iterator[str]:
    """What a backfill sets off: every row that it writes is an event for triggers and publications."""
    own = [
        one.name
        for one in on.table.triggers.values()
        if one.row_level and one.enabled and "update" in one.events and not one.name.startswith("zzz_migsafe_")
    ]
    if own:
        yield f"the backfill fires {', '.join(map(quoted, sorted(own)))} for every row of {on.name} that it writes"
    if published := publications_of(on, catalogue):
        yield (f"the backfill sends every row of {on.name} that it writes to the subscribers of {', '.join(published)}")


def of_explicit_null(columns: Sequence[str]) -> str:
    """The one thing that a sync trigger cannot tell."""
    names = ", ".join(map(quoted, columns))
    return f"until the contract, an INSERT of new code with an explicit NULL in {names} counts as one of old code"
