"""Walks and runs over a few lines of SQL."""

from __future__ import annotations

from migsafe.lint.engine import Outcome, ReadMigration, Settings, lint
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import ASSUMED_SERVER, Dialect
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.rules import RULES
from migsafe.rules.context import Surroundings
from migsafe.rules.walk import ScriptWalk


def script(
    sql: str,
    *,
    transaction: TransactionRule = TransactionRule.TOOL,
    direction: Direction = Direction.UP,
    path: str = "m.sql",
) -> Script:
    return Script(direction, sql, SourceText(path, sql), transaction, Dialect.POSTGRES)


def walk(
    sql: str, *, transaction: TransactionRule = TransactionRule.TOOL, catalogue: Catalogue | None = None
) -> ScriptWalk:
    return ScriptWalk(
        read_script(script(sql, transaction=transaction)),
        migration="m",
        catalogue=catalogue or Catalogue(),
        server=ASSUMED_SERVER,
        surroundings=Surroundings(),
    )


def migration(
    sql: str, *, id: str = "m", down: str | None = None, transaction: TransactionRule = TransactionRule.TOOL
) -> ReadMigration:
    up = script(sql, transaction=transaction, path=f"{id}.sql")
    back = script(down, transaction=transaction, direction=Direction.DOWN, path=f"{id}.down.sql") if down else None
    return ReadMigration(
        Migration(id=id, path=f"{id}.sql", up=up, down=back),
        up=read_script(up),
        down=read_script(back) if back is not None else None,
    )


def run(*migrations: ReadMigration, names: tuple[str, ...] = (), settings: Settings | None = None) -> Outcome:
    """Run the named rules, or all default ones."""
    rules = [rule for rule in RULES.values() if (rule.name in names if names else rule.descriptor.default)]
    return lint(migrations, rules, settings or Settings())
