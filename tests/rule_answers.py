"""What one rule says of one text of SQL: for what a fixture cannot say."""

from __future__ import annotations

from collections.abc import Sequence

from migsafe.lint.engine import ReadMigration, Settings, lint
from migsafe.model.dialect import ASSUMED_SERVER, Dialect, ServerVersion
from migsafe.model.finding import Finding
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.rules import RULES


def answers(
    rule: str,
    sql: str,
    *,
    before: Sequence[str] = (),
    dialect: Dialect = Dialect.POSTGRES,
    server: int | None = None,
    transaction: bool = True,
) -> list[Finding]:
    """The findings of one rule on the last of some migrations, at any severity.

    Args:
        rule: its name.
        sql: the migration that is judged.
        before: the migrations before it, in order.
        dialect: of all of them.
        server: the server's major version; the oldest supported one when None.
        transaction: whether the tool wraps each migration.
    """
    wraps = TransactionRule.TOOL if transaction else TransactionRule.NONE
    settings = Settings(dialect=dialect, server=ServerVersion(server, "given") if server else ASSUMED_SERVER)
    migrations = [_migration(str(number), text, dialect, wraps) for number, text in enumerate((*before, sql))]
    found = lint(migrations, [RULES[rule]], settings).findings
    return [finding for finding in found if finding.migration == str(len(before))]


def _migration(name: str, text: str, dialect: Dialect, wraps: TransactionRule) -> ReadMigration:
    script = Script(Direction.UP, text, SourceText(f"{name}.sql", text), wraps, dialect)
    return ReadMigration(Migration(id=name, path=f"{name}.sql", up=script), up=read_script(script))
