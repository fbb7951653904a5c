from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Position, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.sources.rendering.scripts import PythonFile, build_script

FILE = dedent(
    '''\
    """Revision."""
    def helper():
        op.execute("ANALYZE users")

    def upgrade():
        # migsafe: ignore drop-column reason="never deployed"
        op.drop_column("users", "ä")
        op.create_index(
            "i",
            "users",
            ["a"],  # migsafe: ignore create-index-blocking reason="ten rows"
        )
        with op.batch_alter_table("users") as batch:
            batch.drop_column("b")

    def downgrade():
        op.drop_index("i")  # migsafe: ignore drop-index reason="it is small"
    '''
)


def _script(
    *statements: tuple[str, int, int],
    file: str = FILE,
    direction: str = "up",
    gap: dict[str, Any] | None = None,
    transaction: TransactionRule | None = None,
) -> Script:
    rendered: Any = {
        "say": "script",
        "migration": "a1",
        "direction": direction,
        "path": "/x/a1.py",
        "transaction": "tool",
        "statements": [{"sql": sql, "line": line, "column": column} for sql, line, column in statements],
        "gap": gap,
        "database": None,
        "dialect": None,
    }
    return build_script(rendered, PythonFile(SourceText("a1.py", file)), Dialect.POSTGRES, transaction)


def _places(script: Script) -> list[tuple[str, Position]]:
    return [(statement.text, script.position(statement.span.start)) for statement in read_script(script).statements]


def test_statements_stand_where_their_operations_do() -> None:
    script = _script(("ALTER TABLE users DROP COLUMN a", 7, 5), ("CREATE INDEX i ON users (a);\n", 8, 5))
    assert _places(script) == [
        ("ALTER TABLE users DROP COLUMN a", Position(7, 5)),
        ("CREATE INDEX i ON users (a)", Position(8, 5)),
    ]


def test_a_comment_at_a_statement_s_end_does_not_swallow_the_next_one() -> None:
    script = _script(("SELECT 1 -- why", 7, 5), ("SELECT 2", 8, 5))
    assert [text for text, _ in _places(script)] == ["SELECT 1", "SELECT 2"]


def test_empty_statements_leave_no_trace() -> None:
    assert _script((" ;\n", 7, 5)).text.count(";") == 0


@pytest.mark.parametrize(
    ("line", "ignored"),
    [(7, "drop-column"), (8, "create-index-blocking"), (13, None), (14, None)],
)
def test_an_ignore_belongs_to_the_operation_on_its_line_or_below_it(line: int, ignored: str | None) -> None:
    (statement,) = read_script(_script(("SELECT 1", line, 5))).statements
    assert [comment.text.split()[2] for comment in statement.comments] == ([ignored] if ignored else [])


def test_an_ignore_stands_at_its_own_place() -> None:
    script = _script(("SELECT 1", 7, 5))
    (comment,) = read_script(script).statements[0].comments
    assert script.position(comment.span.start) == Position(6, 5)


def test_a_way_back_has_the_ignores_of_its_own_function() -> None:
    up = read_script(_script(("SELECT 1", 7, 5)))
    down = read_script(_script(("SELECT 1", 17, 5), direction="down"))
    assert not any("drop-index" in comment.text for comment in up.comments)
    assert [comment.text.split()[2] for comment in down.comments] == ["drop-index"]


def test_ignores_without_a_statement_come_last_so_that_they_can_be_told() -> None:
    script = read_script(_script())
    assert [comment.text.split()[2] for comment in script.comments] == ["drop-column", "create-index-blocking"]


def test_a_gap_stands_where_the_rendering_broke_off() -> None:
    script = _script(("SELECT 1", 7, 5), gap={"line": 8, "column": 5, "reason": "KeyError: 'x'"})
    (gap,) = script.gaps
    assert gap.reason == "KeyError: 'x'"
    assert script.position(gap.span.start) == Position(8, 5)
    assert _places(script) == [("SELECT 1", Position(7, 5))]


def test_columns_count_code_points() -> None:
    script = _script(("SELECT 1", 1, 6), file='"ä"; op.execute("x")\n')
    assert script.source.text[script.source_offset(0) :] == 'op.execute("x")\n'


def test_what_the_user_says_of_transactions_wins() -> None:
    assert _script().transaction is TransactionRule.TOOL
    assert _script(transaction=TransactionRule.NONE).transaction is TransactionRule.NONE


def test_a_file_that_is_no_python_keeps_the_ignores_before_the_error() -> None:
    script = _script(("SELECT 1", 2, 1), file='# migsafe: ignore drop-table reason="x"\nop.execute(\n')
    assert "drop-table" in script.text


def test_the_direction_is_kept() -> None:
    assert _script(direction="down").direction is Direction.DOWN


@pytest.mark.parametrize(
    "file",
    [
        '# migsafe: irreversible reason="gone"\ndef upgrade():\n    pass\n\ndef downgrade():\n    pass\n',
        'def upgrade():\n    pass\n\ndef downgrade():\n    # migsafe: irreversible reason="gone"\n    pass\n',
        'def upgrade():\n    pass  # migsafe: irreversible reason="gone"\n',
    ],
)
@pytest.mark.parametrize("direction", ["up", "down"])
def test_the_marker_of_a_migration_without_a_way_back_is_in_both_directions(file: str, direction: str) -> None:
    script = read_script(_script(("SELECT 1", 2, 5), file=file, direction=direction))
    comments = [*script.comments, *script.statements[0].comments]
    assert {comment.text.strip() for comment in comments} == {'migsafe: irreversible reason="gone"'}
