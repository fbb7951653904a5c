"""Whether a database is the one that the tracker knows by a name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.tracker.identity import same_database
from migsafe.tracker.reading import read_target

if TYPE_CHECKING:
    from migsafe.model.state import TargetName
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store


def known_as_another(ledger: Ledger, where: TargetName, identity: str | None, store: Store | None = None) -> str | None:
    """The identity of the database that the tracker knows by that name, where it is another one; else None.

    Args:
        identity: of the database at hand; None where nobody could look.
        store: a database that is seen first is known by its identity ever after; without it nothing is written.
    """
    known = read_target(ledger, where)
    if known is None or identity is None:
        return None
    if known.identity is None:
        if store is not None:
            store.put_target(where.environment, replace(known, identity=identity))
        return None
    return None if same_database(known.identity, identity) else known.identity
