"""What a statement rewrites when the session's TimeZone is another one.

`timestamp` → `timestamptz` keeps the bytes in UTC and rewrites the table everywhere else (observed on 14 to 18; manual,
ALTER TABLE, "Notes"). A shadow runs in UTC as servers in containers do, and production may not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.evidence import ZoneTrial
from migsafe.postgres.connection import StatementFailedError
from migsafe.shadow.relations import Changes

if TYPE_CHECKING:
    from collections.abc import Set

    from migsafe.postgres.connection import Session
    from migsafe.shadow.look import Eye

UTC = "UTC"
#: Any zone that is never at UTC does.
WITH_OFFSET = "America/New_York"

_SAVEPOINT = "migsafe_zone"


def try_in_zones(session: Session, statement: str, eye: Eye, existing: Set[int]) -> tuple[ZoneTrial, ...]:
    """Run a statement once per zone inside of the open transaction, and take each run back.

    Args:
        session: in a transaction.
        eye: looks at the session's database.
        existing: the relations that count, by oid.

    Returns:
        What was rewritten in each zone; a zone in which the server refuses the statement is left out.
    """
    relations = {oid: relation for oid, relation in eye.look().relations.items() if oid in existing}
    trials = []
    for zone in (UTC, WITH_OFFSET):
        session.execute(f"savepoint {_SAVEPOINT}")
        try:
            session.query("select set_config('TimeZone', %s, true)", (zone,))
            session.execute(statement)
            changes = Changes(relations, eye.look().relations)
            trials.append(ZoneTrial(zone, tuple(sorted(relation.name for relation in changes.rewritten))))
        except StatementFailedError:
            pass  # the run that counts comes next, and is refused for the same reason
        finally:
            session.execute(f"rollback to savepoint {_SAVEPOINT}; release savepoint {_SAVEPOINT}")
    return tuple(trials)
