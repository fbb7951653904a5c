"""The table that a backfill goes over, as the server has it: key, partitions, and who listens to what is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.backfill.task import BackfillRefusedError
from migsafe.postgres.keyset import Keyset
from migsafe.postgres.queries import query

if TYPE_CHECKING:
    from migsafe.model.plan import Backfill
    from migsafe.postgres.connection import Session

_FILE = "backfill.sql"
#: Bits of `pg_trigger.tgtype` (src/include/catalog/pg_trigger.h): what a row's trigger fires for.
_ON_UPDATE = 16
#: A row as it may be, in bytes, where nobody has counted: an estimate that is rather too high.
_ROW_BYTES = 60


@dataclass(frozen=True, slots=True)
class Leaf:
    """A table that holds rows.

    Attributes:
        rows: about how many.
    """

    oid: int
    name: tuple[str, str]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The table.

    Attributes:
        leaves: in which its rows are: its partitions in order, or itself.
        triggers: the users' own that a written row fires, each with its function.
        publications: that tell subscribers of what is written.
    """

    oid: int
    name: tuple[str, str]
    columns: tuple[str, ...]
    types: tuple[str, ...]
    leaves: tuple[Leaf, ...]
    triggers: tuple[str, ...] = ()
    publications: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """About how many there are."""
        return sum(leaf.rows for leaf in self.leaves)

    @property
    def oids(self) -> list[int]:
        """The table and its partitions."""
        return sorted({self.oid, *(leaf.oid for leaf in self.leaves)})

    def keyset(self, table: tuple[str, str]) -> Keyset:
        """The key, on the table itself or on a partition of it."""
        return Keyset(table, self.columns, self.types)


def survey(session: Session, backfill: Backfill) -> Ground:
    """Look at the table, and make sure that a backfill can go over it.

    Raises:
        BackfillRefusedError: when it cannot.
        StatementFailedError: when the server refuses to tell.
    """
    shown = str(backfill.table)
    rows = session.query(query("table", _FILE), (shown,))
    if not rows:
        raise BackfillRefusedError(f"there is no table {shown}", hint="has the expand step of this change run here?")
    oid, schema, name, kind, estimate, size, policed, reads, writes = rows[0]
    _refuse_role(shown, policed=policed, may=reads and (writes or backfill.insert is not None))
    types = _key_types(session, backfill, oid)
    leaves = [Leaf(oid, (schema, name), _estimate(estimate, size))]
    # A statement of a plan names the table itself; the partitions are gone over one by one where it is an UPDATE.
    if kind == "p":
        found = session.query(query("leaves", _FILE), (oid,))
        parts = [Leaf(row[0], (row[1], row[2]), _estimate(row[4], row[5])) for row in found if row[3] == "r"]
        whole = [Leaf(oid, (schema, name), sum(part.rows for part in parts))]
        leaves = parts if backfill.insert is None else whole
    fired = session.query(query("row_triggers", _FILE), (oid, _ON_UPDATE)) if backfill.insert is None else []
    return Ground(
        oid=oid,
        name=(schema, name),
        columns=backfill.key,
        types=types,
        leaves=tuple(leaves),
        triggers=tuple(f"{trigger} ({function})" for trigger, function in fired),
        publications=tuple(row[0] for row in session.query(query("published_by", _FILE), (schema, name))),
    )


def _refuse_role(shown: str, *, policed: bool, may: bool) -> None:
    if policed:
        raise BackfillRefusedError(
            f"row-level security hides rows of {shown} from this role, and what is hidden would stay unwritten",
            hint="a role with BYPASSRLS",
        )
    if not may:
        raise BackfillRefusedError(f"this role may not read and write {shown}", hint=f"GRANT SELECT, UPDATE ON {shown}")


def _key_types(session: Session, backfill: Backfill, oid: int) -> tuple[str, ...]:
    shown = f"{backfill.table} ({', '.join(backfill.key)})"
    rows = session.query(query("key_columns", _FILE), (list(backfill.key), oid))
    if len(rows) != len(backfill.key):
        missing = sorted(set(backfill.key) - {row[0] for row in rows})
        raise BackfillRefusedError(f"{backfill.table} has no column {', '.join(missing)}, of which its key is made")
    nullable = [row[0] for row in rows if not row[2]]
    if nullable:
        raise BackfillRefusedError(f"{shown} is no key to go along: {', '.join(nullable)} may be NULL")
    if not session.query(query("has_unique_index", _FILE), (oid, list(backfill.key)))[0][0]:
        raise BackfillRefusedError(
            f"{shown} is no key to go along: no unique index has these columns in this order",
            hint="CREATE UNIQUE INDEX CONCURRENTLY on them",
        )
    return tuple(row[1] for row in rows)


def _estimate(reltuples: float, size: int) -> int:
    """About how many rows; by the size where nobody has counted."""
    return round(reltuples) if reltuples >= 0 else size // _ROW_BYTES
