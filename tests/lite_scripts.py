"""SQLite scripts and migrations for tests of the shadow."""

from __future__ import annotations

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.model.statement import ReadScript
from migsafe.parse import read_script
from migsafe.shadow.migration import ShadowMigration
from migsafe.sqlite.connection import Database


def script(
    text: str, direction: Direction = Direction.UP, transaction: TransactionRule = TransactionRule.TOOL
) -> ReadScript:
    """A script that was read."""
    source = SourceText(f"{direction}.sql", text)
    return read_script(Script(direction, text, source, transaction, Dialect.SQLITE))


def migration(
    up: str, down: str | None = None, *, name: str = "m1", transaction: TransactionRule = TransactionRule.TOOL
) -> ShadowMigration:
    """A migration that was read."""
    back = None if down is None else script(down, Direction.DOWN, transaction)
    return ShadowMigration(name, name, script(up, Direction.UP, transaction), back)


def database(sql: str = "") -> Database:
    """A database that holds what a script makes."""
    made = Database.open()
    made.run_script(sql)
    return made
