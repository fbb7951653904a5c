"""Tables of publications: what subscribers must have first, or the plan is refused.

Logical replication carries rows and no DDL (manual 29.8 "Restrictions" of PostgreSQL 18; 31.6 in 15). A row for a table
or column that a subscriber does not have stops its apply worker; its slot then keeps WAL until the disk is full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.plan import Check
from migsafe.plan.recipe import PlanRefusedError
from migsafe.plan.sql import regclass

if TYPE_CHECKING:
    from migsafe.model.catalogue import Catalogue
    from migsafe.plan.targets import TableTarget

#: What the argument of recipes means that stop subscribers which are not prepared.
SUBSCRIBERS_HELP = "The subscribers of the table's publications are prepared for it."


def publications_of(on: TableTarget, catalogue: Catalogue) -> tuple[str, ...]:
    """Publications that carry a table, as far as the migrations say."""
    members = catalogue.publications.items()
    return tuple(sorted(name for name, tables in members if tables is None or on.table.name in tables))


def published_promises(on: TableTarget, catalogue: Catalogue, what: str, *, ready: bool) -> tuple[str, ...]:
    """What must be true of a published table's subscribers.

    Args:
        what: what subscribers must do first, as in "rename the table too".
        ready: the user says that they are prepared.

    Raises:
        PlanRefusedError: when the table is published and they are not.
    """
    names = publications_of(on, catalogue)
    if not names:
        return ()
    if not ready:
        raise PlanRefusedError(
            f"{on.name} is published by {', '.join(names)}, whose subscribers would stop",
            hint=f"{what} on every subscriber first, and then say --subscribers-ready",
        )
    return (f"the subscribers of {', '.join(names)} are prepared: {what} on each of them first",)


def not_published(on: TableTarget, *, ready: bool) -> tuple[Check, ...]:
    """Whether no publication of the database carries a table, also one that no migration has made."""
    if ready:
        return ()
    return (
        Check(
            name=f"{on.name} is in no publication",
            sql="SELECT count(*) FROM pg_publication_tables"
            f" WHERE format('%I.%I', schemaname, tablename)::regclass = {regclass(on.name)}",
        ),
    )
