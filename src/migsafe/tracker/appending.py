"""Putting events at the end of the chain; by whom, from where and when is the database's word where it knows that.

Postgres seals them in functions of the tables' owner, so that nobody needs the right to insert one. SQLite knows
neither roles nor addresses; there they are sealed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from migsafe.tracker import tables as t
from migsafe.tracker.columns import spell_moment
from migsafe.tracker.events import event_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from migsafe.tracker.facts import Author
    from migsafe.tracker.ledger import Ledger

#: What `migsafe_append` takes, each as an array.
_SENT = ("kind", "subject", "environment", "detail")


def append_events(ledger: Ledger, author: Author, now: datetime, events: Sequence[Mapping[str, Any]]) -> None:
    """Append events, in a transaction that has the writers' turn.

    Args:
        now: when they are recorded; in Postgres the server's clock says that.
        events: kind, subject, environment and detail of each.
    """
    if ledger.is_postgres:
        sent = [sa.cast([event[name] for event in events], sa.ARRAY(sa.Text)) for name in _SENT]
        ledger.call("migsafe_append", sa.cast(author.actor, sa.Text), *sent)
    else:
        ledger.insert(t.event, _sealed(ledger, author, now, events))


def _sealed(
    ledger: Ledger, author: Author, now: datetime, events: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    last, head = ledger.last_event()
    rows = []
    for seq, facts in enumerate(events, start=last + 1):
        sealed = {"seq": seq, "at": spell_moment(now), "actor": author.actor, "role": "", **facts}
        sha = event_hash(**sealed, previous=head)
        rows.append(_row(sealed, now, head, sha))
        head = sha
    return rows


def _row(sealed: Mapping[str, Any], at: datetime, previous: str, sha: str) -> dict[str, Any]:
    columns = {"role": "db_role", "environment": "env"}
    row = {columns.get(name, name): value for name, value in sealed.items()}
    return {**row, "at": at, "prev_sha": previous, "sha": sha}
