"""Scripts and schemas of MySQL for tests of its shadow."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.shadow.maria.execution import run_script
from migsafe.shadow.migration import ShadowMigration

if TYPE_CHECKING:
    from migsafe.model.statement import ReadScript
    from migsafe.mysql.connection import Session
    from migsafe.shadow.maria.choice import SchemaServer

_numbers = count()


def read(
    sql: str,
    *,
    direction: Direction = Direction.UP,
    rule: TransactionRule = TransactionRule.TOOL,
    rendered: bool = False,
) -> ReadScript:
    """A script of one's own, as its tool sends it."""
    source = SourceText(f"m.{direction}.sql", sql)
    return read_script(Script(direction, sql, source, rule, Dialect.MYSQL, rendered=rendered))


def migration(up: str, down: str | None = None, *, wanted: bool = True) -> ShadowMigration:
    """A migration of one's own."""
    way_back = None if down is None else read(down, direction=Direction.DOWN)
    return ShadowMigration("m", "m.up.sql", read(up), way_back, wanted=wanted)


def build(server: SchemaServer, sql: str) -> str:
    """A schema that SQL makes; gives its name."""
    name = f"test_{next(_numbers)}"
    server.create_schema(name)
    with server.connect(name) as session:
        run(session, sql)
    return name


def run(session: Session, sql: str) -> None:
    """Run statements, which must succeed."""
    failure = run_script(session, read(sql, rule=TransactionRule.NONE))
    assert failure is None, failure.message
