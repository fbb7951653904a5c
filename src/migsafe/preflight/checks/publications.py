"""Logical replication: subscribers do not follow DDL, and one that stops keeps the log until the disk is full."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.postgres.live_rows import Publication
from migsafe.preflight.case import Case, name_of
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.touched import Touched
from migsafe.preflight.words import some

PUBLISHED, SUBSCRIBED = "published-tables", "subscribed-tables"


def published(case: Case) -> Iterator[Reason]:
    """Additions go to subscribers first and drops last; a table that only the publisher has stops the apply worker."""
    for publication in case.live.publications:
        if case.touched is None:
            if publication.all_tables:
                yield _all_tables(publication)
            continue
        changed = _changed(publication, case, case.touched)
        if changed:
            yield _changes(publication, changed, case)


def _changed(publication: Publication, case: Case, touched: Touched) -> list[str]:
    """What subscribers must have too: tables that change their shape, and under FOR ALL TABLES also new ones."""
    relations = case.relations(touched.reshaped)
    changed = [
        str(name_of(one))
        for one in relations
        if one.kind in "rp" and (publication.all_tables or one.oid in publication.tables)
    ]
    return changed + (sorted(map(str, touched.made)) if publication.all_tables else [])


def _changes(publication: Publication, changed: list[str], case: Case) -> Reason:
    followed = any(slot.kind == "logical" and slot.database == case.live.server.database for slot in case.live.slots)
    everything = " (FOR ALL TABLES)" if publication.all_tables else ""
    if case.subscribers_ready:
        weight, after = Weight.NOTE, "subscribers are said to be ready"
    elif followed:
        weight, after = Weight.NO_GO, "a subscriber that lacks the change stops, and its slot keeps the log"
    else:
        weight, after = Weight.WARNING, "nobody has a slot for it here now"
    return Reason(
        check=PUBLISHED,
        weight=weight,
        text=f"{some(changed)}: published by {publication.name}{everything}; {after}",
        hint=None
        if case.subscribers_ready
        else "additions go to subscribers first, drops last; --subscribers-ready says that it is so",
        objects=tuple(changed),
    )


def _all_tables(publication: Publication) -> Reason:
    return Reason(
        check=PUBLISHED,
        weight=Weight.WARNING,
        text=f"the publication {publication.name} is FOR ALL TABLES: every new table must be at its subscribers first",
        objects=(publication.name,),
    )


def subscribed(case: Case) -> Iterator[Reason]:
    """Rows come into a subscribed table from elsewhere: its apply worker waits for locks like anybody."""
    for subscription in case.live.subscriptions:
        if not subscription.enabled:
            continue
        if case.touched is None:
            yield _subscription(subscription.name, "this database subscribes", ())
            continue
        filled = [str(name_of(one)) for one in case.relations(case.touched.strong) if one.oid in subscription.tables]
        if filled:
            yield _subscription(subscription.name, f"{some(filled)}: filled", tuple(filled))


def _subscription(name: str, what: str, objects: tuple[str, ...]) -> Reason:
    return Reason(
        check=SUBSCRIBED,
        weight=Weight.WARNING,
        text=f"{what} by the subscription {name}: its worker waits while a table is locked, "
        "and the publisher keeps the log",
        hint="a column that goes away must not be sent any more",
        objects=objects or (name,),
    )
