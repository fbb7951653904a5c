"""Changes of tables that the server refuses to do online: `ALGORITHM=INPLACE, LOCK=NONE`, tried on an empty copy.

Whether a change can be done in place depends on the definition of the table, and not on its rows (MySQL 8.4 manual,
17.12.1 "Online DDL Operations"; MariaDB documentation, "InnoDB Online DDL Operations with the INPLACE Alter
Algorithm"). A new name alone is refused too, but takes no time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from migsafe.model.operation import CreateIndex, RenameTable
from migsafe.mysql.connection import StatementRefusedError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from migsafe.model.statement import Statement
    from migsafe.mysql.connection import Session
    from migsafe.shadow.maria.choice import SchemaServer

#: ER_ALTER_OPERATION_NOT_SUPPORTED and its sister with a reason.
_REFUSED = frozenset({1845, 1846})

_ALTER_TABLE = re.compile(r"ALTER\s+(?:ONLINE\s+|IGNORE\s+)*TABLE\b", re.IGNORECASE)
_SAYS_IT_ITSELF = re.compile(
    r"\b(?:ALGORITHM|LOCK)\s*=?\s*(?:INPLACE|INSTANT|COPY|NOCOPY|NONE|SHARED|EXCLUSIVE)\b", re.I
)
_REASON = re.compile(r"Reason: (?P<reason>.*?)\.? Try ")

_numbers = count()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement that is not done online.

    Attributes:
        copies: the server copies the table, and takes no writes meanwhile; else it only takes no writes.
        reason: in the server's words; empty where it gives none.
    """

    statement: Statement
    table: str
    copies: bool
    reason: str


class OnlineProbe:
    """Looks on while a script runs, and tries each change of a table that was there before it.

    Attributes:
        refusals: those that were seen, in order.
    """

    def __init__(self, server: SchemaServer, tables: AbstractSet[str]) -> None:
        """
        Args:
            tables: those that were there before the script; nobody waits for a table that it makes itself.
        """
        self.refusals: list[Refusal] = []
        self._server = server
        self._tables = {name.lower() for name in tables}

    def __call__(self, session: Session, statement: Statement) -> None:
        """Try a statement, if it changes a table; the session is on the same schema again afterwards."""
        table, suffix = _tried(statement)
        if table is None or table.lower() not in self._tables or _SAYS_IT_ITSELF.search(statement.text):
            return
        error = self._try(session, table, f"{statement.text}{suffix}")
        if error is not None and error.code in _REFUSED:
            reason = _REASON.search(error.message)
            copies = "ALGORITHM=INPLACE" in error.message
            self.refusals.append(Refusal(statement, table, copies, reason["reason"] if reason else ""))

    def _try(self, session: Session, table: str, sql: str) -> StatementRefusedError | None:
        """In the session itself: what it has set decides too (foreign_key_checks)."""
        assert session.schema is not None
        name = f"online_{next(_numbers)}"
        probe = self._server.create_schema(name)
        try:
            definition = session.query("show create table {table}", table=table)[0][1]
            session.query("use {schema}", schema=probe)
            ((checks,),) = session.query("select @@foreign_key_checks")
            session.execute("set session foreign_key_checks = 0")
            session.execute(definition)
            session.query("set session foreign_key_checks = %s", (checks,))
            session.execute(sql)
        except StatementRefusedError as error:
            return error
        finally:
            self._leave(session, name)
        return None

    def _leave(self, session: Session, name: str) -> None:
        assert session.schema is not None
        session.query("use {schema}", schema=session.schema)
        self._server.drop_schema(name)


def _tried(statement: Statement) -> tuple[str | None, str]:
    """The table that a statement changes, and what is put behind the statement; None for any other statement."""
    suffix = "algorithm=inplace lock=none"
    if all(isinstance(operation, RenameTable) for operation in statement.operations):
        return None, ""
    for operation in statement.operations:
        table = getattr(operation, "table", None)
        name = getattr(table, "name", None)
        if isinstance(name, str) and _ALTER_TABLE.match(statement.text):
            return name, f"\n, {suffix.replace(' ', ', ')}"
        if isinstance(operation, CreateIndex):
            return name, f"\n{suffix}"
    return None, ""
