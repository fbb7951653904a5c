"""Short cases in a test's own text: what the default rules say about the last of several migrations."""

from __future__ import annotations

from migsafe.lint.engine import ReadMigration, Settings, lint
from migsafe.model.dialect import ASSUMED_SERVER, Dialect, ServerVersion
from migsafe.model.finding import Finding, Severity
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.rules import RULES
from migsafe.rules.context import Surroundings


def findings(*migrations: str, dialect: str = "postgres", server: int | None = None) -> list[Finding]:
    """What the default rules say about the last migration; the tool runs each in a transaction."""
    settings = Settings(
        tool="plain",
        dialect=Dialect(dialect),
        server=ServerVersion(server, "given") if server else ASSUMED_SERVER,
        surroundings=Surroundings(runner_sets={"lock_timeout": None}),
    )
    rules = [rule for rule in RULES.values() if rule.descriptor.default]
    read = (_read(str(number), sql, settings.dialect) for number, sql in enumerate(migrations, 1))
    return [found for found in lint(read, rules, settings).findings if found.migration == str(len(migrations))]


def loud(*migrations: str, dialect: str = "postgres", server: int | None = None) -> set[str]:
    """The names of the rules that warn or refuse."""
    found = findings(*migrations, dialect=dialect, server=server)
    return {finding.rule for finding in found if finding.severity is not Severity.INFO}


def _read(number: str, sql: str, dialect: Dialect) -> ReadMigration:
    path = f"{number}.sql"
    script = Script(Direction.UP, sql, SourceText(path, sql), TransactionRule.TOOL, dialect)
    return ReadMigration(Migration(id=number, path=path, up=script), up=read_script(script))
