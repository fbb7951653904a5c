"""What plans say of locks and of the way back, in one wording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.plan.sql import safe_name

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName

BOTH = "old and new code"
NEW_ONLY = "new code only"

#: Days that the state before a purge must have lasted: a week and the month's end jobs do not fit into less.
COLUMN_HOLD_DAYS = 14
TABLE_HOLD_DAYS = 35

#: Columns and tables in quarantine.
QUARANTINE = "_migsafe_q"


def exclusive(*tables: QualifiedName) -> str:
    """ACCESS EXCLUSIVE: nobody reads or writes, but it is over at once (manual 13.3 "Explicit Locking")."""
    return f"ACCESS EXCLUSIVE on {_and(tables)}, for a moment"


def no_writers(*tables: QualifiedName) -> str:
    """SHARE ROW EXCLUSIVE: nobody writes, but it is over at once."""
    return f"SHARE ROW EXCLUSIVE on {_and(tables)}, for a moment"


def beside_writers(*tables: QualifiedName) -> str:
    """SHARE UPDATE EXCLUSIVE: reads and writes go on; VALIDATE, CREATE INDEX CONCURRENTLY, ANALYZE."""
    return f"SHARE UPDATE EXCLUSIVE on {_and(tables)}, while it reads the table"


def row_locks(table: QualifiedName) -> str:
    """What a batch takes."""
    return f"ROW EXCLUSIVE on {table}, and the rows of one batch"


def quarantined(name: str) -> str:
    """What a column or table is called while it is in quarantine."""
    return safe_name(QUARANTINE, name)


def _and(tables: tuple[QualifiedName, ...]) -> str:
    return " and ".join(map(str, tables))
