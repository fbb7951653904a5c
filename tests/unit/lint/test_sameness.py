"""What may change in a released file, and what may not."""

from __future__ import annotations

import pytest

from migsafe.lint.sameness import says_the_same
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule

_SQL = "-- people\nCREATE TABLE users (id int);\nCREATE INDEX i ON users (id);\n"
_GOOSE = "-- +goose Up\nCREATE TABLE a (id int);\n-- +goose Down\nDROP TABLE a;\n"
_PYTHON = '"""Add."""\nfrom alembic import op\n\ndef upgrade():\n    """Up."""\n    op.drop_table("a")  # gone\n'


def _same(now: str, before: str, name: str = "1.sql") -> bool:
    script = Script(Direction.UP, now, SourceText(name, now), TransactionRule.TOOL, Dialect.POSTGRES)
    return says_the_same(script, before)


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (_SQL, _SQL),
        (_SQL, _SQL.removeprefix("-- people\n")),
        (_SQL, _SQL.replace("\n", "\r\n")),
        (_SQL, _SQL.replace(" (id", "\n    (id")),
        ("SELECT  -- it's\n /* one */ 1;", "select 1;"),
        (_GOOSE, _GOOSE.replace("\n", "\r\n")),
        (_GOOSE, _GOOSE.replace("+goose", " +goose")),
        (_GOOSE, "-- made by hand\n" + _GOOSE),
    ],
)
def test_comments_and_layout_may_change(now: str, before: str) -> None:
    assert _same(now, before)


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (_SQL, _SQL.replace("int", "bigint")),
        (_SQL, _SQL + "DROP TABLE users;"),
        (_SQL, "".join(reversed(_SQL.splitlines(keepends=True)))),
        ("SELECT 'a  b';", "SELECT 'a b';"),
        ("SELECT 'Admin';", "SELECT 'admin';"),
        ('SELECT "Name" FROM t;', 'SELECT "name" FROM t;'),
        ("SELECT $$a  b$$;", "SELECT $$a b$$;"),
        (_GOOSE, _GOOSE.replace("-- +goose Down\n", "")),
        (_GOOSE, _GOOSE.replace("-- +goose Up", "-- +goose NO TRANSACTION\n-- +goose Up")),
        ("-- migrate:up\nSELECT 1;\n-- migrate:down", "-- migrate:up\n-- migrate:down\nSELECT 1;"),
    ],
)
def test_statements_and_the_marks_of_tools_may_not(now: str, before: str) -> None:
    assert not _same(now, before)


@pytest.mark.parametrize(
    "before",
    [
        _PYTHON.replace("  # gone", ""),
        _PYTHON.replace('"""Add."""\n', ""),
        _PYTHON.replace('    """Up."""\n', ""),
        _PYTHON.replace('"a"', "'a'"),
    ],
)
def test_a_program_may_be_written_otherwise(before: str) -> None:
    assert _same(_PYTHON, before, "1.py")


@pytest.mark.parametrize(
    "before",
    [_PYTHON.replace('"a"', '"b"'), _PYTHON.replace("drop_table", "create_table"), _PYTHON.replace("def", "deaf")],
)
def test_a_program_may_not_do_something_else(before: str) -> None:
    assert not _same(_PYTHON, before, "1.py")
