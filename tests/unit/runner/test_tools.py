"""Which tool runs a layout, and what is known of a migration that was cut off."""

from __future__ import annotations

import pytest

from migsafe.config import Config
from migsafe.model.dialect import Dialect
from migsafe.model.script import (
    Direction,
    Gap,
    Migration,
    MigrationSet,
    Script,
    SourceText,
    Span,
    TransactionRule,
)
from migsafe.postgres.connection import Timeouts
from migsafe.runner.driven_tools import rules_of
from migsafe.runner.tools import Left, ToolFailure, is_one_transaction, left_by, says_it_commits, tool_of

UP, DOWN = Direction.UP, Direction.DOWN


def script(
    text: str = "", *, source: str = "", rule: TransactionRule = TransactionRule.TOOL, gap: bool = False
) -> Script:
    gaps = (Gap(Span(0, 0), "KeyError"),) if gap else ()
    return Script(UP, text, SourceText("a.py", source), rule, Dialect.POSTGRES, rendered=True, gaps=gaps)


def layout(tool: str, *, rendered: bool = True, dialect: Dialect = Dialect.POSTGRES) -> MigrationSet:
    one = Script(UP, "", SourceText("a", ""), TransactionRule.TOOL, dialect, rendered=rendered)
    return MigrationSet(tool, "here", dialect, (Migration("a", "a", one),))


@pytest.mark.parametrize(
    ("project", "name"),
    [
        (layout("alembic"), "AlembicTool"),
        (layout("django"), "DjangoTool"),
        (layout("alembic", rendered=False), "NoneType"),
        (layout("flyway", rendered=False), "NoneType"),
        (layout("django", dialect=Dialect.SQLITE), "NoneType"),
    ],
)
def test_programs_are_run_by_their_tool_and_sql_by_nobody_else(project: MigrationSet, name: str) -> None:
    tool = tool_of(project, "nowhere", Config())
    assert type(tool).__name__ == name
    if tool is not None:
        assert tool.backend is None
        tool.cancel()
        tool.close()


@pytest.mark.parametrize(
    ("one", "whole"),
    [
        (script("ALTER TABLE t ADD a int;"), True),
        (script("COMMENT ON TABLE t IS 'COMMIT'"), True),
        (script("INSERT INTO t VALUES (1);\nCOMMIT;\nBEGIN;"), False),
        (script(source="with op.get_context().autocommit_block():"), False),
        (script(rule=TransactionRule.NONE), False),
        (script(source="def upgrade(): ...", gap=True), False),
        (script(source="class Migration(migrations.Migration): ...", gap=True), True),
    ],
)
def test_what_surely_is_one_transaction(one: Script, whole: bool) -> None:
    migration = Migration("a", "a.py", one)
    assert is_one_transaction(migration, UP) is whole
    assert left_by(migration, UP, frozenset()) is (Left.NOTHING if whole else Left.UNKNOWN)
    assert left_by(migration, UP, frozenset("a")) is Left.ALL
    assert says_it_commits(migration, UP) is not (whole or bool(one.gaps))


def test_a_way_back_that_does_not_exist_is_nothing_sure() -> None:
    migration = Migration("a", "a.py", script())
    assert left_by(migration, DOWN, frozenset("a")) is Left.UNKNOWN
    assert left_by(migration, DOWN, frozenset()) is Left.ALL


@pytest.mark.parametrize(
    ("left", "whole", "sqlstate", "retriable"),
    [
        (Left.NOTHING, True, "55P03", True),
        (Left.NOTHING, True, "40001", True),
        (Left.NOTHING, True, "42P01", False),
        (Left.NOTHING, True, None, False),
        (Left.NOTHING, False, "55P03", False),
        (Left.UNKNOWN, True, "55P03", False),
        (Left.ALL, True, "55P03", False),
    ],
)
def test_only_what_left_nothing_is_tried_again(left: Left, whole: bool, sqlstate: str | None, retriable: bool) -> None:
    failure = ToolFailure(1, "no", sqlstate, None, None, at_end=False, left=left, whole=whole, output="")
    assert failure.retriable is retriable


def test_the_rules_of_a_session_are_one_statement() -> None:
    assert rules_of(Timeouts(lock=5, statement=0)) == (
        "select pg_catalog.set_config('application_name', 'migsafe', false), "
        "pg_catalog.set_config('row_security', 'off', false), "
        "pg_catalog.set_config('lock_timeout', '5ms', false), "
        "pg_catalog.set_config('statement_timeout', '0ms', false)"
    )
