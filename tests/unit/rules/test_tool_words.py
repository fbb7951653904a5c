from __future__ import annotations

import ast

import pytest

from migsafe.rules.tool_words import in_words_of
from migsafe.rules.wording import LATER_MIGRATION, OUTSIDE_TRANSACTION, recipe

INDEX = "CREATE INDEX CONCURRENTLY i ON t (a);"


def test_sql_tools_keep_sql() -> None:
    assert in_words_of("goose", recipe(OUTSIDE_TRANSACTION, INDEX)) == recipe(OUTSIDE_TRANSACTION, INDEX)


def test_alembic_runs_it_in_an_autocommit_block() -> None:
    assert in_words_of("alembic", recipe(OUTSIDE_TRANSACTION, INDEX)) == (
        'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX CONCURRENTLY i ON t (a)")'
    )


def test_django_runs_it_in_a_migration_that_is_not_atomic() -> None:
    assert in_words_of("django", recipe(OUTSIDE_TRANSACTION, INDEX)) == (
        '# in a migration with atomic = False:\nmigrations.RunSQL("CREATE INDEX CONCURRENTLY i ON t (a)")'
    )


def test_steps_of_later_migrations_stand_outside_of_the_block() -> None:
    text = in_words_of(
        "alembic", recipe(OUTSIDE_TRANSACTION, INDEX, LATER_MIGRATION, "ALTER TABLE t VALIDATE CONSTRAINT c;")
    )
    assert text.split("\n")[2:] == ["# later migration:", 'op.execute("ALTER TABLE t VALIDATE CONSTRAINT c")']


@pytest.mark.parametrize(
    "sql",
    [
        'ALTER TABLE "order" DROP COLUMN "a"',
        "UPDATE t\n   SET a = 'x'\n WHERE b",
        r"SELECT 'a\d'",
        'COMMENT ON TABLE t IS \'"""\'',
    ],
)
def test_what_is_written_is_python_that_says_the_same_sql(sql: str) -> None:
    call = ast.parse(in_words_of("alembic", f"{sql};"), mode="eval").body
    assert isinstance(call, ast.Call)
    assert ast.literal_eval(call.args[0]).strip() == sql


def test_a_remark_behind_a_statement_becomes_a_remark() -> None:
    text = in_words_of("alembic", "SET LOCAL lock_timeout = '2s';  -- before it; or\n[tool.migsafe]")
    assert text == "op.execute(\"SET LOCAL lock_timeout = '2s'\")  # before it; or\n[tool.migsafe]"


def test_words_stay_words() -> None:
    assert in_words_of("django", "add the table first") == "add the table first"


def test_what_is_done_outside_of_the_migration_stays_sql() -> None:
    text = recipe("ALTER TABLE t ADD a int;", "-- in batches outside of the migration:", "UPDATE t", "   SET a = 1;")
    assert in_words_of("alembic", text).split("\n") == [
        'op.execute("ALTER TABLE t ADD a int")',
        "-- in batches outside of the migration:",
        "UPDATE t",
        "   SET a = 1;",
    ]
