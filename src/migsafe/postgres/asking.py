"""What the query of a check gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session


def observe(session: Session, sql: str) -> str:
    """The one value of a query, as text; `NULL` where it is null, or there is no row.

    Raises:
        StatementFailedError: when the server refuses the query, or it gives several rows or columns.
    """
    ((value,),) = session.query(f"select ({sql.strip().removesuffix(';')})::text")
    return "NULL" if value is None else str(value)
